"""Text from outside inside GitHub's Markdown: nothing in it may become markup, a link or a mention.

What is not explicitly ``Markdown`` is escaped by the template engine (``finalize``), so forgetting to
escape shows as visible backslashes, not as an injection.
"""

from __future__ import annotations

import re

# Always markup; a list, a heading or a rule at the start; an emoji or an address behind a colon; an address.
_MARKUP = re.compile(r"([\\`*_\[\]|~$]|^[-+=#]|(?<=\d)[.)](?= |$)|:(?=\S)|(?<=www)\.)", re.IGNORECASE)
_CODE_UNSAFE = re.compile(r"[`|\\]")
_ENTITY = re.compile(r"[&<>\"'\\`*_\[\]()!|~:/#@$.]")
_MENTION = re.compile(r"([@#]|GH-)(?=\w)", re.IGNORECASE)
_APART = "\N{ZERO WIDTH SPACE}"
_LEAST_FENCE = 3


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def prose(text: str) -> Markdown:
    """Return text that reads as itself: no markup, no HTML, no mention, no reference to an issue."""
    apart = _MENTION.sub(rf"\1{_APART}", _one_line(text))
    html = apart.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markdown(_MARKUP.sub(r"\\\1", html).replace("@", "&#64;"))


def code(text: str) -> Markdown:
    """Return a code span, also inside a table: backticks where that is enough, else <code> with entities."""
    plain = _one_line(text)
    if not plain:
        return Markdown("")
    if not _CODE_UNSAFE.search(plain):
        return Markdown(f"`{plain}`")
    apart = _MENTION.sub(rf"\1{_APART}", plain)
    return Markdown(f"<code>{_ENTITY.sub(_numeric, apart)}</code>")


def fence(text: str, language: str = "") -> Markdown:
    """Return a fenced block, its fence longer than any run of backticks in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * max(longest + 1, _LEAST_FENCE)
    return Markdown(f"{ticks}{language}\n{text}\n{ticks}")


def finalize(value: object) -> str:
    """Return what a template puts out for an expression: Markdown as it is, anything else escaped."""
    return value if isinstance(value, Markdown) else prose(str(value))


def _numeric(match: re.Match[str]) -> str:
    return f"&#{ord(match.group())};"


def _one_line(text: str) -> str:
    return " ".join(text.split())

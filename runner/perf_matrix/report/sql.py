"""SQL statements shortened around what matters: the verb, the table, the condition."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""\s+|"(?:[^"]|"")*"|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|[()]|[^\s"'()]+|["']""", re.DOTALL
)
_QUALIFIED = re.compile(r'"public"\.')
_LONG = 24


def brief(statement: str, limit: int) -> str:
    """Return the statement on one line of at most ``limit`` characters.

    Lists of columns and values become '…', the schema 'public' and the table's name before its own
    columns are left out; what is too long even so is cut at its end.
    """
    text = _without_lists(" ".join("".join(_without_comments(statement)).split()))
    text = _without_own_table(_QUALIFIED.sub("", text))
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def _without_comments(statement: str) -> Iterator[str]:
    for token in _TOKEN.findall(statement):
        yield " " if token.startswith(("--", "/*")) else token


def _without_lists(text: str) -> str:
    verb = text.split(" ", 1)[0].upper()
    if verb == "SELECT":
        return _elided(text, ("SELECT",), ("FROM",))
    if verb == "UPDATE":
        return _elided(text, ("SET",), ("WHERE", "FROM", "RETURNING"))
    if verb == "INSERT":
        return _elided(_brief_parentheses(text), ("RETURNING",), ())
    return text


def _elided(text: str, after: tuple[str, ...], before: tuple[str, ...]) -> str:
    """Replace what stands between two keywords outside parentheses, where it is long."""
    opening, closing = -1, len(text)
    for word, start, end in _top_level_words(text):
        if opening < 0 and word in after:
            opening = end
        elif opening >= 0 and word in before:
            closing = start
            break
    if opening < 0 or closing - opening < _LONG:
        return text
    return f"{text[:opening]} … {text[closing:]}".rstrip()


def _top_level_words(text: str) -> Iterator[tuple[str, int, int]]:
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        depth += (token == "(") - (token == ")")  # noqa: S105
        if depth == 0:
            yield token.upper(), match.start(), match.end()


def _brief_parentheses(text: str) -> str:
    return re.sub(rf"\([^()]{{{_LONG},}}\)", "(…)", text)


def _without_own_table(text: str) -> str:
    table = re.search(r'\b(?:FROM|UPDATE|INTO) ("(?:[^"]|"")*")', text, re.IGNORECASE)
    return text.replace(f"{table.group(1)}.", "") if table else text

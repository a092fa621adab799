r"""Text from outside, made harmless for any output: no control, invisible or direction-changing characters.

Endpoint names, SQL, version specs and log lines come from other machines and other people. Everything
that is rendered passes through here once, at the start; escaping for Markdown comes on top of it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from perf_matrix.compare.model import Comparison

_LINE_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn"}


def block(text: str) -> str:
    """Return the text with its lines kept and everything that is not to be seen replaced by a U+FFFD."""
    lines = re.split(r"\r\n|[\n\r\u2028\u2029]", text)
    return "\n".join("".join(map(_visible, line.replace("\t", "    "))) for line in lines)


def line(text: str) -> str:
    """Return the text on one line, without what is not to be seen."""
    return "".join(map(_visible, _LINE_BREAKS.sub(" ", text))).strip()


def shortened(text: str, limit: int) -> str:
    """Return at most ``limit`` characters, the middle left out."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    return text[: limit - 1 - tail] + "…" + (text[-tail:] if tail else "")


def cleaned(comparison: Comparison) -> Comparison:
    """Return the comparison with every text in it harmless; only SQL statements keep their lines."""
    return Comparison.model_validate(_walk(comparison.model_dump()))


def _visible(character: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in _HARMFUL else character


def _walk(value: Any) -> Any:
    if isinstance(value, dict):
        return {line(key): block(item) if key == "statement" else _walk(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item) for item in value]
    return line(value) if isinstance(value, str) else value

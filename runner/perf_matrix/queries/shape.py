"""What a statement does, apart from which columns it names: how statements of two versions are matched.

A release that adds a column to a table names it in every statement on that table. Such a statement is
the same one, a little wider; called another one it would hide the statements that really are new.
(Pure, on canonical text.)
"""

from __future__ import annotations

import re
from functools import lru_cache

_NAME = r'(?:"[^"]*"|[A-Za-z_]\w*)'
_COLUMN = rf"{_NAME}(?:\.{_NAME})*(?: AS {_NAME})?"
_COLUMNS = rf"{_COLUMN}(?:, {_COLUMN})*"
# Lists of plain columns only: COUNT(*), an expression or a subquery is what a statement does.
_SELECTED = re.compile(rf"\b(SELECT(?: DISTINCT)?) {_COLUMNS} (FROM)\b", re.IGNORECASE)
_INSERTED = re.compile(
    rf"\b(INSERT INTO {_COLUMN}) ?\({_COLUMNS}\) (VALUES) \([^()]*(?:\([^()]*\)[^()]*)*\)", re.IGNORECASE
)
_RETURNED = re.compile(rf"\b(RETURNING) {_COLUMNS}", re.IGNORECASE)
_PARAMETER = re.compile(r"\$\d+")


@lru_cache(maxsize=8192)
def shape(canonical_text: str) -> str:
    """The canonical text with its lists of plain columns and its parameters' numbers left out."""
    text = _SELECTED.sub(r"\1 … \2", canonical_text)
    text = _INSERTED.sub(r"\1 (…) \2 (…)", text)
    text = _RETURNED.sub(r"\1 …", text)
    return _PARAMETER.sub("$", text)

"""One text for statements that differ only in how they were written, not in what they do.

pg_stat_statements already replaces constants by ``$1``. What is left, and folded here, by text alone
and without parsing SQL:

* comments and whitespace, a closing semicolon;
* the length of lists: ``IN ($1, $2, $3)`` becomes ``IN ($1)``, ``VALUES ($1, $2), ($3, $4)`` becomes
  ``VALUES ($1, $2)``, so that a page of 25 users and one of 50 issue the same statement. (PostgreSQL 18
  does this itself, with a comment in place of the rest of the list; that comes out the same.);
* the numbers of parameters: they count up from ``$1`` in order of appearance, also where one
  parameter occurs twice, for it is the client that decides between ``$1 … $1`` and ``$1 … $2``.

Quoted texts and identifiers are never touched. Letter case is not folded.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

_QUOTED = (
    r"""[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*\""""
    r"""|(?P<dollars>\$(?:[A-Za-z_]\w*)?\$).*?(?P=dollars)"""
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_PIECE = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<line>--[^\n]*)|(?P<block>/\*)", re.DOTALL)

# Marks that cannot occur in SQL: <NUL>7<NUL> stands for the eighth quoted text, \x01 for a parameter.
_STASHED = re.compile("\x00(\\d+)\x00")
_NUMBERED = re.compile(r"(?<![\w$])\$\d+")

_CAST = r"(?: ?:: ?[A-Za-z_][\w.\x00]*(?:\[\])?)?"
_PARAMETER = rf"\x01{_CAST}"
_ITEM = rf"(?:{_PARAMETER}|\({_PARAMETER}(?:, {_PARAMETER})*\))"
_ROW = r"\((?:[^()]|\([^()]*\))*\)"
_IN_LIST = re.compile(rf"\b(IN) ?\(({_ITEM})(?:, \2)*\)", re.IGNORECASE)
_VALUES_LIST = re.compile(rf"\b(VALUES) ?({_ROW})(?:, \2)*", re.IGNORECASE)

_TRANSACTION_CONTROL = re.compile(
    r"(BEGIN|START TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE TRANSACTION"
    r"|SET TRANSACTION)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """Return the canonical form of one statement. Applying it again changes nothing."""
    bare, quoted = _set_quoted_aside(re.sub(r"[\x00\x01]", " ", text))
    folded = re.sub(r"\s+", " ", bare).strip(" ;")
    spaced = re.sub(r" ?, ?", ", ", re.sub(r"\( ", "(", re.sub(r" \)", ")", folded)))
    anonymous = _NUMBERED.sub("\x01", spaced)
    collapsed = _VALUES_LIST.sub(r"\1 \2", _IN_LIST.sub(r"\1 (\2)", anonymous))
    numbers = itertools.count(1)
    numbered = re.sub("\x01", lambda _: f"${next(numbers)}", collapsed)
    return _STASHED.sub(lambda mark: quoted[int(mark[1])], numbered)


def is_transaction_control(text: str) -> bool:
    """Tell whether a canonical statement only opens, closes or marks a transaction."""
    return _TRANSACTION_CONTROL.match(text) is not None


def _set_quoted_aside(text: str) -> tuple[str, list[str]]:
    """Replace comments by spaces and quoted texts by numbered marks; return the text and what was quoted."""
    bare: list[str] = []
    quoted: list[str] = []
    position = 0
    while piece := _PIECE.search(text, position):
        bare.append(text[position : piece.start()])
        position = _end_of_comment(text, piece.end()) if piece["block"] else piece.end()
        if piece["quoted"]:
            bare.append(f"\x00{len(quoted)}\x00")
            quoted.append(piece["quoted"])
        else:
            bare.append(" ")
    return "".join([*bare, text[position:]]), quoted


def _end_of_comment(text: str, position: int) -> int:
    """Return where the comment that was opened before ``position`` ends: comments nest in PostgreSQL."""
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(text, position)):
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return len(text) if depth else position

"""Slopes in words: statements per request against the rows of the answer, N+1 queries and others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import Line, Slope, Verdict
from perf_matrix.matrix.model import Arm
from perf_matrix.queries.slope import N_PLUS_ONE
from perf_matrix.report import numbers
from perf_matrix.report.plain import shortened
from perf_matrix.report.reasons import readable
from perf_matrix.report.statements import StatementLine, multiplying_lines

_ROW_LIMIT = 24
_OLD = "old, on both"
_NO_LINE = "no line"


@dataclass(frozen=True, slots=True)
class NPlusOne:
    """An N+1 of one endpoint, on either arm."""

    cell: str
    endpoint: str
    row: str
    words: str
    verdict: Verdict
    statements: Sequence[StatementLine]
    slope: Slope


def n_plus_one(cell: str, endpoint: str, slope: Slope, told: str = "") -> NPlusOne:
    """Return what the list of slopes says of an N+1; ``told`` is as in ``row_note``."""
    words = f"over the {slope.over}, {_state(slope)}: {_lines(slope, told)}"
    return NPlusOne(
        cell, endpoint, shortened(slope.row, _ROW_LIMIT), words, slope.verdict, _multiplying(slope), slope
    )


def changed(slope: Slope) -> bool:
    """Tell whether the statements grow otherwise on head than on base."""
    return slope.verdict in ("regression", "improvement")


def is_n_plus_one(slope: Slope) -> bool:
    """Tell whether either arm sends a statement for every second row or more."""
    return _steep(slope.base) or _steep(slope.head)


def has_no_line(slope: Slope) -> bool:
    """Tell whether the measured points of an arm did not give a line, so that an N+1 may be hidden."""
    return slope.base is None or slope.head is None


def is_open(slope: Slope) -> bool:
    """Tell whether the run cannot say how the statements grow."""
    return slope.verdict == "inconclusive"


def grows(slope: Slope) -> bool:
    """Tell whether the statements of either arm depend on the rows at all."""
    return any(_grows(line) for line in (slope.base, slope.head) if line)


def without_line(endpoint: str, slope: Slope, told: str = "") -> str:
    """Return what the list of slopes says of one that has no line on either arm, or on one."""
    why = _why(slope.note, told) or _NO_LINE
    return f"{'cannot tell for ' if is_open(slope) else ''}{endpoint}, over the {slope.over}: {why}"


def gentle(endpoint: str, slope: Slope) -> str:
    """Return what the list of slopes says of one that is too little for an N+1."""
    return f"{endpoint}, over the {slope.over}, too little for an N+1: {_lines(slope, '')}"


def row_note(slope: Slope, told: str = "") -> str:
    """Return the note below a row: 'N+1 over the page size, new: 1 + 1.00 per user (base: always 1)'.

    ``told`` is why the row's own count is in doubt, if it is: that is told once, below the row.
    """
    state = _state(slope)
    if not is_n_plus_one(slope):
        growth = "cannot tell how the statements grow with the rows, " if is_open(slope) else ""
        return f"{growth}over the {slope.over}: {_why(slope.note, told) or _NO_LINE}"
    if state == _OLD:
        return f"an old N+1, on both: {_lines(slope, told)}"
    return f"N+1 over the {slope.over}, {state}: {_lines(slope, told)}"


def formula(line: Line | None, row: str) -> str:
    """Return '1 + 1.00 per user'; 'always 1' where the rows do not matter; 'no line' where there is none."""
    if line is None:
        return _NO_LINE
    if not _grows(line):
        return f"always {numbers.count(line.fixed)}"
    sign = "+" if line.per_row > 0 else "-"
    each = f"{numbers.per_request(abs(line.per_row))} per {shortened(row, _ROW_LIMIT)}"
    return f"{numbers.count(line.fixed)} {sign} {each}"


def _grows(line: Line) -> bool:
    return abs(line.per_row) >= numbers.EXACT


def _steep(line: Line | None) -> bool:
    return line is not None and line.per_row >= N_PLUS_ONE - numbers.EXACT


def _state(slope: Slope) -> str:
    """Say what became of the N+1 on head."""
    if slope.base is None or slope.head is None:
        return "on head" if slope.base is None else "on base"
    if _steep(slope.base) != _steep(slope.head):
        return "new" if _steep(slope.head) else "gone"
    return {"regression": "steeper", "improvement": "less steep"}.get(slope.verdict, _OLD)


def _lines(slope: Slope, told: str) -> str:
    """Return the lines of both arms, once where they are the same; head's first, as it is what matters."""
    base, head = formula(slope.base, slope.row), formula(slope.head, slope.row)
    if base == head:
        return head
    if slope.head is None:
        return f"{base} ({_why_none(slope, 'head', told)})"
    return f"{head} (base: {base})" if slope.base else f"{head} ({_why_none(slope, 'base', told)})"


def _why_none(slope: Slope, arm: Arm, told: str) -> str:
    why = _why(slope.note, told).removeprefix(f"{arm}: ")
    return f"{_NO_LINE} for {arm}{': ' if why else ''}{why}"


def _why(note: str, told: str) -> str:
    """Return why there is no line, but only in short where the same was told before."""
    return "the count is unstable" if note and note in told else readable(note)


def _multiplying(slope: Slope) -> tuple[StatementLine, ...]:
    line = slope.head if _steep(slope.head) else slope.base
    return multiplying_lines(line, shortened(slope.row, _ROW_LIMIT)) if line else ()

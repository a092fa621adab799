"""Statements per request as a line over the rows of the answer: an N+1 is a slope.  (Pure.)

Two exact counts at two numbers of rows give ``statements = fixed + per_row x rows``. A list that asks once
for all has a slope of 0; one that asks again for each row has a slope of 1. Half a statement for each row is
an N+1, too: a lookup that only every second row needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perf_matrix.queries.profile import QueryProfile

N_PLUS_ONE = 0.5
"""Statements for each row from which it is called an N+1."""

STEEPER = 0.05
"""Statements for each row by which one slope has to exceed another to be called steeper.

Both are quotients of exact counts, but rows differ: a look-up that only one of the two answers needs bends
their line by 1 / (difference in rows), which is less than this over more than 20 rows. What one statement serves 20
rows is a batch and no N+1. And a slope that somebody wrote down has two decimals.
"""


@dataclass(frozen=True)
class RowLine:
    """statements = fixed + per_row x rows, through ``points`` of (rows, statements per request).

    ``statements``: canonical text -> calls for each row, of those that grow with the rows.
    """

    fixed: float
    per_row: float
    points: tuple[tuple[float, float], ...]
    statements: Mapping[str, float]

    @property
    def is_n_plus_one(self) -> bool:
        """Whether statements multiply with the rows."""
        return self.per_row >= N_PLUS_ONE


def line_through(one: QueryProfile, other: QueryProfile) -> RowLine | None:
    """The line through two profiles of one endpoint; None where ``why_no_line`` says why."""
    if why_no_line(one, other) or one.answer_rows is None or other.answer_rows is None:
        return None
    if one.per_request is None or other.per_request is None:
        return None
    rows = other.answer_rows - one.answer_rows
    per_row = (other.per_request - one.per_request) / rows + 0.0  # never -0
    points = sorted(
        [(float(one.answer_rows), one.per_request), (float(other.answer_rows), other.per_request)]
    )
    return RowLine(
        fixed=one.per_request - per_row * one.answer_rows,
        per_row=per_row,
        points=tuple(points),
        statements=_growing(one, other, rows),
    )


def of_equal_rows(one: QueryProfile, other: QueryProfile) -> bool:
    """Whether two exact counts are of answers with as many rows: then there is no line through them."""
    if not (one.stable and other.stable):
        return False
    return one.answer_rows is not None and one.answer_rows == other.answer_rows


def why_no_line(one: QueryProfile, other: QueryProfile) -> str:
    """Why two profiles give no line, in words; empty where they do."""
    doubts = [each.invalid_because or each.unstable_because for each in (one, other)]
    if any(doubts):
        return next(filter(None, doubts))
    if one.answer_rows is None or other.answer_rows is None:
        return "the answers hold no single number of rows: they differ, or rows.count finds none"
    if one.answer_rows == other.answer_rows:
        return f"{one.answer_rows} rows in both answers"
    return ""


def _growing(one: QueryProfile, other: QueryProfile, rows: int) -> dict[str, float]:
    names = one.statements.keys() | other.statements.keys()
    slopes = {
        name: (other.statements.get(name, 0.0) - one.statements.get(name, 0.0)) / rows
        for name in sorted(names)
    }
    return {name: slope for name, slope in slopes.items() if slope > 0}

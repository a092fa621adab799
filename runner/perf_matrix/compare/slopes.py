"""The lists of two arms against their rows: a new or steeper N+1 is a regression, an old one a note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perf_matrix.compare.model import Line, Slope, Statement, Verdict
from perf_matrix.queries.form import form
from perf_matrix.queries.points import Profiles
from perf_matrix.queries.profile import SAME, QueryProfile
from perf_matrix.queries.slope import STEEPER, RowLine, line_through, of_equal_rows, why_no_line

_GROWS = 1.0
"""Statements more, with more data and as many rows in the answer, from which that is worth telling."""
OLD_ONE = "an old N+1, the same on both"

Over = Literal["page size", "data scale"]


@dataclass(frozen=True)
class _Two:
    """One arm's profiles at two points of a line."""

    main: QueryProfile
    other: QueryProfile

    @property
    def line(self) -> RowLine | None:
        return line_through(self.main, self.other)

    @property
    def doubt(self) -> str:
        """Why there is no line, with the arm's name; empty where there is one."""
        why = why_no_line(self.main, self.other)
        return f"{self.main.arm}: {why}" if why else ""

    @property
    def rows_are_equal(self) -> bool:
        """Whether both are exact, and the answers hold as many rows at both points."""
        return of_equal_rows(self.main, self.other)

    @property
    def growth(self) -> float:
        """Statements that the other point has more."""
        return (self.other.per_request or 0.0) - (self.main.per_request or 0.0)


def compare_slopes(row: str, base: Profiles, head: Profiles) -> list[Slope]:
    """Every slope that was measured of one list: over the sizes of its page, and over the data."""
    pages, data = _pages(base), _data(base)
    other_pages, other_data = _pages(head), _data(head)
    found: list[Slope | None] = []
    if pages and other_pages:
        found.append(_slope(row, "page size", pages, other_pages))
    if data and other_data:
        found.append(_over_data(row, data, other_data))
    return [slope for slope in found if slope is not None]


def _pages(profiles: Profiles) -> _Two | None:
    return _Two(profiles.main, profiles.other_page) if profiles.other_page else None


def _data(profiles: Profiles) -> _Two | None:
    return _Two(profiles.main, profiles.more_data) if profiles.more_data else None


def _over_data(row: str, base: _Two, head: _Two) -> Slope | None:
    # A page that holds as many rows however much data there is has nothing to draw a line through.
    if base.rows_are_equal and head.rows_are_equal:
        return _over_equal_rows(row, base, head)
    return _slope(row, "data scale", base, head)


def _slope(row: str, over: Over, base: _Two, head: _Two) -> Slope:
    verdict, note = _decide(base.line, head.line)
    return Slope(
        row=row,
        over=over,
        base=_line(base.line),
        head=_line(head.line),
        verdict=verdict,
        note=note or "; ".join(filter(None, [base.doubt, head.doubt])),
    )


def _over_equal_rows(row: str, base: _Two, head: _Two) -> Slope | None:
    """A page whose statements grow with the data although its rows do not; None where they do not either."""
    if max(base.growth, head.growth) < _GROWS:
        return None
    note = (
        "grows with the data although the page does not:"
        f" {base.growth:+g} statements on base, {head.growth:+g} on head"
    )
    verdict = _by_growth(base.growth, head.growth, _GROWS)
    return Slope(row=row, over="data scale", base=None, head=None, verdict=verdict, note=note)


def _decide(base: RowLine | None, head: RowLine | None) -> tuple[Verdict, str]:
    if base is None or head is None:
        return "inconclusive", ""
    if not (base.is_n_plus_one or head.is_n_plus_one):
        return "pass", ""
    verdict = _by_growth(base.per_row, head.per_row, STEEPER)
    return verdict, OLD_ONE if verdict == "pass" else ""


def _by_growth(old: float, new: float, least: float) -> Verdict:
    """Whether new grows by ``least`` or more beyond old, or the other way round."""
    if new - old > least - SAME:
        return "regression"
    return "improvement" if old - new > least - SAME else "pass"


def _line(line: RowLine | None) -> Line | None:
    if line is None:
        return None
    statements = [
        Statement(statement=text, per_request=calls, tables=list(form(text).tables))
        for text, calls in line.statements.items()
    ]
    return Line(
        fixed=line.fixed,
        per_row=line.per_row,
        points=list(line.points),
        statements=sorted(statements, key=lambda one: (-one.per_request, one.statement)),
    )

"""The lists of two arms against their rows: a new or steeper N+1 is a regression, an old one a note."""

from __future__ import annotations

from typing import Literal

from perf_matrix.compare.model import Line, Slope, Statement, Verdict
from perf_matrix.compare.statements import SAME
from perf_matrix.queries.form import form
from perf_matrix.queries.points import Profiles
from perf_matrix.queries.profile import QueryProfile
from perf_matrix.queries.slope import RowLine, line_through, why_no_line

OLD_ONE = "an old N+1, the same on both"

Over = Literal["page size", "data scale"]


def compare_slopes(row: str, base: Profiles, head: Profiles) -> list[Slope]:
    """Every slope that was measured of one list: over the sizes of its page, and over the data."""
    found = [
        _slope(row, "page size", base, head, base.other_page, head.other_page),
        _slope(row, "data scale", base, head, base.more_data, head.more_data),
    ]
    return [slope for slope in found if slope is not None]


def _slope(
    row: str,
    over: Over,
    base: Profiles,
    head: Profiles,
    base_too: QueryProfile | None,
    head_too: QueryProfile | None,
) -> Slope | None:
    if base_too is None or head_too is None:
        return None
    lines = line_through(base.main, base_too), line_through(head.main, head_too)
    # A page that holds as many rows however much data there is has nothing to draw a line through.
    if lines == (None, None) and _same_rows(base.main, base_too) and _same_rows(head.main, head_too):
        return _over_equal_rows(row, over, base, head, base_too, head_too)
    verdict, note = _decide(*lines)
    doubts = [
        f"{main.arm}: {why}"
        for main, too in ((base.main, base_too), (head.main, head_too))
        if (why := why_no_line(main, too))
    ]
    return Slope(
        row=row,
        over=over,
        base=_line(lines[0]),
        head=_line(lines[1]),
        verdict=verdict,
        note=note or "; ".join(doubts),
    )


def _same_rows(one: QueryProfile, other: QueryProfile) -> bool:
    return (
        one.stable and other.stable and one.answer_rows is not None and one.answer_rows == other.answer_rows
    )


def _over_equal_rows(
    row: str, over: Over, base: Profiles, head: Profiles, base_too: QueryProfile, head_too: QueryProfile
) -> Slope | None:
    """A page whose statements grow with the data although its rows do not."""
    old, new = _growth(base.main, base_too), _growth(head.main, head_too)
    if old <= SAME and new <= SAME:
        return None
    note = f"grows with the data although the page does not: {old:+g} statements on base, {new:+g} on head"
    return Slope(row=row, over=over, base=None, head=None, verdict=_by_growth(old, new), note=note)


def _growth(one: QueryProfile, other: QueryProfile) -> float:
    return (other.per_request or 0.0) - (one.per_request or 0.0)


def _decide(base: RowLine | None, head: RowLine | None) -> tuple[Verdict, str]:
    if base is None or head is None:
        return "inconclusive", ""
    steep = max(base.per_row, head.per_row)
    if not (base.is_n_plus_one or head.is_n_plus_one):
        return "pass", ""
    verdict = _by_growth(base.per_row, head.per_row)
    return verdict, OLD_ONE if verdict == "pass" and steep else ""


def _by_growth(old: float, new: float) -> Verdict:
    if new > old + SAME:
        return "regression"
    return "improvement" if new < old - SAME else "pass"


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

"""What a recorded run counted of one arm, as budgets see it.  (Pure.)"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from perf_matrix.budget.counted import Counted
from perf_matrix.budget.figures import figure
from perf_matrix.matrix.model import Arm, Endpoint
from perf_matrix.queries.naming import with_short_statements
from perf_matrix.queries.points import ArmWindows, Profiles
from perf_matrix.queries.profile import SAME, QueryProfile
from perf_matrix.queries.slope import line_through, of_equal_rows, why_no_line
from perf_matrix.record.model import RunInfo, RunRecord

_NOTHING = "nothing was recorded of it"

Brief = Callable[[str], str]
"""Shortens an SQL statement, so that the figures behind it are still read."""


def count(record: RunRecord, arm: Arm, names: Collection[str], brief: Brief) -> list[Counted]:
    """Every endpoint in ``names`` on ``arm``, in every cell; also what could not be counted, with its reason."""
    several = len(record.cells) > 1
    return [
        _counted(_Seen(endpoint, profiles, record.info, brief), cell.cell.id if several else "")
        for cell in record.cells
        for windows in [ArmWindows.of(arm, cell.windows)]
        for endpoint in record.info.endpoints
        if endpoint.name in names
        for profiles in [windows.profiles(endpoint)]
    ]


@dataclass(frozen=True)
class _Seen:
    """What was recorded of one endpoint in one cell."""

    endpoint: Endpoint
    profiles: Profiles | None
    info: RunInfo
    brief: Brief


@dataclass(frozen=True)
class _Point:
    """Another count of the same list: ``over`` what it differs, and what it showed, if it was taken."""

    over: str
    profile: QueryProfile | None
    page_kept: bool


def _counted(seen: _Seen, cell: str) -> Counted:
    endpoint = seen.endpoint
    request = f"{endpoint.request.method} {endpoint.request.path}"
    if seen.profiles is None:
        return Counted(endpoint.name, request, None, stable=False, because=_NOTHING, cell=cell)
    main, points = seen.profiles.main, _points(seen)
    return Counted(
        endpoint=endpoint.name,
        request=request,
        per_request=main.per_request if main.stable else main.at_most,
        stable=main.stable,
        because=_shortened(main.invalid_because or main.unstable_because, seen.brief, main),
        per_row=_steepest(main, points),
        row=endpoint.rows.of if endpoint.rows else "",
        no_slope=tuple(_doubts(main, points, seen.brief)),
        statements=main.statements,
        cell=cell,
    )


def _points(seen: _Seen) -> list[_Point]:
    """The second points that were planned for an endpoint, whether or not they were taken."""
    if seen.profiles is None:
        return []
    name, pages = seen.endpoint.name, bool(seen.endpoint.page_sizes)
    found = []
    if any(each.name == name for each in seen.info.other_pages):
        found.append(_Point("the size of its page", seen.profiles.other_page, page_kept=False))
    if any(each.name == name for each in seen.info.grown):
        found.append(_Point("the data", seen.profiles.more_data, page_kept=pages))
    return found


def _steepest(main: QueryProfile, points: list[_Point]) -> float | None:
    """The steepest line that was measured; None where there is none."""
    lines = [line_through(main, point.profile) for point in points if point.profile is not None]
    return max((line.per_row for line in lines if line is not None), default=None)


def _doubts(main: QueryProfile, points: list[_Point], brief: Brief) -> Iterator[str]:
    """What about the rows of a list could not be told; of one that was not counted itself that goes without saying."""
    if main.per_request is None:
        return
    if points and not main.stable:
        yield "no slope could be measured, since the count is not exact"
        return
    for point in points:
        doubt = _doubt(main, point, brief)
        if doubt:
            yield doubt


def _doubt(main: QueryProfile, point: _Point, brief: Brief) -> str:
    other = point.profile
    if other is None:
        return f"no slope over {point.over}: {_NOTHING} there"
    if point.page_kept and of_equal_rows(main, other):
        return _growth(main, other)
    why = why_no_line(main, other)
    return f"no slope over {point.over}: {_shortened(why, brief, main, other)}" if why else ""


def _growth(main: QueryProfile, other: QueryProfile) -> str:
    """A full page holds as many rows however much data there is; its statements should not be more, either."""
    more = (other.per_request or 0.0) - (main.per_request or 0.0)
    if more <= SAME:
        return ""
    return (
        f"{figure(more)} more per request with more data, although the answer holds {main.answer_rows} rows "
        "as before: they grow with the data, for which a budget has no number"
    )


def _shortened(reason: str, brief: Brief, *profiles: QueryProfile) -> str:
    in_doubt = {name for profile in profiles for name in profile.in_doubt}
    return with_short_statements(reason, in_doubt, brief)

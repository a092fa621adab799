"""What a recorded run counted of one arm, as budgets see it.  (Pure.)"""

from __future__ import annotations

from perf_matrix.budget.check import Counted
from perf_matrix.matrix.model import Arm, Endpoint
from perf_matrix.queries.points import ArmWindows, Profiles
from perf_matrix.queries.slope import line_through
from perf_matrix.record.model import RunRecord


def count(record: RunRecord, arm: Arm) -> list[Counted]:
    """Every endpoint that was counted on ``arm``; of several cells the one in which it issues most."""
    by_cell = [ArmWindows.of(arm, cell.windows) for cell in record.cells]
    found = [_worst(endpoint, by_cell) for endpoint in record.info.endpoints]
    return [counted for counted in found if counted is not None]


def _worst(endpoint: Endpoint, by_cell: list[ArmWindows]) -> Counted | None:
    counted = [
        _counted(endpoint, profiles)
        for windows in by_cell
        if (profiles := windows.profiles(endpoint)) is not None
    ]
    return max(counted, key=_severity, default=None)


def _severity(counted: Counted) -> tuple[bool, float]:
    """What could not be counted is worst: it must not hide behind a cell where it could."""
    return counted.per_request is None, counted.per_request or 0.0


def _counted(endpoint: Endpoint, profiles: Profiles) -> Counted:
    main = profiles.main
    return Counted(
        endpoint=endpoint.name,
        request=f"{endpoint.request.method} {endpoint.request.path}",
        per_request=main.per_request if main.stable else main.at_most,
        stable=main.stable,
        because=main.invalid_because or main.unstable_because,
        per_row=_steepest(profiles),
        row=endpoint.rows.of if endpoint.rows else "",
        statements=main.statements,
    )


def _steepest(profiles: Profiles) -> float | None:
    """The steepest line that was measured; None where there is none."""
    others = [other for other in (profiles.other_page, profiles.more_data) if other is not None]
    lines = [line_through(profiles.main, other) for other in others]
    return max((line.per_row for line in lines if line is not None), default=None)

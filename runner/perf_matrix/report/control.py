"""The control: requests that go to neither arm, and what it means where they differ between the arms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from perf_matrix.compare.model import CellComparison, Control
from perf_matrix.report import numbers
from perf_matrix.report.conditions import NAME_LIMIT
from perf_matrix.report.plain import shortened

_MEANING = (
    "These requests go to neither arm. What slows them down slows down the requests of pairs after them, too, whose"
    " times then say nothing of the versions. SQL counts are not concerned."
)
_TO_DO = (
    "Run it again on a machine with more CPUs, where the arms do not get in each other's way. If the control moves"
    " there too, look at what that arm does after its answers: callbacks, logs, batches. Counts alone can be compared"
    " in any case: gate.metrics: [queries]."
)


def unmoved(cells: Iterable[tuple[str, CellComparison]]) -> Iterator[str]:
    """Yield what the controls that did not move were measured to be; those of several cells in one line."""
    found = [(name, cell.control) for name, cell in cells if cell.control and not cell.control.moved]
    sure = [control for _, control in found if not control.note]
    if len(sure) > 1:
        yield _together(sure)
    for name, control in found:
        if control.note or len(sure) == 1:
            where = f" in {name}" if name else ""
            end = control.note or f"did not move{_drifted(control)}"
            yield f"Control{where}: {_measured(control)}: {end}."


def moved(cells: Iterable[tuple[str, CellComparison]]) -> list[str]:
    """Return where the control moved and by how much; then what that means and what to do about it."""
    lines = [line for name, cell in cells for line in _moved(name, cell)]
    return [*lines, _MEANING, _TO_DO] if lines else []


def _moved(name: str, cell: CellComparison) -> Iterator[str]:
    """Yield the cell's control where that moved: it stands for all of its endpoints; else each endpoint's own."""
    if cell.control and cell.control.moved:
        yield _explained(name or "all endpoints", cell.control)
        return
    for endpoint in cell.endpoints:
        if endpoint.control and endpoint.control.moved:
            endpoint_name = shortened(endpoint.name, NAME_LIMIT)
            yield _explained(f"{endpoint_name} in {name}" if name else endpoint_name, endpoint.control)


def _explained(where: str, control: Control) -> str:
    disturbing, disturbed = ("head", "base") if control.ratio < 1 else ("base", "head")
    return f"{where}: {_measured(control)}: {disturbing}'s work after its answers slows down {disturbed}."


def _measured(control: Control) -> str:
    low, high = (numbers.percent(bound - 1) for bound in control.ci)
    base, head = (numbers.significant(value) for value in (control.base, control.head))
    return (
        f"{control.requests:,} requests straight to the upstream stand-in before each arm's: {base} ms before base's,"
        f" {head} ms before head's, {numbers.percent(control.ratio - 1)} [{low}, {high}]"
    )


def _drifted(control: Control) -> str:
    if control.drift is None:
        return ""
    return f" ({numbers.percent(control.drift - 1)} for both from the first fifth of the run to the last)"


def _together(controls: Sequence[Control]) -> str:
    changes = [control.ratio - 1 for control in controls]
    requests = sum(control.requests for control in controls)
    least, most = numbers.percent(min(changes)), numbers.percent(max(changes))
    return (
        f"Control in {len(controls)} cells: {requests:,} requests straight to the upstream stand-in before each arm's,"
        f" {least} to {most}: did not move."
    )

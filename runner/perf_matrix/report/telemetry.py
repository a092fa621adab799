"""What the telemetry sink got, in a line for each cell that sent it anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from perf_matrix.compare.model import CellComparison, Telemetry


def seen(cells: Iterable[tuple[str, CellComparison]]) -> Iterator[str]:
    """Yield the lines; a cell without a name is the only one."""
    for name, cell in cells:
        if cell.telemetry is not None and cell.telemetry.exports:
            where = f" in {name}" if name else ""
            yield f"Telemetry{where}: the sink got {_counted(cell.telemetry)}."


def _counted(telemetry: Telemetry) -> str:
    numbers = [
        (telemetry.spans, "span"),
        (telemetry.points, "data point"),
        (telemetry.records, "log record"),
        (telemetry.events, "event"),
    ]
    contents = [_times(*each) for each in numbers if each[0]] or ["nothing that it could read"]
    rejected = f", {telemetry.rejected:,} of which it could not read" if telemetry.rejected else ""
    return f"{', '.join(contents)} in {_times(telemetry.exports, 'export')}{rejected}"


def _times(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"

"""The delay that was put between service and database: latencies with one are no others' equals."""

from __future__ import annotations

from collections.abc import Iterator

from perf_matrix.compare.model import CellComparison, Comparison, RoundTrip
from perf_matrix.report import numbers


def beside_latencies(comparison: Comparison) -> str:
    """Return what the titles of tables of latencies add: nothing where all were taken without a delay."""
    timed = [cell for cell in comparison.cells if any(endpoint.paired for endpoint in cell.endpoints)]
    made = [_made_ms(cell.round_trip) for cell in timed if cell.round_trip and cell.round_trip.asked_ms > 0]
    if not made:
        return ""
    least, most = (numbers.significant(value, 2) for value in (min(made), max(made)))
    size = f"{least} ms" if least == most else f"{least} to {most} ms"
    where = f" in {len(made)} of {len(timed)} cells" if len(made) < len(timed) else ""
    return f"with a delay of {size} before the database{where}"


def described(where: str, cell: CellComparison) -> Iterator[str]:
    """Yield what a cell's delay was asked for and measured to be; ``where`` names the cell if need be."""
    trip = cell.round_trip
    if trip:
        times = (trip.direct_ms, trip.relayed_ms, trip.delayed_ms)
        direct, relayed, delayed = (numbers.significant(value) for value in times)
        made = numbers.significant(_made_ms(trip))
        yield (
            f"Delay to the database{where}: asked for {numbers.trimmed(trip.asked_ms)} ms, measured {made} ms"
            f" (a trivial statement takes {direct} ms, {relayed} ms through the relay, {delayed} ms with the delay)."
        )


def _made_ms(trip: RoundTrip) -> float:
    return trip.delayed_ms - trip.relayed_ms

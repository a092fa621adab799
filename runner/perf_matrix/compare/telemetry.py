"""What the telemetry sink got, over the epochs of a cell."""

from __future__ import annotations

from collections.abc import Sequence

from perf_matrix.compare.model import Telemetry
from perf_matrix.record.model import TelemetrySeen


def telemetry(seen: Sequence[TelemetrySeen]) -> Telemetry | None:
    """The sum; None where no sink was asked."""
    if not seen:
        return None
    return Telemetry(
        exports=sum(one.exports for one in seen),
        rejected=sum(one.rejected for one in seen),
        spans=sum(one.spans for one in seen),
        points=sum(one.points for one in seen),
        records=sum(one.records for one in seen),
        events=sum(one.events for one in seen),
    )

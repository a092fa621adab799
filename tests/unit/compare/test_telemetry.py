"""What the sink got is added up over the epochs."""

from __future__ import annotations

from perf_matrix.compare.model import Telemetry
from perf_matrix.compare.telemetry import telemetry
from perf_matrix.record.model import TelemetrySeen


def test_no_sink_was_asked() -> None:
    assert telemetry([]) is None


def test_epochs_are_added_up() -> None:
    first = TelemetrySeen(epoch=0, exports=3, rejected=1, spans=10, points=2, records=0, events=7)
    second = TelemetrySeen(epoch=1, exports=4, rejected=0, spans=20, points=0, records=5, events=0)
    assert telemetry([first, second]) == Telemetry(
        exports=7, rejected=1, spans=30, points=2, records=5, events=7
    )

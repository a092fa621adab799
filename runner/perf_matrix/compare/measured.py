"""Everything that the record says about one endpoint of one cell, before the run's correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perf_matrix.compare.blocks import MIN_UNITS, RULES, LatencyMetric
from perf_matrix.compare.failures import Failures, count_failures
from perf_matrix.compare.latency import Latency, measure
from perf_matrix.compare.model import Queries
from perf_matrix.compare.statement_times import Timed
from perf_matrix.matrix.model import ARMS, Arm, Endpoint, Gate
from perf_matrix.record.model import CellRecord, PairedBlock


@dataclass(frozen=True)
class Measured:
    """One endpoint in one cell. ``latencies`` has only the quantiles that have blocks enough to show."""

    endpoint: Endpoint
    blocks: list[PairedBlock]
    missing_on: list[Arm]
    failures: Failures
    latencies: Mapping[LatencyMetric, Latency]
    queries: Queries | None
    timed: list[Timed]

    @property
    def recorded(self) -> bool:
        """Whether there is anything to compare."""
        return bool(self.blocks or self.queries or self.missing_on or self.failures.any)

    @property
    def enough_blocks(self) -> bool:
        """Whether the paired instrument did its least; nothing is expected of a missing endpoint."""
        return bool(self.missing_on) or len(self.blocks) >= MIN_UNITS

    @property
    def family(self) -> list[LatencyMetric]:
        """The quantiles that can decide the verdict."""
        return [metric for metric, latency in self.latencies.items() if latency.gated]


def measure_endpoint(
    record: CellRecord, endpoint: Endpoint, gate: Gate, queries: Queries | None, timed: list[Timed]
) -> Measured:
    """Gather what ``record`` has on ``endpoint``; one that an arm does not have is not measured further.

    ``queries`` and ``timed`` are what its statements showed.
    """
    probes = [probe for probe in record.presence if probe.endpoint == endpoint.name]
    missing = [arm for arm in ARMS if _missing([probe.present for probe in probes if probe.arm == arm])]
    blocks = [] if missing else [block for block in record.blocks if block.endpoint == endpoint.name]
    measured = {metric: measure(blocks, metric, gate) for metric in RULES}
    return Measured(
        endpoint=endpoint,
        blocks=blocks,
        missing_on=missing,
        failures=count_failures(blocks, probes),
        latencies={metric: latency for metric, latency in measured.items() if latency},
        queries=None if missing else queries,
        timed=[] if missing else timed,
    )


def _missing(answers: list[bool]) -> bool:
    """Absent after every start; one that comes and goes is there and fails."""
    return bool(answers) and not any(answers)

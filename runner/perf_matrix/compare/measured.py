"""Everything that the record says about a cell and its endpoints, before the run's correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perf_matrix.compare.arm_queries import ArmQueries, arm_queries
from perf_matrix.compare.blocks import MIN_UNITS, RULES, LatencyMetric
from perf_matrix.compare.cell_load import cell_load
from perf_matrix.compare.controls import control
from perf_matrix.compare.costs import measured_cost, round_trip
from perf_matrix.compare.diff import ChangedLine
from perf_matrix.compare.failures import Failures, count_failures
from perf_matrix.compare.latency import Latency, confidence, measure
from perf_matrix.compare.load import MeasuredLoad, measure_load
from perf_matrix.compare.model import Both, CellLoad, Control, Queries, RoundTrip, Soak
from perf_matrix.compare.queries import compare_queries
from perf_matrix.compare.rounds import Round, rounds
from perf_matrix.compare.soak import compare_soaks
from perf_matrix.compare.statement_times import Timed, timed_statements
from perf_matrix.matrix.model import ARMS, Arm, Endpoint
from perf_matrix.record.model import CellRecord, PairedBlock, Presence, RunInfo


@dataclass(frozen=True)
class Measured:
    """One endpoint in one cell. ``latencies`` has only the quantiles that have blocks enough to show.

    ``connections``: the most that each arm was seen to hold to its database. ``control`` is that of the
    endpoint's own blocks, ``cell_control`` that of the whole cell's.
    """

    endpoint: Endpoint
    blocks: list[PairedBlock]
    missing_on: list[Arm]
    failures: Failures
    latencies: Mapping[LatencyMetric, Latency]
    load: MeasuredLoad | None
    queries: Queries | None
    timed: list[Timed]
    connections: Both
    control: Control | None
    cell_control: Control | None

    @property
    def moved(self) -> Control | None:
        """The control that moved, if one did: then nothing can be said of latencies."""
        controls = (self.cell_control, self.control)
        return next((one for one in controls if one is not None and one.moved), None)

    @property
    def recorded(self) -> bool:
        """Whether there is anything to compare."""
        return bool(self.blocks or self.load or self.queries or self.missing_on or self.failures.any)

    @property
    def enough_blocks(self) -> bool:
        """Whether the paired instrument did its least; nothing is expected of a missing endpoint."""
        return bool(self.missing_on) or len(self.blocks) >= MIN_UNITS

    @property
    def family(self) -> list[LatencyMetric]:
        """The quantiles that can decide the verdict."""
        return [metric for metric, latency in self.latencies.items() if latency.gated]


@dataclass(frozen=True)
class MeasuredCell:
    """One cell: its endpoints by name, and what they have in common."""

    record: CellRecord
    endpoints: Mapping[str, Measured]
    connections: Both
    round_trip: RoundTrip | None
    control: Control | None
    load: CellLoad | None
    soak: Soak | None


@dataclass(frozen=True)
class _Around:
    """What the endpoints of a cell are measured in."""

    record: CellRecord
    info: RunInfo
    base: ArmQueries
    head: ArmQueries
    round_trip: RoundTrip | None
    lines: Sequence[ChangedLine]
    control: Control | None
    rounds: Sequence[Round]

    @property
    def connections(self) -> Both:
        return Both(base=self.base.connections, head=self.head.connections)


def measure_cell(record: CellRecord, info: RunInfo, lines: Sequence[ChangedLine]) -> MeasuredCell:
    """Gather what ``record`` has on a cell; ``lines`` are the changed ones of the code."""
    base, head = (arm_queries(record, info.endpoints, arm) for arm in ARMS)
    over_all = control(record.blocks, info.matrix.gate)
    slots = rounds(record.slots)
    around = _Around(record, info, base, head, round_trip(record.round_trips), lines, over_all, slots)
    endpoints = {endpoint.name: _measure(endpoint, around) for endpoint in info.endpoints}
    return MeasuredCell(
        record=record,
        endpoints=endpoints,
        connections=around.connections,
        round_trip=around.round_trip,
        control=over_all,
        load=cell_load(slots),
        soak=compare_soaks(record.soaks, info.matrix.gate),
    )


def _measure(endpoint: Endpoint, around: _Around) -> Measured:
    """Gather what there is on ``endpoint``; one that an arm does not have is not measured further."""
    probes = [probe for probe in around.record.presence if probe.endpoint == endpoint.name]
    missing = _missing_on(probes)
    blocks = [] if missing else [block for block in around.record.blocks if block.endpoint == endpoint.name]
    queries = None if missing else _queries(endpoint, blocks, around)
    gate = around.info.matrix.gate
    measured = {metric: measure(blocks, metric, gate) for metric in RULES}
    return Measured(
        endpoint=endpoint,
        blocks=blocks,
        missing_on=missing,
        failures=count_failures(blocks, probes),
        latencies={metric: latency for metric, latency in measured.items() if latency},
        load=None if missing else measure_load(endpoint.name, around.rounds, gate),
        queries=queries,
        timed=timed_statements(endpoint.name, around.base, around.head, gate) if queries else [],
        connections=around.connections,
        control=control(blocks, gate),
        cell_control=around.control,
    )


def _missing_on(probes: Sequence[Presence]) -> list[Arm]:
    """Arms on which it was absent after every start; one that comes and goes is there and fails."""
    answers = {arm: [probe.present for probe in probes if probe.arm == arm] for arm in ARMS}
    return [arm for arm in ARMS if answers[arm] and not any(answers[arm])]


def _queries(endpoint: Endpoint, blocks: Sequence[PairedBlock], around: _Around) -> Queries | None:
    """The statements of both arms, with what they were measured to cost where the cell has a delay."""
    matrix = around.info.matrix
    found = compare_queries(endpoint, around.base, around.head, matrix.round_trips_ms, around.lines)
    if found is None:
        return None
    extra_ms = found.extra_ms_per_request
    cost = measured_cost(
        blocks,
        [block for block in around.record.undelayed if block.endpoint == endpoint.name],
        around.round_trip,
        None if extra_ms is None else extra_ms / found.round_trip_ms,
        confidence(matrix.gate),
    )
    return found.model_copy(update={"measured_cost": cost})

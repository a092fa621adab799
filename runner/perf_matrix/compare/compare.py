"""The whole comparison: ``compare(record)``.

Every endpoint is measured by itself, then the p-values of the run are corrected together, then every
endpoint is decided, and verdicts add up to the cell's and the run's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from perf_matrix.compare.arm_queries import ArmQueries, arm_queries
from perf_matrix.compare.cautions import cautions
from perf_matrix.compare.costs import measured_cost, round_trip
from perf_matrix.compare.diff import ChangedLine, changed_lines
from perf_matrix.compare.endpoints import compare_endpoint
from perf_matrix.compare.failures import p_values
from perf_matrix.compare.holm import NEVER, PValues, holm_each_way
from perf_matrix.compare.latency import Latency, confidence
from perf_matrix.compare.measured import Measured, measure_endpoint
from perf_matrix.compare.model import (
    Both,
    CellComparison,
    Comparison,
    EndpointComparison,
    GateResult,
    Queries,
    RoundTrip,
    Subjects,
    Timings,
    Verdict,
)
from perf_matrix.compare.power import detectable
from perf_matrix.compare.queries import compare_queries
from perf_matrix.compare.statement_times import slower, timed_statements
from perf_matrix.compare.summaries import findings
from perf_matrix.compare.verdicts import worst
from perf_matrix.errors import InputError
from perf_matrix.matrix.model import ARMS, Arm, Cell, Endpoint
from perf_matrix.record.model import CellRecord, RunInfo, RunRecord
from perf_matrix.record.progress import progress

Key = tuple[str, ...]
"""(cell, endpoint) or (cell, endpoint, metric)."""


def compare(record: RunRecord) -> Comparison:
    """Compare head with base over everything recorded. Pure: the same record gives the same comparison.

    InputError where only one arm was measured.
    """
    info = record.info
    if set(info.subjects) != set(ARMS):
        raise InputError(
            f"only {info.subjects['head'].spec} was measured: there is nothing to compare it with"
        )
    surroundings = {cell.cell.id: _surroundings(cell, info) for cell in record.cells}
    lines = changed_lines(info.diff)
    measured: dict[Key, Measured] = {
        (cell.cell.id, endpoint.name): _measure(cell, endpoint, surroundings[cell.cell.id], info, lines)
        for cell in record.cells
        for endpoint in info.endpoints
    }
    family = _family(measured)
    endpoints = _compare_all(measured, family, surroundings, info)
    cells = [
        _cell(cell, _of_cell(cell, record), measured, endpoints, surroundings.get(cell.id), info)
        for cell in info.cells
    ]
    return Comparison(
        verdict=worst(cell.verdict for cell in cells),
        subjects=Subjects(base=info.subjects["base"], head=info.subjects["head"]),
        findings=findings(cells, info.matrix.gate.metrics),
        cells=cells,
        gate=_gate(family, info),
        host=info.host,
        tools=info.tools,
        timings=_timings(record),
        warnings=cautions(record, cells, list(family.values())),
    )


@dataclass(frozen=True)
class _Surroundings:
    """What the endpoints of a cell have in common."""

    base: ArmQueries
    head: ArmQueries
    round_trip: RoundTrip | None

    @property
    def connections(self) -> Both:
        return Both(base=self.base.connections, head=self.head.connections)


def _surroundings(record: CellRecord, info: RunInfo) -> _Surroundings:
    base, head = (arm_queries(record, info.endpoints, arm) for arm in ARMS)
    return _Surroundings(base, head, round_trip(record.round_trips))


def _measure(
    record: CellRecord,
    endpoint: Endpoint,
    around: _Surroundings,
    info: RunInfo,
    lines: Sequence[ChangedLine],
) -> Measured:
    matrix = info.matrix
    queries = compare_queries(endpoint, around.base, around.head, matrix.round_trips_ms, lines)
    timed = timed_statements(endpoint.name, around.base, around.head, matrix.gate) if queries else []
    return measure_endpoint(
        record, endpoint, matrix.gate, _with_cost(record, queries, endpoint, around, info), timed
    )


def _with_cost(
    record: CellRecord, queries: Queries | None, endpoint: Endpoint, around: _Surroundings, info: RunInfo
) -> Queries | None:
    """The queries with what they were measured to cost, where the cell has a delay before its database."""
    if queries is None:
        return None
    cost = measured_cost(
        [block for block in record.blocks if block.endpoint == endpoint.name],
        [block for block in record.undelayed if block.endpoint == endpoint.name],
        around.round_trip,
        queries.extra_ms_per_request,
        confidence(info.matrix.gate),
    )
    return queries.model_copy(update={"measured_cost": cost})


def _family(measured: Mapping[Key, Measured]) -> dict[Key, Latency]:
    """Every gated latency quantile of the run: what Holm's correction is made over."""
    return {(*key, metric): one.latencies[metric] for key, one in measured.items() for metric in one.family}


def _compare_all(
    measured: Mapping[Key, Measured],
    family: Mapping[Key, Latency],
    around: Mapping[str, _Surroundings],
    info: RunInfo,
) -> dict[Key, EndpointComparison]:
    measured = _with_slower(measured, info)
    latency = _adjusted({key: one.p for key, one in family.items()})
    failing = _adjusted({key: p_values(one.failures) for key, one in measured.items() if one.failures.any})
    return {
        key: compare_endpoint(
            one,
            {metric: latency[*key, metric] for metric in one.family},
            failing.get(key, NEVER),
            around[key[0]].connections,
            info,
        )
        for key, one in measured.items()
    }


def _with_slower(measured: Mapping[Key, Measured], info: RunInfo) -> dict[Key, Measured]:
    """Every endpoint with the statements that are slower on head, corrected for all statements of the run."""
    adjusted = _adjusted(
        {(*key, one.statement): one.latency.p for key, each in measured.items() for one in each.timed}
    )
    return {key: _slower_of(key, each, adjusted, info) for key, each in measured.items()}


def _slower_of(key: Key, measured: Measured, adjusted: Mapping[Key, PValues], info: RunInfo) -> Measured:
    if measured.queries is None:
        return measured
    own = [adjusted[*key, one.statement] for one in measured.timed]
    found = slower(measured.timed, own, info.matrix.gate)
    return replace(measured, queries=measured.queries.model_copy(update={"slower": found}))


def _adjusted(p: Mapping[Key, PValues]) -> dict[Key, PValues]:
    return dict(zip(p, holm_each_way(list(p.values())), strict=True))


def _of_cell(cell: Cell, record: RunRecord) -> CellRecord | None:
    return next((one for one in record.cells if one.cell.id == cell.id), None)


def _cell(
    cell: Cell,
    record: CellRecord | None,
    measured: Mapping[Key, Measured],
    endpoints: Mapping[Key, EndpointComparison],
    around: _Surroundings | None,
    info: RunInfo,
) -> CellComparison:
    if record is None or around is None:
        words = "nothing was recorded for this cell; perf-matrix run --resume measures it"
        return CellComparison(
            id=cell.id, variants=cell.variants, verdict="invalid", endpoints=[], fault=words
        )
    own = [comparison for key, comparison in endpoints.items() if key[0] == cell.id]
    enough = all(one.enough_blocks for key, one in measured.items() if key[0] == cell.id)
    # A fault is forgiven where a resumed run has measured to the end all the same.
    finished = ("paired" not in info.instruments or enough) and _is_finished(record, info)
    fatal: list[Verdict] = ["invalid"] if record.faults and not finished else []
    return CellComparison(
        id=cell.id,
        variants=cell.variants,
        verdict=worst([*fatal, *(comparison.verdict for comparison in own)]),
        endpoints=own,
        ready_s=_ready(record),
        connections=around.connections,
        round_trip=around.round_trip,
        fault=record.faults[-1].message if record.faults else "",
        log_tail=record.faults[-1].log_tail if record.faults else [],
    )


def _is_finished(record: CellRecord, info: RunInfo) -> bool:
    done = progress(record)
    epochs = info.matrix.epochs if "paired" in info.instruments else 1
    return done.epochs_finished >= epochs and (done.second_scale_finished or not info.grown)


def _ready(record: CellRecord) -> Both:
    """Median seconds from start to readiness over the epochs."""
    base, head = (_ready_s(record, arm) for arm in ARMS)
    return Both(base=base, head=head)


def _ready_s(record: CellRecord, arm: Arm) -> float | None:
    seconds = [epoch.ready_s[arm] for epoch in record.epochs_started if arm in epoch.ready_s]
    return median(seconds) if seconds else None


def _gate(family: Mapping[Key, Latency], info: RunInfo) -> GateResult:
    gate = info.matrix.gate
    return GateResult(
        metrics=gate.metrics,
        alpha=gate.alpha,
        min_effect=gate.min_effect,
        min_effect_ms=gate.min_effect_ms,
        inconclusive=gate.inconclusive,
        tests=len(family),
        confidence=confidence(gate),
        detectable=_detectable(family, info),
    )


def _detectable(family: Mapping[Key, Latency], info: RunInfo) -> dict[str, float]:
    gate = info.matrix.gate
    effects = {
        _name(key, info.cells): detectable(one.units, one.matters, gate.alpha / len(family), confidence(gate))
        for key, one in family.items()
    }
    return {name: effect for name, effect in effects.items() if effect is not None}


def _name(key: Key, cells: Sequence[Cell]) -> str:
    return "/".join(key if len(cells) > 1 else key[1:])


def _timings(record: RunRecord) -> Timings:
    phases: defaultdict[str, float] = defaultdict(float)
    for phase in record.phases:
        phases[phase.name] += phase.seconds
    return Timings(
        total_s=sum(phase.seconds for phase in record.phases),
        measuring_s=sum(phase.seconds for phase in record.phases if phase.measuring),
        phases=dict(phases),
    )

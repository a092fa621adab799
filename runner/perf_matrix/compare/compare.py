"""The whole comparison: ``compare(record)``.

Every endpoint is measured by itself, then the p-values of the run are corrected together, then every
endpoint is decided, and verdicts add up to the cell's and the run's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from perf_matrix.compare.cautions import cautions
from perf_matrix.compare.diff import changed_lines
from perf_matrix.compare.endpoints import compare_endpoint
from perf_matrix.compare.failures import p_values
from perf_matrix.compare.holm import NEVER, PValues, adjusted
from perf_matrix.compare.latency import Latency, confidence
from perf_matrix.compare.load import compare_loads
from perf_matrix.compare.measured import Measured, MeasuredCell, measure_cell
from perf_matrix.compare.model import (
    Both,
    CellComparison,
    Comparison,
    EndpointComparison,
    GateResult,
    Subjects,
    Timings,
    Verdict,
)
from perf_matrix.compare.power import detectable
from perf_matrix.compare.statement_times import slower
from perf_matrix.compare.summaries import findings
from perf_matrix.compare.telemetry import telemetry
from perf_matrix.compare.unfinished import go_on
from perf_matrix.compare.verdicts import worst
from perf_matrix.errors import InputError
from perf_matrix.matrix.model import ARMS, Arm, Cell
from perf_matrix.record.model import CellRecord, RunInfo, RunRecord
from perf_matrix.record.progress import is_finished

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
    lines = changed_lines(info.diff)
    found = {cell.cell.id: measure_cell(cell, info, lines) for cell in record.cells}
    measured: dict[Key, Measured] = {
        (cell, endpoint): one for cell, each in found.items() for endpoint, one in each.endpoints.items()
    }
    family = _family(measured)
    endpoints = _compare_all(measured, family, info)
    cells = [_cell(cell, found.get(cell.id), endpoints, info) for cell in info.cells]
    return Comparison(
        verdict=worst(cell.verdict for cell in cells),
        backend=info.backend,
        subjects=Subjects(base=info.subjects["base"], head=info.subjects["head"]),
        findings=findings(cells, info.matrix.gate.metrics),
        cells=cells,
        gate=_gate(family, measured, info),
        host=info.host,
        hosts=info.merged.hosts if info.merged else {},
        tools=info.tools,
        timings=_timings(record),
        warnings=cautions(record, cells, list(family.values())),
    )


def _family(measured: Mapping[Key, Measured]) -> dict[Key, Latency]:
    """Every gated latency quantile of the run: what Holm's correction is made over."""
    return {(*key, metric): one.latencies[metric] for key, one in measured.items() for metric in one.family}


def _compare_all(
    measured: Mapping[Key, Measured],
    family: Mapping[Key, Latency],
    info: RunInfo,
) -> dict[Key, EndpointComparison]:
    measured = _with_slower(measured, info)
    latency = adjusted({key: one.p for key, one in family.items()})
    loads = compare_loads({key: one.load for key, one in measured.items() if one.load}, info.matrix.gate)
    failing = adjusted({key: p_values(one.failures) for key, one in measured.items() if one.failures.any})
    return {
        key: compare_endpoint(
            one,
            {metric: latency[*key, metric] for metric in one.family},
            failing.get(key, NEVER),
            loads.get(key),
            info,
        )
        for key, one in measured.items()
    }


def _with_slower(measured: Mapping[Key, Measured], info: RunInfo) -> dict[Key, Measured]:
    """Every endpoint with the statements that are slower on head, corrected for all statements of the run."""
    corrected = adjusted(
        {(*key, one.statement): one.latency.p for key, each in measured.items() for one in each.timed}
    )
    return {key: _slower_of(key, each, corrected, info) for key, each in measured.items()}


def _slower_of(key: Key, measured: Measured, corrected: Mapping[Key, PValues], info: RunInfo) -> Measured:
    if measured.queries is None:
        return measured
    own = [corrected[*key, one.statement] for one in measured.timed]
    found = slower(measured.timed, own, info.matrix.gate)
    return replace(measured, queries=measured.queries.model_copy(update={"slower": found}))


def _cell(
    cell: Cell, measured: MeasuredCell | None, endpoints: Mapping[Key, EndpointComparison], info: RunInfo
) -> CellComparison:
    if measured is None:
        words = f"nothing was recorded for this cell; {go_on(info)}"
        return CellComparison(
            id=cell.id, variants=cell.variants, verdict="invalid", endpoints=[], fault=words
        )
    record = measured.record
    own = [comparison for key, comparison in endpoints.items() if key[0] == cell.id]
    # A fault is forgiven where a resumed run has measured to the end all the same.
    fatal: list[Verdict] = ["invalid"] if record.faults and not _is_finished(measured, info) else []
    under_load = [measured.load.verdict] if measured.load else []
    return CellComparison(
        id=cell.id,
        variants=cell.variants,
        verdict=worst([*fatal, *under_load, *(comparison.verdict for comparison in own)]),
        endpoints=own,
        ready_s=_ready(record),
        connections=measured.connections,
        round_trip=measured.round_trip,
        control=measured.control,
        load=measured.load,
        soak=measured.soak,
        telemetry=telemetry(record.telemetry),
        fault=record.faults[-1].message if record.faults else "",
        log_tail=record.faults[-1].log_tail if record.faults else [],
    )


def _is_finished(measured: MeasuredCell, info: RunInfo) -> bool:
    if "paired" in info.instruments and not all(one.enough_blocks for one in measured.endpoints.values()):
        return False
    return is_finished(measured.record, info)


def _ready(record: CellRecord) -> Both:
    """Median seconds from start to readiness over the epochs."""
    base, head = (_ready_s(record, arm) for arm in ARMS)
    return Both(base=base, head=head)


def _ready_s(record: CellRecord, arm: Arm) -> float | None:
    seconds = [epoch.ready_s[arm] for epoch in record.epochs_started if arm in epoch.ready_s]
    return median(seconds) if seconds else None


def _gate(family: Mapping[Key, Latency], measured: Mapping[Key, Measured], info: RunInfo) -> GateResult:
    gate = info.matrix.gate
    return GateResult(
        metrics=gate.metrics,
        alpha=gate.alpha,
        min_effect=gate.min_effect,
        min_effect_ms=gate.min_effect_ms,
        inconclusive=gate.inconclusive,
        tests=len(family),
        confidence=confidence(gate),
        detectable=_detectable(family, measured, info),
    )


def _detectable(
    family: Mapping[Key, Latency], measured: Mapping[Key, Measured], info: RunInfo
) -> dict[str, float]:
    """What each quantile could have shown: nothing where the control moved."""
    gate = info.matrix.gate
    effects = {
        _name(key, info.cells): detectable(one.units, one.matters, gate.alpha / len(family), confidence(gate))
        for key, one in family.items()
        if measured[key[:2]].moved is None
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
        runners=record.info.merged.runners if record.info.merged else 1,
    )

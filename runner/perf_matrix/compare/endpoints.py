"""One endpoint measured, and its p-values adjusted over the run: the comparison of it, with its verdict.

An undecided tail above a lower gated quantile counts only when it leans: when its estimate is over what
matters. Tails are the last to settle; if every one that is merely not settled yet made its endpoint
inconclusive, a quiet run would never say so. The tail itself still shows ``inconclusive`` and its note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from perf_matrix.compare import advice
from perf_matrix.compare.blocks import MIN_PAIRS, MIN_UNITS, RULES, LatencyMetric, pair_count
from perf_matrix.compare.causes import causes
from perf_matrix.compare.failures import decide_failures
from perf_matrix.compare.holm import NEVER, PValues
from perf_matrix.compare.latency import Latency, decide
from perf_matrix.compare.measured import Measured
from perf_matrix.compare.model import (
    Control,
    EndpointComparison,
    EndpointLoad,
    Errors,
    Paired,
    Quantile,
    Verdict,
)
from perf_matrix.compare.quantiles import quantile
from perf_matrix.compare.unfinished import go_on
from perf_matrix.compare.verdicts import worst
from perf_matrix.matrix.model import ARMS
from perf_matrix.record.model import RunInfo

Quantiles = Mapping[LatencyMetric, Quantile]


def compare_endpoint(
    measured: Measured,
    latency: Mapping[LatencyMetric, PValues],
    failing: PValues,
    load: EndpointLoad | None,
    info: RunInfo,
) -> EndpointComparison:
    """The comparison of one endpoint; ``latency`` and ``failing`` are its adjusted p-values."""
    comparable = measured.recorded and not measured.missing_on
    errors = _errors(measured, failing, info) if comparable else None
    quantiles = {
        metric: _quantile(found, latency.get(metric), measured.moved, info)
        for metric, found in measured.latencies.items()
    }
    paired = _paired(measured, quantiles)
    return EndpointComparison(
        name=measured.endpoint.name,
        request=f"{measured.endpoint.request.method} {measured.endpoint.request.path}",
        verdict=_verdict(measured, quantiles, errors, load, info),
        missing_on=measured.missing_on,
        note="; ".join(_notes(measured, errors, info)),
        queries=measured.queries,
        paired=paired,
        load=load,
        errors=errors,
        causes=causes(measured.queries, paired, measured.connections) if comparable else [],
        control=measured.control,
    )


def _errors(measured: Measured, failing: PValues, info: RunInfo) -> Errors:
    failures = measured.failures
    return Errors(
        base=failures.base,
        head=failures.head,
        requests=failures.requests,
        verdict=decide_failures(failures, failing, info.matrix.gate.alpha),
        examples=failures.examples,
    )


def _paired(measured: Measured, quantiles: Quantiles) -> Paired | None:
    if not measured.blocks:
        return None
    return Paired(
        pairs=pair_count(measured.blocks),
        blocks=len(measured.blocks),
        epochs=len({block.epoch for block in measured.blocks}),
        p50=quantiles.get("p50"),
        p95=quantiles.get("p95"),
        p99=quantiles.get("p99"),
    )


def _quantile(latency: Latency, adjusted: PValues | None, moved: Control | None, info: RunInfo) -> Quantile:
    verdict, note = _decided(latency, adjusted, info)
    if moved is not None:
        verdict, note = "invalid", moved.note if latency.gated else note
    return quantile(latency, adjusted, verdict, note)


def _decided(latency: Latency, adjusted: PValues | None, info: RunInfo) -> tuple[Verdict, str]:
    if not latency.gated:
        return "inconclusive", advice.not_gated(latency)
    verdict = decide(latency, adjusted or NEVER, info.matrix.gate)
    if verdict == "inconclusive":
        return verdict, advice.undecided(latency, adjusted or NEVER, info.matrix)
    return verdict, ""


def _verdict(
    measured: Measured, quantiles: Quantiles, errors: Errors | None, load: EndpointLoad | None, info: RunInfo
) -> Verdict:
    if errors is None:
        return "pass" if len(measured.missing_on) == 1 else "invalid"
    if errors.verdict == "invalid":
        return "invalid"
    under_load = [load.verdict] if load else []
    return worst([errors.verdict, *under_load, *_gated(measured, quantiles, info)])


def _gated(measured: Measured, quantiles: Quantiles, info: RunInfo) -> Iterator[Verdict]:
    """The verdicts that count; what is gated and could not be measured is inconclusive."""
    metrics = info.matrix.gate.metrics
    if "queries" in metrics:
        yield measured.queries.verdict if measured.queries else "inconclusive"
    if set(metrics) & set(RULES) and not measured.family:
        yield "inconclusive"
    for metric in measured.family:
        if quantiles[metric].verdict != "inconclusive" or _counts_undecided(metric, measured):
            yield quantiles[metric].verdict


def _counts_undecided(metric: LatencyMetric, measured: Measured) -> bool:
    """The lowest gated quantile always does; a tail above it only when it leans."""
    latency = measured.latencies[metric]
    return metric == measured.family[0] or latency.interval.estimate > latency.harmless


def _notes(measured: Measured, errors: Errors | None, info: RunInfo) -> Iterator[str]:
    if not measured.recorded:
        yield f"nothing was recorded: {go_on(info)}"
    elif len(measured.missing_on) == len(ARMS):
        yield "not found on either arm: check its method and path in the workload"
    elif measured.missing_on:
        yield f"not in {info.subjects[measured.missing_on[0]].spec}: nothing to compare"
    elif errors and errors.verdict == "invalid":
        yield f"failed its checks on both arms: {'; '.join(errors.examples) or 'no answer'}"
    else:
        yield from _gaps(measured, info)


def _gaps(measured: Measured, info: RunInfo) -> Iterator[str]:
    metrics, queries = info.matrix.gate.metrics, measured.queries
    if "queries" in metrics and queries is None:
        yield "SQL statements were not counted on both arms"
    if queries and queries.verdict == "pass" and (queries.added or queries.removed or queries.changed):
        yield "the same number of SQL statements, but not the same ones"
    if set(metrics) & set(RULES) and not measured.family:
        yield _too_few(measured, [metric for metric in RULES if metric in metrics])


def _too_few(measured: Measured, wanted: Sequence[LatencyMetric]) -> str:
    needed = RULES[wanted[0]].requests
    have = pair_count(measured.blocks)
    if have < needed:
        return f"{wanted[0]} needs {needed} requests per arm, this run has {have}: raise --time"
    blocks = len(measured.blocks)
    return f"{blocks} blocks of at least {MIN_PAIRS} pairs, {MIN_UNITS} are needed: raise --time"

"""What changed, one line each in plain words with units, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from perf_matrix.compare.blocks import RULES
from perf_matrix.compare.model import (
    CellComparison,
    EndpointComparison,
    EndpointLoad,
    Errors,
    Finding,
    Metric,
    Quantile,
    Queries,
    Verdict,
)
from perf_matrix.matrix.model import GatedMetric

_RANK: dict[Verdict, int] = {"regression": 0, "invalid": 1, "improvement": 2}
_KIND: dict[Metric, int] = {"errors": 0, "load": 1, "queries": 2, "p50": 3, "p95": 3, "p99": 3}


@dataclass(frozen=True)
class _Change:
    """A part of an endpoint with its line and what it costs: failures, or ms per request."""

    metric: Metric
    verdict: Verdict
    summary: str
    cost: float


def findings(cells: Iterable[CellComparison], gated: Sequence[GatedMetric]) -> list[Finding]:
    """Regressions, invalid results, improvements; within each failures, load, statements, latency, by cost."""
    found = [(change, cell.id, name) for cell in cells for name, change in _in_cell(cell, gated)]
    found.sort(key=lambda f: (_RANK[f[0].verdict], _KIND[f[0].metric], -f[0].cost, f[1], f[2], f[0].metric))
    return [
        Finding(
            cell=cell, endpoint=name, metric=change.metric, verdict=change.verdict, summary=change.summary
        )
        for change, cell, name in found
    ]


def _in_cell(cell: CellComparison, gated: Sequence[GatedMetric]) -> Iterator[tuple[str, _Change]]:
    if cell.fault and cell.verdict in ("invalid", "regression"):
        yield "", _Change("errors", "invalid", f"{cell.id}: {cell.fault}", cost=0.0)
    yield from _disturbed(cell, gated)
    if cell.load and cell.load.verdict in _RANK:
        yield "", _Change("load", cell.load.verdict, f"under load, {cell.load.note}", cost=inf)
    for endpoint in cell.endpoints:
        for change in _in_endpoint(endpoint, gated):
            if change.verdict in _RANK:
                yield endpoint.name, change


def _disturbed(cell: CellComparison, gated: Sequence[GatedMetric]) -> Iterator[tuple[str, _Change]]:
    """One line for all latencies of the cell where its control moved, else one for each endpoint's own."""
    latencies = [metric for metric in RULES if metric in gated]
    if not latencies:
        return
    if cell.control and cell.control.moved:
        yield "", _Change(latencies[0], "invalid", f"{cell.id}: {cell.control.note}", cost=0.0)
        return
    for endpoint in cell.endpoints:
        if endpoint.control and endpoint.control.moved:
            summary = f"{endpoint.name}: {endpoint.control.note}"
            yield endpoint.name, _Change(latencies[0], "invalid", summary, cost=0.0)


def _in_endpoint(endpoint: EndpointComparison, gated: Sequence[GatedMetric]) -> Iterator[_Change]:
    if endpoint.errors is None or endpoint.errors.verdict == "invalid":
        yield _Change("errors", endpoint.verdict, f"{endpoint.name}: {endpoint.note}", cost=0.0)
        return
    yield _failing(endpoint.name, endpoint.errors)
    if endpoint.load:
        yield _failing_under_load(endpoint.name, endpoint.load)
    if endpoint.queries and "queries" in gated:
        yield _asking(endpoint.name, endpoint.queries)
    yield from _waiting(endpoint)


def _failing(name: str, errors: Errors) -> _Change:
    first = f", first: {errors.examples[0]}" if errors.examples else ""
    cost = float(abs(errors.head - errors.base))
    return _Change("errors", errors.verdict, f"{name}: {_failed(errors)}{first}", cost)


def _failed(errors: Errors) -> str:
    if errors.base == errors.head:
        arm = "head" if errors.verdict == "regression" else "base"
        return f"the first request after every start fails on {arm}"
    return f"{errors.base} -> {errors.head} failed requests of {errors.requests}"


def _failing_under_load(name: str, load: EndpointLoad) -> _Change:
    base, head = load.errors.base or 0, load.errors.head or 0
    sent = f"of {load.requests.base:g} and {load.requests.head:g}"
    why = f": {load.note}" if load.note else ""
    summary = f"{name}: {base:g} -> {head:g} failed requests under load ({sent}){why}"
    return _Change("load", load.verdict, summary, cost=abs(head - base))


def _asking(name: str, queries: Queries) -> _Change:
    if queries.base is None or queries.head is None or queries.extra_ms_per_request is None:
        return _Change(
            "queries", queries.verdict, f"{name}: SQL not counted: {queries.unstable_because}", cost=0.0
        )
    more, extra = queries.head - queries.base, queries.extra_ms_per_request
    summary = (
        f"{name}: {queries.base:g} -> {queries.head:g} SQL statements per request ({more:+g});"
        f" {extra:+.1f} ms per request at a {queries.round_trip_ms:g} ms round trip"
        f"{''.join(_steeper(queries))}"
    )
    return _Change("queries", queries.verdict, summary, cost=abs(extra))


def _steeper(queries: Queries) -> Iterator[str]:
    """What multiplies with the rows, or with the data, since base."""
    for slope in queries.slopes:
        if slope.verdict == "regression":
            line = slope.head
            yield f"; N+1: {line.fixed:g} + {line.per_row:.2f} per {slope.row}" if line else f"; {slope.note}"


def _waiting(endpoint: EndpointComparison) -> Iterator[_Change]:
    paired = endpoint.paired
    quantiles: dict[Metric, Quantile | None] = (
        {"p50": paired.p50, "p95": paired.p95, "p99": paired.p99} if paired else {}
    )
    for metric, found in quantiles.items():
        # What the control made invalid has one line for all of it.
        if found and found.gated and found.verdict != "invalid":
            yield _Change(
                metric, found.verdict, _slowness(endpoint.name, metric, found), abs(found.head - found.base)
            )


def _slowness(name: str, metric: Metric, found: Quantile) -> str:
    low, high = found.ci
    return (
        f"{name}: {metric} {found.base:.3g} -> {found.head:.3g} ms ({_percent(found.ratio)} %,"
        f" {100 * found.confidence:.3g} % interval {_percent(low)} % to {_percent(high)} %)"
    )


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f}"

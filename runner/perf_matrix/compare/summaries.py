"""What changed, one line each in plain words with units, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import (
    CellComparison,
    EndpointComparison,
    Errors,
    Finding,
    Metric,
    Quantile,
    Queries,
    Verdict,
)
from perf_matrix.matrix.model import GatedMetric

_RANK: dict[Verdict, int] = {"regression": 0, "invalid": 1, "improvement": 2}
_KIND: dict[Metric, int] = {"errors": 0, "queries": 1, "p50": 2, "p95": 2, "p99": 2}


@dataclass(frozen=True)
class _Change:
    """A part of an endpoint with its line and what it costs: failures, or ms per request."""

    metric: Metric
    verdict: Verdict
    summary: str
    cost: float


def findings(cells: Iterable[CellComparison], gated: Sequence[GatedMetric]) -> list[Finding]:
    """Regressions, invalid results, improvements; within each failures, statements, latency, by cost."""
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
    for endpoint in cell.endpoints:
        for change in _in_endpoint(endpoint, gated):
            if change.verdict in _RANK:
                yield endpoint.name, change


def _in_endpoint(endpoint: EndpointComparison, gated: Sequence[GatedMetric]) -> Iterator[_Change]:
    if endpoint.errors is None or endpoint.errors.verdict == "invalid":
        yield _Change("errors", endpoint.verdict, f"{endpoint.name}: {endpoint.note}", cost=0.0)
        return
    yield _failing(endpoint.name, endpoint.errors)
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
        if found and found.gated:
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

"""The one table model that every renderer lays out: unrounded numbers with their units.

A row is one endpoint in one cell; a shift is one metric of it, from base to head.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from perf_matrix.compare.model import (
    Both,
    CellComparison,
    Comparison,
    EndpointComparison,
    Errors,
    GateResult,
    Metric,
    Quantile,
    Queries,
    Verdict,
)
from perf_matrix.report import numbers

Unit = Literal["statements", "ms"]
Latency = Literal["p50", "p95", "p99"]

WORST_FIRST: tuple[Verdict, ...] = ("regression", "invalid", "inconclusive", "improvement", "pass")
LATENCIES: tuple[Latency, ...] = ("p50", "p95", "p99")


@dataclass(frozen=True, slots=True)
class Shift:
    """One metric of one endpoint from base to head.

    ``base`` and ``head`` are in ``unit``; ``change`` is a difference in statements per request, or a
    relative change of a time (0.2: 20 % slower); ``interval`` is in the unit of ``change``.
    """

    unit: Unit
    base: float | None
    head: float | None
    change: float | None
    verdict: Verdict
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    gated: bool = True
    exact: bool = True
    other_statements: bool = False


@dataclass(frozen=True, slots=True)
class StatementShift:
    """One SQL statement, and how often a request issues it on each arm."""

    statement: str
    base: float
    head: float

    @property
    def change(self) -> float:
        """Difference in calls per request."""
        return self.head - self.base


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint in one cell."""

    cell: str
    endpoint: str
    request: str
    verdict: Verdict
    shifts: Mapping[Metric, Shift]
    pairs: int | None = None
    blocks: int | None = None
    statements: Sequence[StatementShift] = ()
    notes: Sequence[str] = ()

    @property
    def severity(self) -> float:
        """Largest relative change among the metrics that gave the row its verdict; 0 where there is none."""
        return max(
            (_relative(s) for s in self.shifts.values() if s.gated and s.verdict == self.verdict), default=0.0
        )


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, worst first. ``cells`` tells whether they come from several cells."""

    rows: Sequence[Row]
    cells: bool

    def shifts(self, metric: Metric) -> list[Shift]:
        """Return the shifts of one metric, of the rows in which it was measured."""
        return [row.shifts[metric] for row in self.rows if metric in row.shifts]


def table(comparison: Comparison, verdicts: Sequence[Verdict]) -> Table:
    """Return the endpoints that both arms have and that got one of the verdicts, worst first."""
    rows = [row for row in _rows(comparison) if row.verdict in verdicts]
    rows.sort(key=lambda row: (WORST_FIRST.index(row.verdict), -row.severity))
    return Table(rows, cells=len(comparison.cells) > 1)


def cell_label(cell: CellComparison) -> str:
    """Return the cell's variants without the names of the axes: 'langfuse-otel/four'."""
    return "/".join(cell.variants.values()) or cell.id


def _rows(comparison: Comparison) -> Iterator[Row]:
    for cell in comparison.cells:
        for endpoint in cell.endpoints:
            if not endpoint.missing_on:
                yield _row(cell, endpoint, comparison.gate)


def _row(cell: CellComparison, endpoint: EndpointComparison, gate: GateResult) -> Row:
    paired = endpoint.paired
    return Row(
        cell=cell_label(cell),
        endpoint=endpoint.name,
        request=endpoint.request,
        verdict=endpoint.verdict,
        shifts=dict(_shifts(endpoint, gate)),
        pairs=paired.pairs if paired else None,
        blocks=paired.blocks if paired else None,
        statements=_statements(endpoint.queries) if endpoint.queries else (),
        notes=tuple(_notes(endpoint)),
    )


def _shifts(endpoint: EndpointComparison, gate: GateResult) -> Iterator[tuple[Metric, Shift]]:
    if endpoint.queries:
        yield "queries", _count_shift(endpoint.queries, gated="queries" in gate.metrics)
    for metric in LATENCIES:
        quantile = getattr(endpoint.paired, metric, None)
        if quantile:
            yield metric, _latency_shift(quantile)


def _count_shift(queries: Queries, *, gated: bool) -> Shift:
    measured = queries.base is not None and queries.head is not None
    return Shift(
        unit="statements",
        base=queries.base,
        head=queries.head,
        change=(queries.head or 0.0) - (queries.base or 0.0) if measured else None,
        verdict=queries.verdict,
        gated=gated,
        exact=queries.stable,
        other_statements=bool(queries.added or queries.removed or queries.changed),
    )


def _latency_shift(quantile: Quantile) -> Shift:
    low, high = quantile.ci
    return Shift(
        unit="ms",
        base=quantile.base,
        head=quantile.head,
        change=quantile.ratio - 1,
        verdict=quantile.verdict,
        interval=(low - 1, high - 1),
        p_value=_p_value(quantile),
        gated=quantile.gated,
    )


def _p_value(quantile: Quantile) -> float | None:
    """Return the p-value of the direction that the verdict is about, corrected where it is gated."""
    if quantile.verdict == "improvement":
        return quantile.p_faster_adjusted
    return quantile.p_adjusted if quantile.gated else quantile.p_value


def _statements(queries: Queries) -> tuple[StatementShift, ...]:
    """Return every statement whose calls changed, the largest change first."""
    shifts = [
        *(StatementShift(s.statement, 0.0, s.per_request) for s in queries.added),
        *(StatementShift(s.statement, s.base, s.head) for s in queries.changed),
        *(StatementShift(s.statement, s.per_request, 0.0) for s in queries.removed),
    ]
    return tuple(sorted(shifts, key=lambda shift: -shift.change))


def _notes(endpoint: EndpointComparison) -> Iterator[str]:
    """Explain the row in words: what the counts hide, what would settle an open question."""
    if endpoint.note:
        yield endpoint.note
    if endpoint.queries:
        yield from _query_notes(endpoint.queries)
    if endpoint.errors and endpoint.errors.verdict != "pass":
        yield f"failed checks: {failures(endpoint.errors)}"
    if endpoint.verdict != "pass":
        yield from _quantile_notes(endpoint)


def failures(errors: Errors) -> str:
    """Return how many answers failed their checks on each arm."""
    return f"{errors.base} on base, {errors.head} on head, of {errors.requests:,} requests each"


def _query_notes(queries: Queries) -> Iterator[str]:
    if not queries.stable:
        reason = queries.unstable_because or "repeats did not agree"
        yield f"SQL count is unstable: {reason}"
    if queries.verdict == "pass":
        return
    if queries.per_row and _differ(queries.per_row):
        yield f"SQL for each further row of data: {_arrow(queries.per_row)}"
    if _differ(queries.cold):
        yield f"SQL of the first request after a start: {_arrow(queries.cold)}"
    if _differ(queries.transactions):
        yield f"transactions per request: {_arrow(queries.transactions)}"
    if queries.extra_ms_per_request:
        yield _cost(queries.extra_ms_per_request, queries.round_trip_ms)


def _cost(extra_ms: float, round_trip_ms: float) -> str:
    change = f"{numbers.trimmed(abs(extra_ms))} ms {'more' if extra_ms > 0 else 'less'}"
    return f"{change} per request, where a round trip to the database takes {round_trip_ms:g} ms"


def _differ(both: Both) -> bool:
    return both.base is not None and both.head is not None and both.base != both.head


def _quantile_notes(endpoint: EndpointComparison) -> Iterator[str]:
    for metric in LATENCIES:
        quantile = getattr(endpoint.paired, metric, None)
        if quantile and quantile.gated and quantile.note and quantile.verdict == "inconclusive":
            yield f"{metric}: {quantile.note}"


def _arrow(both: Both) -> str:
    return " → ".join(numbers.ABSENT if n is None else numbers.count(n) for n in (both.base, both.head))


def _relative(shift: Shift) -> float:
    if shift.change is None:
        return 0.0
    if shift.unit == "statements":
        return abs(shift.change) / max(shift.base or 0.0, 1.0)
    return abs(shift.change)

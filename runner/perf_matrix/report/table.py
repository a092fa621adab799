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
    EndpointLoad,
    GateResult,
    Metric,
    Quantile,
    Queries,
    Verdict,
)
from perf_matrix.report.metrics import LATENCIES
from perf_matrix.report.notes import notes
from perf_matrix.report.statements import StatementLine, changed_lines

Unit = Literal["statements", "ms"]

WORST_FIRST: tuple[Verdict, ...] = ("regression", "invalid", "inconclusive", "improvement", "pass")


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
class Work:
    """What the database does for one request: ``cold`` statements after a start, rows, ms, share of the time.

    ``exact`` and ``cold_exact`` tell whether the statements were counted exactly, later on and at first.
    """

    cold: Both
    rows: Both
    db_ms: Both
    db_share: Both
    exact: bool
    cold_exact: bool


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
    work: Work | None = None
    causes: Sequence[str] = ()
    statements: Sequence[StatementLine] = ()
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


def load_table(cell: CellComparison) -> Table:
    """Return the cell's endpoints with their latencies under load, those that changed most first."""
    rows = [_load_row(cell, endpoint, endpoint.load) for endpoint in cell.endpoints if endpoint.load]
    shown = [row for row in rows if row.shifts]
    shown.sort(key=lambda row: -max(_relative(shift) for shift in row.shifts.values()))
    return Table(shown, cells=False)


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
        work=_work(endpoint.queries) if endpoint.queries else None,
        # One more statement needs no name: the statement's own line says it.
        causes=tuple(cause.summary for cause in endpoint.causes if cause.kind != "extra-statement"),
        statements=changed_lines(endpoint.queries) if endpoint.queries else (),
        notes=tuple(notes(endpoint)),
    )


def _load_row(cell: CellComparison, endpoint: EndpointComparison, load: EndpointLoad) -> Row:
    quantiles = ((metric, getattr(load, metric)) for metric in LATENCIES)
    return Row(
        cell=cell_label(cell),
        endpoint=endpoint.name,
        request=endpoint.request,
        verdict=load.verdict,
        shifts={metric: _latency_shift(quantile) for metric, quantile in quantiles if quantile},
    )


def _work(queries: Queries) -> Work:
    return Work(
        queries.cold,
        queries.rows,
        queries.db_ms,
        queries.db_share,
        exact=queries.stable,
        cold_exact=queries.cold_exact,
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


def _relative(shift: Shift) -> float:
    if shift.change is None:
        return 0.0
    if shift.unit == "statements":
        return abs(shift.change) / max(shift.base or 0.0, 1.0)
    return abs(shift.change)

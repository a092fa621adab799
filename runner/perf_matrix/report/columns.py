"""How each number of the table is written: columns of cells, the same for every renderer.

A cell consists of parts, which a terminal lines up below each other and Markdown joins with blanks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from perf_matrix.compare.model import Both, GateResult, Verdict
from perf_matrix.report import numbers
from perf_matrix.report.metrics import LATENCIES, Latency
from perf_matrix.report.table import Row, Shift, Table, Work

Side = Literal["left", "right"]
Group = Literal[
    "cell", "endpoint", "queries", "cold", "rows", "db", "share", "p50", "p95", "p99", "n", "verdict"
]
Aspect = Literal["all", "values", "interval", "p"]
Part = tuple[Group, Aspect]

MARKS: dict[Verdict, str] = {
    "regression": "▲",
    "improvement": "▼",
    "pass": "~",
    "inconclusive": "?",
    "invalid": "✗",
}


NOT_GATED = "°"


@dataclass(frozen=True, slots=True)
class Text:
    """What stands in one cell. ``outside``: written by somebody else, to be escaped as code."""

    parts: tuple[str, ...]
    verdict: Verdict | None = None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``sides`` says how each part of its cells is lined up."""

    group: Group
    header: str
    text: Callable[[Row], Text]
    sides: tuple[Side, ...] = ("left",)


@dataclass(frozen=True, slots=True)
class _WorkColumn:
    """A number of the database's work: which one, how it is written, and whether it claims to be exact."""

    group: Group
    header: str
    of: Callable[[Work], Both]
    write: Callable[[float], str]
    sure: Callable[[Work], bool] = lambda _: True


NOTHING = Text(())


# What rows that all have the same verdict do not need to say.
COMPACT: frozenset[Part] = frozenset(
    {("p50", "p"), ("p95", "p"), ("p99", "all"), ("n", "all"), ("verdict", "all")}
)

# What a table of latencies leaves to the table of the database's work, and the other way round.
WORK: frozenset[Part] = frozenset({("cold", "all"), ("rows", "all"), ("db", "all"), ("share", "all")})
LATENCY: frozenset[Part] = frozenset(
    {("p50", "all"), ("p95", "all"), ("p99", "all"), ("n", "all"), ("verdict", "all")}
)

# Latencies under load are shown, not gated: what speaks of tests is left out.
UNDER_LOAD: frozenset[Part] = frozenset(
    {("p50", "p"), ("p95", "p"), ("p99", "p"), ("n", "all"), ("verdict", "all")}
)


def columns(table: Table, gate: GateResult, left_out: Collection[Part] = ()) -> list[Column]:
    """Return every column that has something to say about the table, left to right, but those left out."""
    found = [_cell()] if table.cells else []
    found.append(_endpoint())
    if table.shifts("queries"):
        found.append(_queries())
    found += _work(table)
    for metric in LATENCIES:
        if table.shifts(metric):
            found += _latency(metric, table, gate, left_out)
    if any(row.pairs for row in table.rows):
        found.append(_n())
    return [column for column in [*found, _verdict()] if (column.group, "all") not in left_out]


def grouped(table: Table, gate: GateResult, left_out: Collection[Part]) -> list[list[Column]]:
    """Return the columns of a table, those of one metric together, for pages that are not wide."""
    found = columns(table, gate, left_out)
    return [list(group) for _, group in groupby(found, key=lambda column: column.group)]


def scale(table: Table) -> numbers.Scale:
    """Return the one unit for all times of the table."""
    shifts = [shift for metric in LATENCIES for shift in table.shifts(metric)]
    return numbers.scale_for(value for s in shifts for value in (s.base, s.head) if value is not None)


def verdict_text(verdict: Verdict) -> str:
    """Return the verdict as a mark and a word: never the colour alone."""
    return f"{MARKS[verdict]} {verdict}"


def _cell() -> Column:
    return Column("cell", "cell", lambda row: Text((row.cell,), outside=True))


def _endpoint() -> Column:
    return Column("endpoint", "endpoint", lambda row: Text((row.endpoint,), outside=True))


def _queries() -> Column:
    sides: tuple[Side, ...] = ("right", "left", "left", "left", "right")
    return Column("queries", "SQL/request", lambda row: _count_text(row.shifts.get("queries")), sides)


def _count_text(shift: Shift | None) -> Text:
    if shift is None:
        return NOTHING
    values = (_count(shift.base, shift), "→", _count(shift.head, shift))
    return Text((*values, *_count_change(shift)), _shown(shift))


def _count(value: float | None, shift: Shift) -> str:
    if value is None:
        return numbers.ABSENT
    return numbers.count(value) if shift.exact else numbers.approximate(numbers.count(value))


def _count_change(shift: Shift) -> tuple[str, ...]:
    mark = MARKS[shift.verdict] if shift.gated else NOT_GATED
    if shift.change is None:
        return () if shift.verdict == "pass" else (mark,)
    if not shift.exact:
        return mark, numbers.approximate(numbers.signed_count(shift.change))
    if abs(shift.change) > numbers.EXACT:
        return mark, numbers.signed_count(shift.change)
    return ("≠",) if shift.other_statements else ("=",)


def _work(table: Table) -> list[Column]:
    """Return a column for each number of the database's work that was measured anywhere."""
    works = [row.work for row in table.rows if row.work]
    times = (ms for work in works for ms in (work.db_ms.base, work.db_ms.head) if ms is not None)
    unit = numbers.scale_for(times)
    kinds = (
        _WorkColumn("cold", "SQL cold", lambda work: work.cold, numbers.count, lambda work: work.cold_exact),
        _WorkColumn("rows", "rows", lambda work: work.rows, numbers.count, lambda work: work.exact),
        _WorkColumn("db", f"DB {unit.unit}", lambda work: work.db_ms, unit.text),
        _WorkColumn("share", "DB share", lambda work: work.db_share, numbers.share),
    )
    return [_work_column(kind) for kind in kinds if any(_measured(kind.of(work)) for work in works)]


def _work_column(kind: _WorkColumn) -> Column:
    def roughly(value: float) -> str:
        return numbers.approximate(kind.write(value))

    def text(row: Row) -> Text:
        if row.work is None or not _measured(kind.of(row.work)):
            return NOTHING
        return _arrow(kind.of(row.work), kind.write if kind.sure(row.work) else roughly)

    return Column(kind.group, kind.header, text, ("right", "left", "right"))


def _arrow(both: Both, write: Callable[[float], str]) -> Text:
    base, head = (numbers.ABSENT if value is None else write(value) for value in (both.base, both.head))
    return Text((base, "→", head))


def _measured(both: Both) -> bool:
    return both.base is not None or both.head is not None


def _latency(metric: Latency, table: Table, gate: GateResult, left_out: Collection[Part]) -> list[Column]:
    found = [
        _change_only(metric) if (metric, "values") in left_out else _values_and_change(metric, scale(table))
    ]
    if (metric, "interval") not in left_out:
        header = f"{numbers.configured(gate.confidence)} interval"
        found.append(
            Column(metric, header, lambda row: _interval(row.shifts.get(metric)), ("right", "right"))
        )
    tested = any(shift.p_value is not None for shift in table.shifts(metric))
    if tested and (metric, "p") not in left_out:
        found.append(Column(metric, "p", lambda row: _p_value(row.shifts.get(metric)), ("right",)))
    return found


def _values_and_change(metric: Latency, unit: numbers.Scale) -> Column:
    sides: tuple[Side, ...] = ("right", "left", "right", "left", "right")
    return Column(metric, f"{metric} {unit.unit}", lambda row: _values(row.shifts.get(metric), unit), sides)


def _change_only(metric: Latency) -> Column:
    return Column(metric, metric, lambda row: _change(row.shifts.get(metric)), ("left", "right"))


def _values(shift: Shift | None, unit: numbers.Scale) -> Text:
    if shift is None or shift.base is None or shift.head is None:
        return NOTHING
    change = _change(shift)
    return Text((unit.text(shift.base), "→", unit.text(shift.head), *change.parts), change.verdict)


def _change(shift: Shift | None) -> Text:
    if shift is None or shift.change is None:
        return NOTHING
    if not shift.gated:
        found = MARKS[shift.verdict] if shift.verdict in ("regression", "improvement") else ""
        return Text((f"{NOT_GATED}{found}", numbers.percent(shift.change)))
    if shift.verdict == "pass":
        return Text((MARKS["pass"],))
    return Text((MARKS[shift.verdict], numbers.percent(shift.change)), shift.verdict)


def _interval(shift: Shift | None) -> Text:
    if shift is None or shift.interval is None:
        return NOTHING
    low, high = (numbers.percent(bound) for bound in shift.interval)
    return Text((f"[{low},", f"{high}]"))


def _p_value(shift: Shift | None) -> Text:
    return NOTHING if shift is None or shift.p_value is None else Text((numbers.p_value(shift.p_value),))


def _n() -> Column:
    return Column("n", "pairs/blocks", _n_text, ("right",))


def _n_text(row: Row) -> Text:
    return Text((f"{row.pairs}/{row.blocks}",)) if row.pairs else NOTHING


def _verdict() -> Column:
    return Column("verdict", "verdict", lambda row: Text((verdict_text(row.verdict),), row.verdict))


def _shown(shift: Shift) -> Verdict | None:
    """Return the verdict where the count itself is what has it: statements may also be but slower."""
    same = shift.exact and shift.change is not None and abs(shift.change) <= numbers.EXACT
    quiet = shift.verdict == "pass" or (same and not shift.other_statements)
    return None if quiet or not shift.gated else shift.verdict


def widths(texts: Sequence[Text], sides: int) -> list[int]:
    """Return the width of each part of a column, for renderers that line the parts up."""
    return [max((len(t.parts[i]) for t in texts if len(t.parts) > i), default=0) for i in range(sides)]

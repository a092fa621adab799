"""What databases did since they were last looked at, so that no statement falls between two looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from perf_matrix.queries.capture import StatementCounters
from perf_matrix.record.model import StatementCount


@dataclass(frozen=True)
class Done:
    """The statements that one database executed between two looks.

    ``evicted``: the server forgot some of them meanwhile, so the counts cannot be trusted.
    """

    statements: list[StatementCount]
    evicted: bool


@dataclass(frozen=True)
class _Total:
    """Of one text, over all its rows in pg_stat_statements."""

    calls: int = 0
    rows: int = 0
    exec_ms: float = 0.0

    def plus(self, count: StatementCount) -> _Total:
        return _Total(self.calls + count.calls, self.rows + count.rows, self.exec_ms + count.exec_ms)


class Ledger:
    """Differences of cumulative counters; the counters themselves are never reset.

    Resetting before each window would lose what is executed between a snapshot and the reset that follows
    it: writes that are flushed in the background have no manners. And a statement that is under way during
    a reset comes back with its constants in its text.
    """

    def __init__(self, counters: StatementCounters, databases: Collection[str]) -> None:
        """Begin with what is counted now. Raises MeasurementError as the counters do."""
        self._counters = counters
        self._totals: dict[str, dict[str, _Total]] = {}
        for database in databases:
            self._begin(database)

    def since(self, databases: Collection[str]) -> Mapping[str, Done]:
        """Return what each database did since it was last asked about. MeasurementError as the counters."""
        found = self._counters.snapshot(databases)
        return {database: self._since(database, found[database]) for database in databases}

    def _since(self, database: str, counts: Sequence[StatementCount]) -> Done:
        before, now = self._totals[database], _totals(counts)
        lost = any(now.get(text, _Total()).calls < total.calls for text, total in before.items())
        if lost or self._counters.evicted(database):
            self._begin(database)
            return Done([], evicted=True)
        self._totals[database] = now
        return Done(_differences(before, now), evicted=False)

    def _begin(self, database: str) -> None:
        self._counters.accept(database)
        self._totals[database] = _totals(self._counters.snapshot([database])[database])


def _totals(counts: Sequence[StatementCount]) -> dict[str, _Total]:
    totals: defaultdict[str, _Total] = defaultdict(_Total)
    for count in counts:
        totals[count.text] = totals[count.text].plus(count)
    return dict(totals)


def _differences(before: Mapping[str, _Total], now: Mapping[str, _Total]) -> list[StatementCount]:
    return [
        _difference(text, before.get(text, _Total()), total)
        for text, total in now.items()
        if total != before.get(text)
    ]


def _difference(text: str, before: _Total, now: _Total) -> StatementCount:
    return StatementCount(
        text=text,
        calls=now.calls - before.calls,
        rows=now.rows - before.rows,
        # Sums of floating point numbers may differ in their last digits.
        exec_ms=max(0.0, now.exec_ms - before.exec_ms),
    )

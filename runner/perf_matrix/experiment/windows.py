"""The ``queries`` instrument: windows of a few requests, each with what the database did meanwhile.

Both arms get the same window, one after the other; each has a database of its own, so that neither
disturbs the counts of the other.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle
from statistics import median
from typing import Literal

from perf_matrix.load.agent import Agent
from perf_matrix.load.results import ProbeResult
from perf_matrix.matrix.model import ARMS, Arm
from perf_matrix.queries.capture import StatementCounters
from perf_matrix.queries.profile import WINDOW_SIZES, needs_more
from perf_matrix.record.model import Presence, QueryWindow, StatementCount

# A service writes a little after it answered; batches that wait for seconds are told apart by their counts.
_QUIET_S = 0.1
_QUIET_LIMIT_S = 1.5
_IDLE_S = 2.0
# What the first request found wrong may have been the start's fault, so there is a second one.
_FIRST_ATTEMPTS = 2

Kind = Literal["cold", "warm", "idle"]


@dataclass(frozen=True)
class Taken:
    """What the windows of one endpoint showed: the arms that answer as they should, and seconds for a pair."""

    answering: frozenset[Arm]
    pair_s: float


@dataclass(frozen=True)
class _Sent:
    """What one arm was sent in a window."""

    requests: int
    failed: int
    latencies_ms: list[float]


class WindowTaker:
    """Takes windows on one running stack and records them.

    ``earlier``: the cell's windows of earlier epochs. Where they settled a count, one more window tells
    whether it is the same after a fresh start.
    """

    def __init__(
        self,
        agent: Agent,
        counters: StatementCounters,
        databases: Mapping[Arm, str],
        earlier: Iterable[QueryWindow],
        *,
        epoch: int,
        record: Callable[[Presence | QueryWindow], None],
    ) -> None:
        self._agent = agent
        self._counters = counters
        self._databases = databases
        self._epoch = epoch
        self._record = record
        self._windows: dict[tuple[str | None, Arm], list[QueryWindow]] = defaultdict(list)
        for window in earlier:
            self._keep(window)

    def take_idle(self) -> None:
        """Record what both arms' databases do while no request is sent."""
        begin = self._begin(ARMS)
        time.sleep(_IDLE_S)
        self._end(None, "idle", {arm: _Sent(0, 0, []) for arm in ARMS}, begin)

    def take_endpoint(self, endpoint: str) -> Taken:
        """Record the first request to each arm (cold), then warm windows until both arms' counts are exact."""
        wanting = [arm for arm in ARMS if self._take_first(endpoint, arm)]
        answering = frozenset(wanting)
        latencies_ms: dict[Arm, list[float]] = {arm: [] for arm in answering}
        sizes = cycle(WINDOW_SIZES)
        while wanting:
            size, begin = next(sizes), self._begin(wanting)
            sent = {arm: self._send(endpoint, arm, size) for arm in wanting}
            self._end(endpoint, "warm", sent, begin)
            for arm, one in sent.items():
                latencies_ms[arm] += one.latencies_ms
            wanting = [arm for arm in wanting if self._needs_more(endpoint, arm)]
        return Taken(answering, sum(median(times) for times in latencies_ms.values() if times) / 1000)

    def _needs_more(self, endpoint: str, arm: Arm) -> bool:
        return needs_more(self._windows[endpoint, arm], self._windows[None, arm])

    def _keep(self, window: QueryWindow) -> None:
        self._windows[window.endpoint, window.arm].append(window)

    def _take_first(self, endpoint: str, arm: Arm) -> bool:
        """Send the first request, and once more if it fails; tells whether the arm answers as it should."""
        for attempt in range(_FIRST_ATTEMPTS):
            begin = self._begin([arm])
            first = self._agent.probe(endpoint, arm)
            failed = bool(first.failures) or not first.present
            if attempt == 0:
                self._end(endpoint, "cold", {arm: _Sent(1, int(failed), [first.latency_ms])}, begin)
            self._record(self._presence(endpoint, arm, first))
            if not failed or not first.present:
                return not failed
        return False

    def _presence(self, endpoint: str, arm: Arm, first: ProbeResult) -> Presence:
        return Presence(
            epoch=self._epoch,
            endpoint=endpoint,
            arm=arm,
            status=first.status,
            present=first.present,
            failures=first.failures,
            latency_ms=first.latency_ms,
        )

    def _send(self, endpoint: str, arm: Arm, requests: int) -> _Sent:
        result = self._agent.serial(endpoint, arm, requests)
        return _Sent(result.sent, result.failed, result.latencies_ms)

    def _begin(self, arms: Collection[Arm]) -> float:
        for arm in arms:
            self._counters.reset(self._databases[arm])
        return time.monotonic()

    def _end(self, endpoint: str | None, kind: Kind, sent: Mapping[Arm, _Sent], begin: float) -> None:
        names = {arm: self._databases[arm] for arm in sent}
        self._counters.settle(list(names.values()), _QUIET_S, _QUIET_LIMIT_S, time.sleep, time.monotonic)
        seconds = time.monotonic() - begin
        found = self._counters.snapshot(list(names.values()))
        for arm, one in sent.items():
            window = self._window(endpoint, kind, arm, one, seconds, found[names[arm]])
            self._record(window)
            self._keep(window)

    def _window(
        self,
        endpoint: str | None,
        kind: Kind,
        arm: Arm,
        sent: _Sent,
        seconds: float,
        statements: list[StatementCount],
    ) -> QueryWindow:
        return QueryWindow(
            epoch=self._epoch,
            endpoint=endpoint,
            arm=arm,
            kind=kind,
            requests=sent.requests,
            seconds=seconds,
            statements=statements,
            evicted=bool(self._counters.evicted(self._databases[arm])),
            failed_requests=sent.failed,
        )

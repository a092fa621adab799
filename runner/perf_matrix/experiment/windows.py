"""The ``queries`` instrument: windows of a few requests, each with what the database did meanwhile.

All arms get the same window, one after the other; each has a database of its own, so that neither
disturbs the counts of the other.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle
from statistics import median

from perf_matrix.experiment.deaths import check_after_failure
from perf_matrix.experiment.points import Point
from perf_matrix.load.agent import Agent
from perf_matrix.load.results import BlockResult, ProbeResult
from perf_matrix.matrix.model import Arm
from perf_matrix.queries.capture import StatementCounters
from perf_matrix.queries.ledger import Done, Ledger
from perf_matrix.queries.profile import WINDOW_SIZES, needs_more
from perf_matrix.record.model import DataScale, Presence, QueryWindow, WindowKind

# A service writes a little after it answered; batches that wait for seconds are told apart by their counts.
_QUIET_S = 0.1
_QUIET_LIMIT_S = 1.5
# Statements that a request may leave to be executed after its answer, one after the other.
_SLOWEST = 10
_IDLE_S = 2.0
# What the first request found wrong may have been the start's fault, so there is a second one.
_FIRST_ATTEMPTS = 2

_Key = tuple[str | None, int | None, Arm]


@dataclass(frozen=True)
class Taken:
    """What the windows of one endpoint showed: the arms that answer as they should, and seconds for a pair."""

    answering: frozenset[Arm]
    pair_s: float


@dataclass(frozen=True)
class _Sent:
    """What one arm was sent in a window: times in ms and numbers of rows are those of the good answers."""

    requests: int
    failed: int
    latencies_ms: list[float]
    rows: list[int]


_NOTHING_SENT = _Sent(0, 0, [], [])


class WindowTaker:
    """Takes windows on one running stack and records them; they follow each other without a gap.

    ``earlier``: the cell's windows of earlier epochs. Where they settled a count, one more window tells
    whether it is the same after a fresh start. ``delay_s``: that of a round trip to the database.
    ``check_alive`` raises where a part of the stack has ended.
    """

    def __init__(
        self,
        agent: Agent,
        counters: StatementCounters,
        databases: Mapping[Arm, str],
        earlier: Iterable[QueryWindow],
        *,
        epoch: int,
        scale: DataScale,
        delay_s: float,
        record: Callable[[Presence | QueryWindow], None],
        check_alive: Callable[[], None],
    ) -> None:
        self._agent = agent
        self._counters = counters
        self._ledger = Ledger(counters, list(databases.values()))
        self._databases = databases
        self._epoch = epoch
        self._scale = scale
        self._delay_s = delay_s
        self._record = record
        self._check_alive = check_alive
        self._looked_at = time.monotonic()
        self._windows: dict[_Key, list[QueryWindow]] = defaultdict(list)
        for window in earlier:
            if window.scale == scale:
                self._keep(window)

    def take_idle(self) -> None:
        """Record what the databases do while no request is sent."""
        time.sleep(_IDLE_S)
        self._look(None, "idle", dict.fromkeys(self._databases, _NOTHING_SENT))

    def take_first(self, point: Point) -> Taken:
        """Record the first request to each arm (cold), then warm windows until all counts are exact."""
        probes = {arm: self._probe(point, arm) for arm in self._databases}
        self._settle()
        self._look(point, "cold", {arm: _probed(answers) for arm, answers in probes.items()})
        answering = frozenset(arm for arm, answers in probes.items() if _is_good(answers[-1]))
        return Taken(answering, self.take_more(point, answering))

    def take_more(self, point: Point, arms: Collection[Arm]) -> float:
        """Record warm windows until the arms' counts are exact; returns seconds for a request to each."""
        latencies_ms: dict[Arm, list[float]] = {arm: [] for arm in arms}
        sizes = cycle(WINDOW_SIZES)
        wanting = [arm for arm in self._databases if arm in arms]
        while wanting:
            size = next(sizes)
            sent = {arm: self._send(point, arm, size) for arm in wanting}
            self._settle()
            self._look(point, "warm", sent)
            for arm, one in sent.items():
                latencies_ms[arm] += one.latencies_ms
            wanting = [arm for arm in wanting if self._needs_more(point, arm)]
        return sum(median(times) for times in latencies_ms.values() if times) / 1000

    def is_settled(self, point: Point, arms: Collection[Arm]) -> bool:
        """Whether the windows so far, also those of earlier epochs, tell the point's count exactly."""
        return not any(self._needs_more(point, arm) for arm in arms)

    def note_block(self, kind: WindowKind, point: Point, result: BlockResult, requests: int) -> None:
        """Record what the databases did while a block of pairs was measured: ``requests`` to each arm."""
        latencies_ms = {"base": result.base_ms, "head": result.head_ms}
        failed = sum(result.failed.values())
        sent = {arm: _Sent(requests, failed, latencies_ms[arm], []) for arm in self._databases}
        self._look(point, kind, sent)

    def _needs_more(self, point: Point, arm: Arm) -> bool:
        return needs_more(self._windows[point.endpoint, point.page_size, arm], self._windows[None, None, arm])

    def _keep(self, window: QueryWindow) -> None:
        self._windows[window.endpoint, window.page_size, window.arm].append(window)

    def _probe(self, point: Point, arm: Arm) -> list[ProbeResult]:
        """Send the first request, and once more if it fails though the endpoint is there."""
        answers: list[ProbeResult] = []
        while len(answers) < _FIRST_ATTEMPTS and not (answers and _is_final(answers[-1])):
            answers.append(self._agent.probe(point.request.name, arm))
            if not _is_good(answers[-1]):
                # That a proxy has ended is a fault of the measurement, not an endpoint that the version lacks.
                check_after_failure(self._check_alive)
            self._record(self._presence(point.endpoint, arm, answers[-1]))
        return answers

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

    def _send(self, point: Point, arm: Arm, requests: int) -> _Sent:
        result = self._agent.serial(point.request.name, arm, requests)
        return _Sent(result.sent, result.failed, result.latencies_ms, result.rows)

    def _settle(self) -> None:
        names = list(self._databases.values())
        # Statements that follow each other end a delay apart.
        quiet_s, limit_s = _QUIET_S + self._delay_s, _QUIET_LIMIT_S + _SLOWEST * self._delay_s
        self._counters.settle(names, quiet_s, limit_s, time.sleep, time.monotonic)

    def _look(self, point: Point | None, kind: WindowKind, sent: Mapping[Arm, _Sent]) -> None:
        """Record a window for every arm; one that was sent nothing meanwhile rested."""
        names = list(self._databases.values())
        done, connections = self._ledger.since(names), self._counters.connections(names)
        now = time.monotonic()
        seconds, self._looked_at = now - self._looked_at, now
        for arm, name in self._databases.items():
            if arm in sent:
                window = self._window(point, kind, arm, sent[arm], seconds, done[name], connections[name])
            else:
                window = self._window(
                    None, "rest", arm, _NOTHING_SENT, seconds, done[name], connections[name]
                )
            self._record(window)
            self._keep(window)

    def _window(
        self,
        point: Point | None,
        kind: WindowKind,
        arm: Arm,
        sent: _Sent,
        seconds: float,
        done: Done,
        connections: int,
    ) -> QueryWindow:
        return QueryWindow(
            epoch=self._epoch,
            endpoint=point.endpoint if point else None,
            arm=arm,
            kind=kind,
            requests=sent.requests,
            seconds=seconds,
            statements=done.statements,
            evicted=done.evicted,
            failed_requests=sent.failed,
            scale=self._scale,
            page_size=point.page_size if point else None,
            rows=sent.rows[0] if len(set(sent.rows)) == 1 else None,
            request_ms=sum(sent.latencies_ms),
            connections=connections,
        )


def _is_good(answer: ProbeResult) -> bool:
    return answer.present and not answer.failures


def _is_final(answer: ProbeResult) -> bool:
    return _is_good(answer) or not answer.present


def _probed(answers: list[ProbeResult]) -> _Sent:
    good = [answer.latency_ms for answer in answers if _is_good(answer)]
    return _Sent(len(answers), len(answers) - len(good), good, [])

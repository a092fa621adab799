"""A service with a database, simulated: what it does is known, so that what is concluded can be checked.

Time is simulated, too. Windows are cut as `perf_matrix.experiment.windows` and `.blocks` cut them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from perf_matrix.matrix.model import Cell
from perf_matrix.queries.profile import WINDOW_SIZES, needs_more
from perf_matrix.record.model import CellRecord, QueryWindow, StatementCount, WindowKind

QUIET_S, QUIET_LIMIT_S, IDLE_S = 0.1, 1.5, 2.0
BLOCK_REQUESTS = 11


@dataclass(frozen=True)
class Work:
    """What each request of an endpoint does: statements while it is answered, and rows left to a writer.

    ``calls``: canonical text -> calls. ``transactions``: how many BEGIN and COMMIT it sends. ``queued``: text
    of a writer's statement -> rows for it. ``other_s``: what a request to the other arm takes.
    """

    calls: Mapping[str, int]
    transactions: int = 0
    queued: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.01
    other_s: float = 0.01


@dataclass(frozen=True)
class Job:
    """Runs by the clock, first at ``phase_s`` seconds after the start, whether there are requests or not."""

    statement: str
    calls: int
    period_s: float
    phase_s: float
    in_transaction: bool = False


@dataclass(frozen=True)
class Refresh:
    """A cache that is read anew at every ``every``-th request, whichever it is; ``phase`` were before the first."""

    statement: str
    calls: int
    every: int
    phase: int


@dataclass(frozen=True)
class Writer:
    """Empties its queue by the clock: with one INSERT of many rows, or with an INSERT for each row."""

    statement: str
    period_s: float
    phase_s: float
    row_by_row: bool = False
    in_transaction: bool = False


@dataclass(frozen=True)
class OneOff:
    """A statement of a migration or the like, executed once at some time after a start."""

    statement: str
    calls: int
    at_s: float


@dataclass(frozen=True)
class Mix:
    """Everything that happens in a service."""

    endpoints: Mapping[str, Work]
    jobs: Sequence[Job] = ()
    refreshes: Sequence[Refresh] = ()
    writers: Sequence[Writer] = ()
    one_offs: Sequence[OneOff] = ()


class Service:
    """The service after one start: time passes and requests are answered, and the database counts."""

    def __init__(self, mix: Mix) -> None:
        self.now = 0.0
        self.executed = 0
        self._mix = mix
        self._requests = 0
        self._queues: Counter[str] = Counter()
        self._calls: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._due: dict[Job | Writer | OneOff, float] = {
            **{job: job.phase_s for job in mix.jobs},
            **{writer: writer.phase_s for writer in mix.writers},
            **{once: once.at_s for once in mix.one_offs},
        }

    def request(self, work: Work) -> None:
        """Answer one request, which takes its time."""
        self.pass_time(work.seconds)
        for text, calls in work.calls.items():
            self._execute(text, calls, calls)
        self._execute("BEGIN", work.transactions, 0)
        self._execute("COMMIT", work.transactions, 0)
        self._queues.update(work.queued)
        self._requests += 1
        for refresh in self._mix.refreshes:
            if (self._requests + refresh.phase) % refresh.every == 0:
                self._execute(refresh.statement, refresh.calls, refresh.calls)

    def pass_time(self, seconds: float) -> None:
        """Let the clock go on, and execute what is due meanwhile."""
        until = self.now + seconds
        while self._due and min(self._due.values()) <= until:
            event = min(self._due, key=lambda one: self._due[one])
            self.now = self._due.pop(event)
            self._happen(event)
        self.now = until

    def look(self) -> list[StatementCount]:
        """Return what was executed since the last look, as pg_stat_statements has it."""
        counts = [
            StatementCount(text=spelling, calls=share, rows=rows, exec_ms=share * 0.25)
            for text, calls in self._calls.items()
            for spelling, share, rows in _spelled(text, calls, self._rows[text])
        ]
        self._calls, self._rows = Counter(), Counter()
        return counts

    def _happen(self, event: Job | Writer | OneOff) -> None:
        if isinstance(event, Job):
            self._execute(event.statement, event.calls, event.calls)
            self._execute("BEGIN", int(event.in_transaction), 0)
            self._execute("COMMIT", int(event.in_transaction), 0)
            self._due[event] = self.now + event.period_s
        elif isinstance(event, Writer):
            self._flush(event)
            self._due[event] = self.now + event.period_s
        else:
            self._execute(event.statement, event.calls, 0)

    def _flush(self, writer: Writer) -> None:
        rows = self._queues.pop(writer.statement, 0)
        if rows:
            self._execute("BEGIN", int(writer.in_transaction), 0)
            self._execute(writer.statement, rows if writer.row_by_row else 1, rows)
            self._execute("COMMIT", int(writer.in_transaction), 0)

    def _execute(self, text: str, calls: int, rows: int) -> None:
        if calls:
            self._calls[text] += calls
            self._rows[text] += rows
            self.executed += calls


def _spelled(text: str, calls: int, rows: int) -> list[tuple[str, int, int]]:
    """A client that prepares a statement after some calls writes it a little differently from then on."""
    prepared = calls // 2
    spelled = text.replace("IN ($1)", "IN ($1,$2)").replace("VALUES ($1)", "VALUES ($1),($2)") + " -- again"
    return [(text, calls - prepared, rows), *([(spelled, prepared, 0)] if prepared else [])]


class Recorder:
    """Cuts one arm's time into windows, without a gap, over any number of starts."""

    def __init__(self, mix: Mix) -> None:
        self.windows: list[QueryWindow] = []
        self.mix = mix
        self._epoch = -1
        self._by_endpoint: defaultdict[str | None, list[QueryWindow]] = defaultdict(list)
        self.start()

    def start(self) -> None:
        """Begin another epoch on a fresh start, with an idle window."""
        self._epoch += 1
        self._service = Service(self.mix)
        self._looked_at = 0.0
        self._service.pass_time(IDLE_S)
        self._look(None, "idle", 0)

    def take_first(self, endpoint: str, rests: int = 0) -> None:
        """A cold window, and warm ones until they agree; then the other arm may need ``rests`` more."""
        self._send(endpoint, "cold", 1)
        sizes = cycle(WINDOW_SIZES)
        self._send(endpoint, "warm", next(sizes))
        while needs_more(self._by_endpoint[endpoint], self._by_endpoint[None]):
            self._send(endpoint, "warm", next(sizes))
        for _ in range(rests):
            self._service.pass_time(next(sizes) * self.mix.endpoints[endpoint].other_s)
            self._settle()
            self._look(None, "rest", 0)

    def take_block(self, endpoint: str) -> None:
        """A block of pairs; nothing is waited for after it."""
        self._requests(endpoint, BLOCK_REQUESTS)
        self._look(endpoint, "paired", BLOCK_REQUESTS)

    def record(self) -> CellRecord:
        """What would be read back."""
        return CellRecord(cell=Cell(id="default", variants={}), windows=self.windows)

    def _send(self, endpoint: str, kind: WindowKind, requests: int) -> None:
        self._requests(endpoint, requests)
        self._settle()
        self._look(endpoint, kind, requests)

    def _requests(self, endpoint: str, requests: int) -> None:
        work = self.mix.endpoints[endpoint]
        for _ in range(requests):
            self._service.request(work)
        self._service.pass_time(requests * work.other_s)

    def _settle(self) -> None:
        began = quiet_since = self._service.now
        executed = self._service.executed
        while self._service.now - quiet_since < QUIET_S and self._service.now - began < QUIET_LIMIT_S:
            self._service.pass_time(QUIET_S / 4)
            if self._service.executed != executed:
                executed, quiet_since = self._service.executed, self._service.now

    def _look(self, endpoint: str | None, kind: WindowKind, requests: int) -> None:
        window = QueryWindow(
            epoch=self._epoch,
            endpoint=endpoint,
            arm="base",
            kind=kind,
            requests=requests,
            seconds=self._service.now - self._looked_at,
            statements=self._service.look(),
            evicted=False,
            request_ms=0.0,
        )
        self._looked_at = self._service.now
        self.windows.append(window)
        self._by_endpoint[endpoint].append(window)

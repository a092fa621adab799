"""One cell: epoch after epoch, each on a freshly started stack, until its time is used."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from perf_matrix.compare.widths import planned_blocks
from perf_matrix.errors import MeasurementError
from perf_matrix.experiment.blocks import BlockTaker
from perf_matrix.experiment.budget import (
    Costs,
    assumed_costs,
    counting_s,
    epoch_ends_at,
    load_s,
    refuse_if_too_short,
    rounds_of_epoch,
    rounds_per_epoch,
    second_scale_s,
)
from perf_matrix.experiment.deaths import check_after_failure
from perf_matrix.experiment.delay import Delay
from perf_matrix.experiment.display import Display
from perf_matrix.experiment.load import LoadTaker, mix_of
from perf_matrix.experiment.phases import Phases
from perf_matrix.experiment.points import Points, points_at
from perf_matrix.experiment.windows import Taken, WindowTaker
from perf_matrix.load.agent import Agent
from perf_matrix.load.results import BlockResult
from perf_matrix.load.slot import LoadRunner, Mix
from perf_matrix.matrix.model import Arm, Cell, Endpoint, Load
from perf_matrix.queries.capture import StatementCounters
from perf_matrix.record.folder import RunFolder
from perf_matrix.record.layout import CellItem
from perf_matrix.record.model import (
    CellRecord,
    DataScale,
    EpochEnd,
    EpochStart,
    LoadSlot,
    PairedBlock,
    Presence,
    QueryWindow,
    RunInfo,
    SoakSlot,
    TelemetrySeen,
    UndelayedBlock,
    Usage,
    WindowKind,
)
from perf_matrix.record.progress import rounds_left, soaks_left
from perf_matrix.stacks.telemetry import TelemetryCounts

# What the two control requests of a pair take, about.
_CONTROLS_S = 0.003


class Stack(Protocol):
    """A running stack, whoever runs it."""

    @property
    def urls(self) -> dict[Arm, str]:
        """Each arm's origin."""

    @property
    def databases(self) -> dict[Arm, str]:
        """Each arm's database."""

    @property
    def control_url(self) -> str | None:
        """Where its upstream stand-in answers at once, if it has one."""

    @property
    def ready_s(self) -> Mapping[Arm, float]:
        """How long each arm took to be ready."""

    @property
    def delay(self) -> Delay | None:
        """What holds back the answers of its database, if anything does."""

    def usage(self, arm: Arm) -> Usage:
        """What an arm has used since it started: its processes together. PartDiedError where it has ended."""

    def telemetry(self) -> TelemetryCounts:
        """What its telemetry sink has got since it started."""

    def check_alive(self) -> None:
        """Raise PartDiedError where a part has ended."""

    def stop(self) -> None:
        """End it."""


class StartStack(Protocol):
    """Starts the stack of a cell afresh, its databases at one of the run's data scales."""

    def __call__(self, cell: Cell, scale: DataScale, logs: Path, waiting: Callable[[], None]) -> Stack:
        """Return when every arm is ready."""


class StartAgent(Protocol):
    """Starts the load agent against a stack."""

    def __call__(
        self, urls: Mapping[Arm, str], control: str | None, endpoints: list[Endpoint], log: Path
    ) -> Agent:
        """Return when it is ready for commands. ``control``: see Stack.control_url."""


class MakeLoadRunner(Protocol):
    """Makes what sends load to a stack; nothing is started by that."""

    def __call__(self, urls: Mapping[Arm, str], mix: Mix, log: Path) -> LoadRunner:
        """Return it."""


@dataclass(frozen=True)
class Bench:
    """What measuring needs, passed in."""

    folder: RunFolder
    counters: StatementCounters
    start_stack: StartStack
    start_agent: StartAgent
    make_load_runner: MakeLoadRunner
    phases: Phases
    display: Display
    rng: random.Random


@dataclass(frozen=True)
class Plan:
    """What is still to do for a cell: ``epochs`` epochs in ``limit_s`` seconds, numbered from ``first_epoch``.

    ``second_scale``: after them, the lists at the second data scale, within the limit too.
    """

    cell: Cell
    limit_s: float
    epochs: int
    first_epoch: int
    second_scale: bool
    earlier: CellRecord


def expected_s(plan: Plan, info: RunInfo) -> float:
    """What a plan takes, about: all of its time where latencies are compared."""
    if "paired" in info.instruments:
        return plan.limit_s
    names = [endpoint.name for endpoint in info.endpoints]
    return counting_s(assumed_costs(names, len(info.grown), load_s=0.0))


def measure_cell(bench: Bench, plan: Plan) -> None:
    """Measure what is left. What is recorded is safe at any moment, whatever ends this."""
    measuring = _Measuring(bench, plan)
    for number in range(plan.epochs):
        measuring.run_epoch(number)
    if plan.second_scale:
        measuring.run_second_scale(plan.epochs)


@dataclass(frozen=True)
class _Running:
    """A started stack with its agent, and what counts its statements."""

    stack: Stack
    agent: Agent
    windows: WindowTaker
    start_s: float
    logs: Path


class _Measuring:
    """A cell being measured; knows everything that was recorded of it so far."""

    def __init__(self, bench: Bench, plan: Plan) -> None:
        self._bench = bench
        self._plan = plan
        self._info = bench.folder.info
        self._blocks = list(plan.earlier.blocks)
        self._windows = list(plan.earlier.windows)
        self._slots = list(plan.earlier.slots)
        self._soaks = list(plan.earlier.soaks)
        self._ends_at = time.monotonic() + plan.limit_s
        self._reserved_s = 0.0

    def run_epoch(self, number: int) -> None:
        """Count statements and, where the run does that, compare latencies for a fair share of the time."""
        begin = time.monotonic()
        title = f"epoch {number + 1} of {self._plan.epochs}"
        points = points_at("first", self._info.requests_of(self._plan.cell.id))
        with self._started(number, "first", title, points) as running:
            with self._bench.phases.measuring("SQL windows"):
                measured_from = time.monotonic()
                taken = self._take_windows(running, points, title)
                windows_s = time.monotonic() - measured_from
            self._reserve(running.start_s, windows_s)
            if "paired" in self._info.instruments:
                controls_s = _CONTROLS_S if running.stack.control_url else 0.0
                pair_s = {
                    name: one.pair_s + controls_s for name, one in taken.items() if len(one.answering) > 1
                }
                costs = Costs(
                    start_s=running.start_s,
                    windows_s=windows_s,
                    pair_s=pair_s,
                    blocks_per_round=1 if _felt(running.stack.delay) is None else 2,
                    second_scale_s=self._reserved_s,
                    load_s=load_s(self._info.load, self._slots, self._soaks),
                )
                self._refuse_if_too_short(number, costs)
                ends_at = self._ends_at - self._reserved_s - costs.load_s
                until = epoch_ends_at(begin, ends_at, self._plan.epochs - number)
                with self._bench.phases.measuring("request pairs"):
                    self._take_blocks(running, points, list(pair_s), number, until, title)
                mixed = [point.request for point in points.main if point.endpoint in pair_s]
                if self._info.load is not None and mixed:
                    with self._bench.phases.measuring("load"):
                        self._take_load(running, self._info.load, mixed, number, title)

    def run_second_scale(self, number: int) -> None:
        """Count the statements of the lists once more, with more rows in the database."""
        title = "second data scale"
        points = points_at("second", self._info.requests_of(self._plan.cell.id))
        with (
            self._started(number, "second", title, points) as running,
            self._bench.phases.measuring("SQL windows"),
        ):
            self._take_windows(running, points, title)

    @contextmanager
    def _started(self, number: int, scale: DataScale, title: str, points: Points) -> Iterator[_Running]:
        """Start the stack; a body that comes to its end ends the epoch as planned."""
        bench, epoch, begin = self._bench, self._plan.first_epoch + number, time.monotonic()
        logs = bench.folder.logs(self._plan.cell.id) / f"epoch-{epoch + 1}"
        with ExitStack() as started:
            with bench.phases.preparing("start the stack"):
                bench.display.stage(f"{self._titled(title)}: starting the service")
                stack = bench.start_stack(self._plan.cell, scale, logs, self._waiting(begin))
                started.callback(self._stop, stack)
            start_s = time.monotonic() - begin
            with _blaming_what_ended(stack):
                self._append(_epoch_start(epoch, scale, stack, start_s))
                if stack.delay is not None:
                    self._append(stack.delay.check(epoch))
                with bench.start_agent(
                    stack.urls, stack.control_url, points.requests, logs / "k6.log"
                ) as agent:
                    windows = self._window_taker(agent, stack, epoch, scale)
                    yield _Running(stack, agent, windows, start_s, logs)
                self._append(_telemetry(epoch, stack.telemetry()))
                self._append(EpochEnd(epoch=epoch, ended_at=time.time()))

    def _stop(self, stack: Stack) -> None:
        with self._bench.phases.preparing("stop the stack"):
            stack.stop()

    def _window_taker(self, agent: Agent, stack: Stack, epoch: int, scale: DataScale) -> WindowTaker:
        return WindowTaker(
            agent,
            self._bench.counters,
            stack.databases,
            self._windows,
            epoch=epoch,
            scale=scale,
            delay_s=stack.delay.asked_ms / 1000 if stack.delay else 0.0,
            record=self._keep_window,
            check_alive=stack.check_alive,
        )

    def _take_windows(self, running: _Running, points: Points, title: str) -> dict[str, Taken]:
        """Count the statements of every point; returns what the main ones showed, by endpoint."""
        self._bench.display.stage(f"{self._titled(title)}: counting SQL statements")
        running.windows.take_idle()
        taken = {}
        # In one order always: which request fills which cache is then the same on every start.
        for place, point in enumerate(points.main):
            self._bench.display.step(f"endpoint {place + 1} of {len(points.main)} ({point.endpoint})")
            taken[point.endpoint] = running.windows.take_first(point)
        for point in points.other_pages:
            answering = taken[point.endpoint].answering
            if not running.windows.is_settled(point, answering):
                self._bench.display.step(f"{point.endpoint} with pages of {point.page_size}")
                running.windows.take_more(point, answering)
        running.stack.check_alive()
        return taken

    def _reserve(self, start_s: float, windows_s: float) -> None:
        """Keep time for the second scale, as long as this epoch's start and windows let expect."""
        lists = len(self._info.grown) if self._plan.second_scale else 0
        self._reserved_s = second_scale_s(start_s, windows_s, len(self._info.endpoints), lists)

    def _refuse_if_too_short(self, number: int, costs: Costs) -> None:
        # A resumed run has its minimum measured in any case, however little of its time was left.
        if number == 0 and self._plan.first_epoch == 0:
            refuse_if_too_short(self._plan.limit_s, costs, self._plan.epochs)

    def _take_blocks(
        self, running: _Running, points: Points, names: list[str], number: int, until: float, title: str
    ) -> None:
        display, by_name = self._bench.display, {point.endpoint: point for point in points.main}

        def note(kind: WindowKind, endpoint: str, result: BlockResult, requests: int) -> None:
            running.windows.note_block(kind, by_name[endpoint], result, requests)

        taker = BlockTaker(
            running.agent,
            self._info.matrix.gate,
            self._blocks,
            epoch=self._plan.first_epoch + number,
            wanted=self._wanted_blocks(number),
            rng=self._bench.rng,
            delay=_felt(running.stack.delay),
            record=self._keep_block,
            note=note,
            check_alive=running.stack.check_alive,
        )
        display.stage(f"{self._titled(title)}: comparing latencies")
        rounds = rounds_per_epoch(self._plan.epochs)
        taker.take_rounds(
            names, rounds, lambda place, of, name: display.step(f"block {place} of at least {of} ({name})")
        )
        taker.take_until(
            until, names, lambda name: display.step(f"more blocks where it is least certain ({name})")
        )
        running.stack.check_alive()

    def _take_load(
        self, running: _Running, load: Load, endpoints: list[Endpoint], number: int, title: str
    ) -> None:
        """Take the epoch's rounds, and in the last one the soaks, while the agent waits for a command."""
        display, stack = self._bench.display, running.stack
        mix = mix_of(load, endpoints, self._blocks, self._windows, self._slots)
        taker = LoadTaker(
            self._bench.make_load_runner(stack.urls, mix, running.logs / "k6-load.log"),
            self._bench.counters,
            stack.databases,
            self._slots,
            epoch=self._plan.first_epoch + number,
            seed=f"{self._info.seed}/{self._plan.cell.id}",
            rng=self._bench.rng,
            usage=stack.usage,
            record=self._keep_slot,
            check_alive=stack.check_alive,
        )
        display.stage(f"{self._titled(title)}: load at {mix.rate:g} requests/s")
        taker.take_rounds(
            rounds_of_epoch(rounds_left(load, self._plan.earlier.slots), self._plan.epochs, number),
            load.slot,
            lambda place, of, arm: display.step(f"slot {place} of {of} ({arm})"),
        )
        if load.soak is not None and number == self._plan.epochs - 1:
            arms = soaks_left(load, self._soaks)
            taker.take_soaks(arms, load.soak, lambda arm: display.step(f"soak ({arm})"))

    def _wanted_blocks(self, number: int) -> int:
        """Enough for a difference to be found, in even shares: every epoch has to show it."""
        planned = planned_blocks(len(self._info.endpoints) * len(self._info.cells), self._info.matrix.gate)
        return math.ceil(planned * (number + 1) / self._plan.epochs)

    def _keep_window(self, item: Presence | QueryWindow) -> None:
        self._append(item)
        if isinstance(item, QueryWindow):
            self._windows.append(item)

    def _keep_block(self, block: PairedBlock | UndelayedBlock) -> None:
        self._append(block)
        if not isinstance(block, UndelayedBlock):
            self._blocks.append(block)

    def _keep_slot(self, slot: LoadSlot | SoakSlot) -> None:
        self._append(slot)
        if isinstance(slot, SoakSlot):
            self._soaks.append(slot)
        else:
            self._slots.append(slot)

    def _append(self, item: CellItem) -> None:
        self._bench.folder.append(self._plan.cell.id, item)

    def _titled(self, title: str) -> str:
        return f"cell {self._plan.cell.id}, {title}" if len(self._info.cells) > 1 else title

    def _waiting(self, begin: float) -> Callable[[], None]:
        display = self._bench.display
        return lambda: display.step(f"waiting until it is ready ({time.monotonic() - begin:.0f} s)")


@contextmanager
def _blaming_what_ended(stack: Stack) -> Iterator[None]:
    """What failed may be the consequence of a part that ended, which is then what to tell."""
    try:
        yield
    except MeasurementError:
        check_after_failure(stack.check_alive)
        raise


def _felt(delay: Delay | None) -> Delay | None:
    """The delay where it is one: of 0 ms there is nothing to measure."""
    return delay if delay is not None and delay.asked_ms > 0 else None


def _telemetry(epoch: int, counts: TelemetryCounts) -> TelemetrySeen:
    return TelemetrySeen(
        epoch=epoch,
        exports=counts.requests,
        rejected=counts.rejected,
        spans=counts.spans,
        points=counts.points,
        records=counts.records,
        events=counts.events,
    )


def _epoch_start(epoch: int, scale: DataScale, stack: Stack, start_s: float) -> EpochStart:
    return EpochStart(
        epoch=epoch,
        started_at=time.time() - start_s,
        ready_s=dict(stack.ready_s),
        measuring_from=time.time(),
        scale=scale,
    )

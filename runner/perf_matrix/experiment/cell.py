"""One cell: epoch after epoch, each on a freshly started stack, until its time is used."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from perf_matrix.compare.widths import planned_blocks
from perf_matrix.errors import MeasurementError
from perf_matrix.experiment.blocks import BlockTaker
from perf_matrix.experiment.budget import (
    Costs,
    epoch_ends_at,
    refuse_if_too_short,
    rounds_per_epoch,
)
from perf_matrix.experiment.display import Display
from perf_matrix.experiment.phases import Phases
from perf_matrix.experiment.windows import WindowTaker
from perf_matrix.load.agent import Agent
from perf_matrix.matrix.model import ARMS, Arm, Cell, Endpoint, MatrixFile
from perf_matrix.queries.capture import StatementCounters
from perf_matrix.record.folder import RunFolder
from perf_matrix.record.layout import CellItem
from perf_matrix.record.model import CellRecord, EpochEnd, EpochStart, PairedBlock, Presence, QueryWindow


class Stack(Protocol):
    """A running stack, whoever runs it."""

    @property
    def urls(self) -> dict[Arm, str]:
        """Each arm's origin."""

    @property
    def databases(self) -> dict[Arm, str]:
        """Each arm's database."""

    @property
    def ready_s(self) -> Mapping[Arm, float]:
        """How long each arm took to be ready."""

    def check_alive(self) -> None:
        """Raise PartDiedError where a part has ended."""

    def stop(self) -> None:
        """End it."""


class StartStack(Protocol):
    """Starts the stack of a cell afresh."""

    def __call__(self, cell: Cell, logs: Path, waiting: Callable[[], None]) -> Stack:
        """Return when both arms are ready."""


class StartAgent(Protocol):
    """Starts the load agent against a stack."""

    def __call__(self, urls: Mapping[Arm, str], endpoints: list[Endpoint], log: Path) -> Agent:
        """Return when it is ready for commands."""


@dataclass(frozen=True)
class Bench:
    """What measuring needs, passed in."""

    folder: RunFolder
    counters: StatementCounters
    start_stack: StartStack
    start_agent: StartAgent
    phases: Phases
    display: Display
    rng: random.Random


@dataclass(frozen=True)
class Plan:
    """What is still to do for a cell: ``epochs`` epochs in ``limit_s`` seconds, numbered from ``first_epoch``."""

    cell: Cell
    limit_s: float
    epochs: int
    first_epoch: int
    earlier: CellRecord


def measure_cell(bench: Bench, plan: Plan) -> None:
    """Run the epochs that are left. What is recorded is safe at any moment, whatever ends this."""
    ends_at = time.monotonic() + plan.limit_s
    blocks, windows = list(plan.earlier.blocks), list(plan.earlier.windows)
    for number in range(plan.epochs):
        until = epoch_ends_at(time.monotonic(), ends_at, plan.epochs - number)
        epoch = _Epoch(bench, plan, number, blocks, windows)
        epoch.run(until)


class _Epoch:
    """One epoch of a cell."""

    def __init__(
        self, bench: Bench, plan: Plan, number: int, blocks: list[PairedBlock], windows: list[QueryWindow]
    ) -> None:
        self._bench = bench
        self._plan = plan
        self._number = number
        self._epoch = plan.first_epoch + number
        self._blocks = blocks
        self._windows = windows
        self._matrix: MatrixFile = bench.folder.info.matrix

    def run(self, until: float) -> None:
        """Start the stack, measure until ``until`` (monotonic seconds), stop it."""
        bench, begin = self._bench, time.monotonic()
        logs = bench.folder.logs(self._plan.cell.id) / f"epoch-{self._epoch + 1}"
        with bench.phases.preparing("start the stack"):
            bench.display.stage(f"{self._title()}: starting both proxies")
            stack = bench.start_stack(self._plan.cell, logs, self._waiting(begin))
        try:
            self._measure(stack, logs, until, time.monotonic() - begin)
        except MeasurementError:
            # What failed may be the consequence of a part that ended, which is then what to tell.
            stack.check_alive()
            raise
        finally:
            with bench.phases.preparing("stop the stack"):
                stack.stop()

    def _measure(self, stack: Stack, logs: Path, until: float, start_s: float) -> None:
        bench = self._bench
        self._append(
            EpochStart(
                epoch=self._epoch,
                started_at=time.time() - start_s,
                ready_s=dict(stack.ready_s),
                measuring_from=time.time(),
            )
        )
        with bench.start_agent(stack.urls, bench.folder.info.endpoints, logs / "k6.log") as agent:
            with bench.phases.measuring("SQL windows"):
                begin = time.monotonic()
                pair_s = self._take_windows(agent, stack)
                windows_s = time.monotonic() - begin
            # A resumed run has its minimum measured in any case, however little of its time was left.
            if self._epoch == 0:
                costs = Costs(start_s, windows_s, pair_s)
                refuse_if_too_short(self._plan.limit_s, costs, self._plan.epochs)
            with bench.phases.measuring("request pairs"):
                self._take_blocks(agent, stack, list(pair_s), until)
        self._append(EpochEnd(epoch=self._epoch, ended_at=time.time()))

    def _take_windows(self, agent: Agent, stack: Stack) -> dict[str, float]:
        """Seconds for a pair of requests, for each endpoint that both arms answer as they should."""
        taker = WindowTaker(
            agent,
            self._bench.counters,
            stack.databases,
            self._windows,
            epoch=self._epoch,
            record=self._keep_window,
        )
        self._bench.display.stage(f"{self._title()}: counting SQL statements")
        taker.take_idle()
        pair_s = {}
        names = [endpoint.name for endpoint in self._bench.folder.info.endpoints]
        for place, name in enumerate(self._bench.rng.sample(names, len(names))):
            self._bench.display.step(f"endpoint {place + 1} of {len(names)} ({name})")
            taken = taker.take_endpoint(name)
            if not taken.answering:
                stack.check_alive()
            if len(taken.answering) == len(ARMS):
                pair_s[name] = taken.pair_s
        stack.check_alive()
        return pair_s

    def _take_blocks(self, agent: Agent, stack: Stack, names: list[str], until: float) -> None:
        display = self._bench.display
        taker = BlockTaker(
            agent,
            self._matrix.gate,
            self._blocks,
            epoch=self._epoch,
            wanted=self._wanted_blocks(),
            rng=self._bench.rng,
            record=self._keep_block,
            check_alive=stack.check_alive,
        )
        display.stage(f"{self._title()}: comparing latencies")
        rounds = rounds_per_epoch(self._plan.epochs)
        taker.take_rounds(
            names, rounds, lambda place, of, name: display.step(f"block {place} of at least {of} ({name})")
        )
        taker.take_until(
            until, names, lambda name: display.step(f"more blocks where it is least certain ({name})")
        )
        stack.check_alive()

    def _wanted_blocks(self) -> int:
        """Enough for a difference to be found, in even shares: every epoch has to show it."""
        info = self._bench.folder.info
        planned = planned_blocks(len(info.endpoints) * len(info.cells), self._matrix.gate)
        return math.ceil(planned * (self._number + 1) / self._plan.epochs)

    def _keep_window(self, item: Presence | QueryWindow) -> None:
        self._append(item)
        if isinstance(item, QueryWindow):
            self._windows.append(item)

    def _keep_block(self, block: PairedBlock) -> None:
        self._append(block)
        self._blocks.append(block)

    def _append(self, item: CellItem) -> None:
        self._bench.folder.append(self._plan.cell.id, item)

    def _title(self) -> str:
        cells = self._bench.folder.info.cells
        cell = f"cell {self._plan.cell.id}, " if len(cells) > 1 else ""
        return f"{cell}epoch {self._number + 1} of {self._plan.epochs}"

    def _waiting(self, begin: float) -> Callable[[], None]:
        display = self._bench.display
        return lambda: display.step(f"waiting for both to be ready ({time.monotonic() - begin:.0f} s)")

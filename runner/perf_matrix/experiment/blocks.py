"""The ``paired`` instrument: blocks of request pairs, first a fair share for all, then where they help most."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from perf_matrix.compare.blocks import LatencyMetric
from perf_matrix.compare.widths import interval_width
from perf_matrix.experiment.budget import PAIRS_PER_BLOCK
from perf_matrix.experiment.deaths import check_after_failure
from perf_matrix.experiment.delay import Delay, switched_off
from perf_matrix.load.agent import Agent
from perf_matrix.load.results import BlockResult
from perf_matrix.matrix.model import Gate
from perf_matrix.record.model import PairedBlock, UndelayedBlock, WindowKind

Block = TypeVar("Block", bound=PairedBlock)

# The agent sends it before the pairs of a block; it is in no result.
_LEAD_IN_PAIRS = 1
# Intervals are looked at anew after this share of the endpoints got a block each.
_WIDEST_SHARE = 4


class BlockTaker:
    """Takes blocks on one running stack; knows the blocks of earlier epochs, since intervals span all.

    ``wanted``: how many blocks each endpoint should have by the end of this epoch, if there is time.
    ``note`` is told (kind of block, endpoint, result, requests to each arm) after each block.
    """

    def __init__(
        self,
        agent: Agent,
        gate: Gate,
        earlier: Iterable[PairedBlock],
        *,
        epoch: int,
        wanted: int,
        rng: random.Random,
        delay: Delay | None,
        record: Callable[[PairedBlock | UndelayedBlock], None],
        note: Callable[[WindowKind, str, BlockResult, int], None],
        check_alive: Callable[[], None],
    ) -> None:
        self._agent = agent
        self._metrics = _latency_metrics(gate)
        self._gate = gate
        self._epoch = epoch
        self._wanted = wanted
        self._rng = rng
        self._delay = delay
        self._record = record
        self._note = note
        self._check_alive = check_alive
        self._blocks: dict[str, list[PairedBlock]] = defaultdict(list)
        for block in earlier:
            self._blocks[block.endpoint].append(block)

    def take_rounds(
        self, endpoints: Sequence[str], rounds: int, step: Callable[[int, int, str], None]
    ) -> None:
        """One block of each endpoint per round, in a new random order each time.

        ``step`` is told (number of the block, of how many, endpoint) before each.
        """
        total = rounds * len(endpoints)
        for number in range(rounds):
            for place, endpoint in enumerate(self._rng.sample(endpoints, len(endpoints))):
                step(number * len(endpoints) + place + 1, total, endpoint)
                self.take(endpoint)

    def take_until(self, ends_at: float, endpoints: Sequence[str], step: Callable[[str], None]) -> None:
        """Blocks where they help most, until ``ends_at`` (monotonic seconds).

        First those of which there are fewer than a difference needs to be found in spite of drift, then
        those whose intervals are widest. A block that would not be over by then, going by the one before
        it, is not begun.
        """
        while endpoints:
            for endpoint in self._behind(endpoints) or self._widest(endpoints):
                begin = time.monotonic()
                if begin + self._expected_s(endpoint) > ends_at:
                    return
                step(endpoint)
                self.take(endpoint)

    def take(self, endpoint: str) -> None:
        """Measure one block and record it; where there is a delay, one without it follows.

        Raises PartDiedError where a part of the stack has ended.
        """
        number = len(self._blocks[endpoint])
        block = self._measure(PairedBlock, "paired", endpoint, number)
        self._record(block)
        self._blocks[endpoint].append(block)
        if self._delay is not None:
            with switched_off(self._delay):
                self._record(self._measure(UndelayedBlock, "undelayed", endpoint, number))

    def _measure(self, block: type[Block], kind: WindowKind, endpoint: str, number: int) -> Block:
        order = [index < PAIRS_PER_BLOCK // 2 for index in range(PAIRS_PER_BLOCK)]
        # As many pairs with base first as with head first, so that an order effect cancels out in each block.
        self._rng.shuffle(order)
        started_at = time.time()
        result = self._agent.block(endpoint, order)
        # Not only after a failure: an endpoint that needs no database answers when Postgres is gone, too.
        self._check_alive()
        if any(result.failed.values()):
            check_after_failure(self._check_alive)
        self._note(kind, endpoint, result, PAIRS_PER_BLOCK + _LEAD_IN_PAIRS)
        return block(
            epoch=self._epoch,
            endpoint=endpoint,
            block=number,
            started_at=started_at,
            base_ms=result.base_ms,
            head_ms=result.head_ms,
            head_first=result.head_first,
            failed=result.failed,
            failures=result.failures,
            control_ms=result.control_ms,
        )

    def _behind(self, endpoints: Sequence[str]) -> list[str]:
        few = [endpoint for endpoint in endpoints if len(self._blocks[endpoint]) < self._wanted]
        return self._rng.sample(few, len(few))

    def _widest(self, endpoints: Sequence[str]) -> list[str]:
        count = max(1, len(endpoints) // _WIDEST_SHARE)
        return sorted(endpoints, key=self._width, reverse=True)[:count]

    def _width(self, endpoint: str) -> float:
        blocks = self._blocks[endpoint]
        return max((interval_width(blocks, metric, self._gate) for metric in self._metrics), default=0.0)

    def _expected_s(self, endpoint: str) -> float:
        last = self._blocks[endpoint][-1]
        times = [last.base_ms, last.head_ms, *last.control_ms.values()]
        per_pair = sum(map(sum, times)) / max(len(last.base_ms), 1) / 1000
        blocks = 1 if self._delay is None else 2
        return blocks * (PAIRS_PER_BLOCK + _LEAD_IN_PAIRS) * per_pair


def _latency_metrics(gate: Gate) -> list[LatencyMetric]:
    """The median is measured in any case: it is what a reader looks at first."""
    chosen: list[LatencyMetric] = [metric for metric in gate.metrics if metric != "queries"]
    return chosen or ["p50"]

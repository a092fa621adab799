"""The ``load`` instrument: the weighted mix at a constant rate, in short slots that alternate between the arms.

Both slots of a round send the same requests in the same sequence, at the same moments after their start, so
that what they differ in is the arm, and what else the machine was doing. Which arm is first is drawn anew for
each round.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from perf_matrix.errors import MeasurementError
from perf_matrix.experiment.deaths import check_after_failure
from perf_matrix.load.results import SlotResult
from perf_matrix.load.sequence import draw_sequence
from perf_matrix.load.slot import LoadRunner, Mix, in_flight
from perf_matrix.matrix.model import ARMS, Arm, Endpoint, Load
from perf_matrix.queries.capture import StatementCounters
from perf_matrix.queries.ledger import Done, Ledger
from perf_matrix.record.model import LoadSlot, MemorySample, PairedBlock, QueryWindow, SoakSlot, Usage
from perf_matrix.record.progress import next_round

Slot = TypeVar("Slot", bound=LoadSlot)

# Of what base can answer one at a time: enough for queues to form now and then, and not for one that only grows.
AUTO_SHARE = 0.5
# At this rate k6 takes a fifth of a processor, which the arms would need (benchmarks/load_cost.py).
HIGHEST_AUTO_RATE = 200.0
_LOWEST_AUTO_RATE = 0.1
# What the slot before left to be done must not fall into this one.
_SETTLE_S = 1.0
_SAMPLE_S = 0.5
_SOAK_SAMPLES = 100
_SHORTEST_SOAK_SAMPLE_S = 1.0


def mix_of(
    load: Load,
    endpoints: Sequence[Endpoint],
    blocks: Iterable[PairedBlock],
    windows: Iterable[QueryWindow],
    slots: Iterable[LoadSlot],
) -> Mix:
    """What is sent under load to a cell of which this was recorded so far; ``endpoints`` are not none.

    The rate is that of the slots before, so that all of a cell are alike.
    """
    request_s = mean_request_s(endpoints, blocks, windows)
    earlier = [slot.rate for slot in slots]
    rate = earlier[0] if earlier else rate_of(load, request_s)
    return Mix(endpoints, rate, in_flight(rate, request_s))


def rate_of(load: Load, request_s: float) -> float:
    """Requests per second: what the matrix file says, or by what base takes for a request on average."""
    if load.rate != "auto":
        return load.rate
    return max(_LOWEST_AUTO_RATE, min(HIGHEST_AUTO_RATE, round(AUTO_SHARE / request_s, 1)))


def mean_request_s(
    endpoints: Sequence[Endpoint], blocks: Iterable[PairedBlock], windows: Iterable[QueryWindow]
) -> float:
    """What base takes for a request of the mix without load, in seconds: the weighted mean of medians.

    Those of the pairs; of an endpoint that has none, those of the warm windows. Raises MeasurementError where
    base answered no request of any endpoint as expected.
    """
    blocks, windows = list(blocks), list(windows)
    taken = [(each.weight, _pair_ms(each.name, blocks) or _warm_ms(each.name, windows)) for each in endpoints]
    known = [(weight, median(times)) for weight, times in taken if times]
    if not known:
        raise MeasurementError("base answered no request as expected, so there is no rate to load it with")
    return sum(weight * ms for weight, ms in known) / sum(weight for weight, _ in known) / 1000


class LoadTaker:
    """Takes slots on one running stack and records each as soon as it is over.

    ``earlier``: the cell's slots so far, also those of other epochs. ``seed``: of the sequences, the same for
    the whole run of the cell. ``usage`` tells what an arm has used up to now.
    """

    def __init__(
        self,
        runner: LoadRunner,
        counters: StatementCounters,
        databases: Mapping[Arm, str],
        earlier: Iterable[LoadSlot],
        *,
        epoch: int,
        seed: str,
        rng: random.Random,
        usage: Callable[[Arm], Usage],
        record: Callable[[LoadSlot | SoakSlot], None],
        check_alive: Callable[[], None],
    ) -> None:
        self._runner = runner
        self._ledger = Ledger(counters, list(databases.values()))
        self._databases = databases
        self._next_round = next_round(earlier)
        self._epoch = epoch
        self._seed = seed
        self._rng = rng
        self._usage = usage
        self._record = record
        self._check_alive = check_alive

    def take_rounds(self, count: int, seconds: float, step: Callable[[int, int, Arm], None]) -> None:
        """Take ``count`` rounds, each of one slot of ``seconds`` of either arm.

        ``step`` is told (number of the slot, of how many, arm) before each. Raises PartDiedError where a part
        of the stack has ended, MeasurementError where k6 or the database fails.
        """
        for taken in range(count):
            number = self._next_round
            self._next_round += 1
            sequence = self._draw(seconds, f"round {number}")
            for place, arm in enumerate(self._rng.sample(ARMS, len(ARMS))):
                step(taken * len(ARMS) + place + 1, count * len(ARMS), arm)
                observed = self._observe(arm, sequence, _SAMPLE_S)
                self._record(self._slot(LoadSlot, arm, number, observed))

    def take_soaks(self, arms: Sequence[Arm], seconds: float, step: Callable[[Arm], None]) -> None:
        """Take one slot of ``seconds`` of each of ``arms``, with samples of its memory. Raises as the rounds do.

        The requests are always the same ones, so a run that was interrupted between the arms takes them again.
        """
        sequence = self._draw(seconds, "soak")
        every_s = max(seconds / _SOAK_SAMPLES, _SHORTEST_SOAK_SAMPLE_S)
        for arm in self._rng.sample(arms, len(arms)):
            step(arm)
            observed = self._observe(arm, sequence, every_s)
            slot = self._slot(SoakSlot, arm, 0, observed)
            self._record(slot.model_copy(update={"memory": _memory(observed.samples, slot)}))

    def _draw(self, seconds: float, what: str) -> list[int]:
        mix = self._runner.mix
        return draw_sequence(mix.weights, mix.requests_in(seconds), f"{self._seed}/{what}")

    def _observe(self, arm: Arm, sequence: Sequence[int], sample_s: float) -> _Observed:
        """Send the requests, and see what the arm and its database used meanwhile."""
        time.sleep(_SETTLE_S)
        database = self._databases[arm]
        self._ledger.since([database])
        before, started_at, begin = self._usage(arm), time.time(), time.monotonic()
        samples = [_Sample(0.0, before.memory_bytes)]

        def sample() -> None:
            # A part that ended fails requests, which k6 does not mind: a soak would go on for long.
            self._check_alive()
            samples.append(_Sample(time.monotonic() - begin, self._usage(arm).memory_bytes))

        result = self._runner.run(arm, sequence, sample_s, sample)
        after, done = self._usage(arm), self._ledger.since([database])[database]
        samples.append(_Sample(time.monotonic() - begin, after.memory_bytes))
        self._check_alive()
        if result.failed:
            check_after_failure(self._check_alive)
        # Less than before where a worker ended and nobody waited for it.
        cpu_s = max(0.0, after.cpu_s - before.cpu_s)
        return _Observed(started_at, result, cpu_s, samples, done)

    def _slot(self, kind: type[Slot], arm: Arm, number: int, observed: _Observed) -> Slot:
        result, done = observed.result, observed.done
        return kind(
            epoch=self._epoch,
            round=number,
            arm=arm,
            started_at=observed.started_at,
            seconds=result.due / self._runner.mix.rate,
            rate=self._runner.mix.rate,
            due=result.due,
            dropped=result.dropped,
            latencies_ms=result.latencies_ms,
            failed=result.failed,
            failures=result.failures,
            cpu_s=observed.cpu_s,
            peak_memory_bytes=max(sample.memory_bytes for sample in observed.samples),
            db_ms=None if done.evicted else sum(one.exec_ms for one in done.statements),
            db_calls=None if done.evicted else sum(one.calls for one in done.statements),
        )


@dataclass(frozen=True)
class _Sample:
    """The memory of an arm some seconds after its slot began."""

    at_s: float
    memory_bytes: int


@dataclass(frozen=True)
class _Observed:
    """A slot: what k6 told, what the arm used, and what its database did meanwhile."""

    started_at: float
    result: SlotResult
    cpu_s: float
    samples: list[_Sample]
    done: Done


def _memory(samples: Iterable[_Sample], slot: LoadSlot) -> list[MemorySample]:
    return [
        MemorySample(
            at_s=sample.at_s,
            requests=min(slot.rate * sample.at_s, float(slot.due)),
            memory_bytes=sample.memory_bytes,
        )
        for sample in samples
    ]


def _pair_ms(endpoint: str, blocks: Iterable[PairedBlock]) -> list[float]:
    return [ms for block in blocks if block.endpoint == endpoint for ms in block.base_ms]


def _warm_ms(endpoint: str, windows: Iterable[QueryWindow]) -> list[float]:
    """Per request, of each window with a good one at the first data scale."""
    mine = [
        window
        for window in windows
        if (window.endpoint, window.arm, window.kind, window.scale) == (endpoint, "base", "warm", "first")
    ]
    good = [(window.request_ms or 0.0, window.requests - window.failed_requests) for window in mine]
    return [ms / requests for ms, requests in good if ms and requests]

"""Recorded slots of load in, rounds out: what both arms did with the same requests at the same rate.

The round is to the load what the block is to the pairs: the unit of replication. Requests of a slot queue
behind each other, so they say far less than as many independent ones would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perf_matrix.matrix.model import Arm
from perf_matrix.record.model import LoadSlot

LEAST_ROUNDS = 4
"""What is seen in fewer may be the machine's doing."""


@dataclass(frozen=True)
class Round:
    """Both slots of a round."""

    base: LoadSlot
    head: LoadSlot

    @property
    def valid(self) -> bool:
        """Whether every request that was due was sent to either arm."""
        return not (self.base.dropped or self.head.dropped)


@dataclass(frozen=True)
class Answers:
    """The good answers of one endpoint in one round, in ms; a ``Stretch``."""

    epoch: int
    block: int
    base_ms: Sequence[float]
    head_ms: Sequence[float]


def rounds(slots: Iterable[LoadSlot]) -> list[Round]:
    """The rounds in which both arms had their slot, in order; one that was cut short by the run's end is left out."""
    by_arm: dict[Arm, dict[tuple[int, int], LoadSlot]] = {"base": {}, "head": {}}
    for slot in slots:
        by_arm[slot.arm][slot.epoch, slot.round] = slot
    base, head = by_arm["base"], by_arm["head"]
    return [Round(base[key], head[key]) for key in sorted(base.keys() & head.keys())]


def often(seen: int, among: int) -> bool:
    """Whether something was seen in rounds enough not to be a stall of the machine: four, and half of them."""
    return seen >= LEAST_ROUNDS and 2 * seen >= among


def answers(found: Iterable[Round], endpoint: str) -> list[Answers]:
    """The good answers of ``endpoint`` in each of the rounds."""
    return [
        Answers(
            epoch=each.base.epoch,
            block=each.base.round,
            base_ms=each.base.latencies_ms.get(endpoint, []),
            head_ms=each.head.latencies_ms.get(endpoint, []),
        )
        for each in found
    ]


def answered(slot: LoadSlot) -> int:
    """How many good answers came in a slot."""
    return sum(map(len, slot.latencies_ms.values()))


def sent(slot: LoadSlot) -> int:
    """How many requests were sent in a slot, answered well or not."""
    return answered(slot) + sum(slot.failed.values())

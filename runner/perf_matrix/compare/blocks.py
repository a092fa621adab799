"""Recorded blocks in, the values that are compared out: one quantile per arm and unit of replication.

A unit is a block, or several consecutive blocks of one epoch where a block alone is too small for
the quantile or where there are very many blocks.
Requests are never the unit: neighbours resemble each other, so treating them as independent calls
identical arms different.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
LatencyMetric = Literal["p50", "p95", "p99"]

MIN_PAIRS = 5
"""A unit of fewer pairs has no quantile worth comparing."""
MIN_UNITS = 8
"""Fewer units cannot be decided on; tails are cut into at least this many before units grow."""
MAX_UNITS = 40
"""More blocks are merged: exact tests stay cheap, and longer units forgive autocorrelation."""
RESOLUTION_MS = 1e-3
"""Latencies below the clock's resolution are taken as this, so that ratios exist."""


class Stretch(Protocol):
    """What units are made of: a stretch of one epoch with the latencies of both arms, in ms.

    A ``PairedBlock`` is one, with as many of base as of head; so is a round of load, where numbers may differ.
    """

    @property
    def epoch(self) -> int:
        """The fresh start that it belongs to."""

    @property
    def block(self) -> int:
        """Its place in time."""

    @property
    def base_ms(self) -> Sequence[float]:
        """Good answers of base."""

    @property
    def head_ms(self) -> Sequence[float]:
        """Good answers of head."""


@dataclass(frozen=True)
class QuantileRule:
    """How one quantile is measured."""

    level: float
    requests: int
    """Requests per arm from which it is gated: ten beyond the quantile."""
    unit_pairs: int
    """Pairs that a unit should hold."""


RULES: dict[LatencyMetric, QuantileRule] = {
    "p50": QuantileRule(level=0.50, requests=20, unit_pairs=MIN_PAIRS),
    "p95": QuantileRule(level=0.95, requests=200, unit_pairs=10),
    "p99": QuantileRule(level=0.99, requests=1000, unit_pairs=25),
}


@dataclass(frozen=True)
class Units:
    """Quantiles in ms of both arms, one per unit, in time order; ``epoch[i]`` is unit i's epoch."""

    epoch: IntArray
    base: FloatArray
    head: FloatArray

    def __len__(self) -> int:
        return len(self.epoch)

    @property
    def log_ratios(self) -> FloatArray:
        """log(head/base) per unit; swapping the arms flips the signs exactly."""
        log_ratios: FloatArray = np.log(self.head) - np.log(self.base)
        return log_ratios

    def per_epoch(self, values: FloatArray) -> list[FloatArray]:
        """``values``, one per unit, apart by epoch."""
        return [values[self.epoch == epoch] for epoch in np.unique(self.epoch)]


def units(blocks: Sequence[Stretch], metric: LatencyMetric) -> Units:
    """The units of one endpoint for ``metric``; the order of ``blocks`` does not matter."""
    groups = _groups(blocks, metric)
    quantiles = [both_quantiles(group, RULES[metric].level) for group in groups]
    values = np.array(quantiles, dtype=np.float64).reshape(-1, 2)
    epochs = np.array([group[0].epoch for group in groups], dtype=np.int64)
    return Units(epoch=epochs, base=values[:, 0], head=values[:, 1])


def both_quantiles(blocks: Iterable[Stretch], level: float) -> tuple[float, float]:
    """The quantile in ms of all requests to base and to head, interpolated linearly."""
    blocks = list(blocks)
    base = np.fromiter(chain.from_iterable(block.base_ms for block in blocks), np.float64)
    head = np.fromiter(chain.from_iterable(block.head_ms for block in blocks), np.float64)
    return _quantile(base, level), _quantile(head, level)


def pair_count(blocks: Iterable[Stretch]) -> int:
    """How many requests of each arm the blocks hold."""
    return sum(_pairs(block) for block in blocks)


def _quantile(latencies_ms: FloatArray, level: float) -> float:
    return max(float(np.quantile(latencies_ms, level)), RESOLUTION_MS)


def _pairs(block: Stretch) -> int:
    return min(len(block.base_ms), len(block.head_ms))


def _groups(blocks: Sequence[Stretch], metric: LatencyMetric) -> list[list[Stretch]]:
    least = max(MIN_PAIRS, min(RULES[metric].unit_pairs, pair_count(blocks) // MIN_UNITS))
    ordered = sorted(blocks, key=lambda block: (block.epoch, block.block))
    epochs = [list(members) for _, members in groupby(ordered, key=lambda block: block.epoch)]
    limit = max(1, MAX_UNITS // max(1, len(epochs)))
    return [group for epoch in epochs for group in _at_most(limit, _at_least(least, epoch))]


def _at_least(pairs: int, epoch: Sequence[Stretch]) -> list[list[Stretch]]:
    """Consecutive blocks in groups of at least ``pairs``; what is left over joins the last group."""
    groups: list[list[Stretch]] = []
    waiting: list[Stretch] = []
    missing = pairs
    for block in epoch:
        waiting.append(block)
        missing -= _pairs(block)
        if missing <= 0:
            groups.append(waiting)
            waiting, missing = [], pairs
    if groups:
        groups[-1].extend(waiting)
    return groups


def _at_most(limit: int, groups: Sequence[list[Stretch]]) -> list[list[Stretch]]:
    """Consecutive groups merged as evenly as possible until at most ``limit`` are left."""
    if len(groups) <= limit:
        return list(groups)
    edges = np.linspace(0, len(groups), limit + 1).astype(int)
    return [list(chain.from_iterable(groups[start:end])) for start, end in pairwise(edges)]

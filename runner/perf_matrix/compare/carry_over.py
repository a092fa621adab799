"""Carry-over: do requests take longer right after one arm's request than after the other's?

The orders within pairs are random, so each arm's requests follow either arm's. Where head works on after its
answers, what follows head's requests is slower than what follows base's. Base pays for that three times out of
four and head once, so the ratio is off by half of it where times spread widely, and by all of it where they
do not: the median is then a time of the three. What a request pays for its place in the pair is not
counted: it has the opposite sign in the two arms, whose average is taken.

The control asks the same of requests that go to neither arm. It is short, and an operating system lets what
has waited run before what computes: what a control does not feel, a request that computes may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from math import log, log1p
from statistics import median

import numpy as np

from perf_matrix.compare.blocks import MAX_UNITS, RESOLUTION_MS
from perf_matrix.compare.hodges_lehmann import Interval, interval
from perf_matrix.record.model import PairedBlock

CONFIDENCE = 0.999
"""Of the interval: a warning at every endpoint of every cell must be rare where nothing is wrong."""


def carry_over(blocks: Iterable[PairedBlock]) -> Interval | None:
    """Log-ratio of requests right after head's to those right after base's; None where nothing is known.

    ``blocks`` are one endpoint's.
    """
    ordered = sorted(blocks, key=lambda block: (block.epoch, block.block))
    found = [one for block in ordered if (one := _of_block(block)) is not None]
    if not found:
        return None
    units = np.array_split(found, min(len(found), MAX_UNITS))
    return interval(np.array([unit.mean() for unit in units]), CONFIDENCE)


def is_more(found: Interval, matters: float) -> bool:
    """Whether it is surely more than the relative change that matters."""
    return found.confidence >= CONFIDENCE and max(found.low, -found.high) > log1p(matters)


def _of_block(block: PairedBlock) -> float | None:
    """The average of both arms; None where an arm's requests all followed the same arm's."""
    followed = list(_after_head(block.head_first))
    base = _difference(block.base_ms, [base for base, _ in followed])
    head = _difference(block.head_ms, [head for _, head in followed])
    return None if base is None or head is None else (base + head) / 2


def _after_head(head_first: Sequence[bool]) -> Iterator[tuple[bool, bool]]:
    """For each pair, whether base's and head's request came right after one of head's.

    Before the first pair goes one more in the same order. Where a pair failed and is in no list, the one
    before it stands for it.
    """
    for first, before in zip(head_first, [*head_first[:1], *head_first], strict=False):
        ended_with_head = not before
        yield first or ended_with_head, first and ended_with_head


def _difference(times_ms: Sequence[float], after_head: Sequence[bool]) -> float | None:
    if all(after_head) or not any(after_head):
        return None
    return _log_median(times_ms, after_head) - _log_median(times_ms, [not one for one in after_head])


def _log_median(times_ms: Iterable[float], chosen: Iterable[bool]) -> float:
    return log(max(median(compress(times_ms, chosen)), RESOLUTION_MS))

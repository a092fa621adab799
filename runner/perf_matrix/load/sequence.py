"""Which request comes when under load: drawn beforehand, so that every arm can be sent the same."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate


def draw_sequence(weights: Sequence[float], count: int, seed: str) -> list[int]:
    """Return ``count`` indices into ``weights``, in random order; the same ones for the same ``seed``.

    Each index comes as often as its share of the weights says, rounded up or down at random, so that slots
    differ in their order and hardly in what they are made of. Drawn one by one, a slot with more of the slow
    requests than another would look slower for that alone.
    """
    rng = random.Random(seed)  # noqa: S311
    upto = list(accumulate(weights))
    width = upto[-1] / max(count, 1)
    first = rng.random() * width
    last = len(weights) - 1
    drawn = [min(bisect_right(upto, first + place * width), last) for place in range(count)]
    rng.shuffle(drawn)
    return drawn

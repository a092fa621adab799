"""The noise floor: how far this run's answer would move if the same comparison were made again.

The comparison is made anew in every epoch, and in every half of an epoch, from the blocks of that stretch
alone. The versions are the same in all of them, so what differs between stretches is noise: luck of a
fresh start, other work on the machine for a while. The floor is the standard error that this implies for
the whole. A slowness of head is in every stretch and cancels, so an effect never raises its own limit.

It sees what the interval cannot: the interval takes blocks as independent, and is too narrow when they
come in long good and bad spells.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from perf_matrix.compare.blocks import FloatArray, Units
from perf_matrix.compare.hodges_lehmann import estimate


def noise_floor(units: Units) -> float:
    """The floor as a relative change: 0.02 where repeats would differ by about 2 %. Never negative."""
    epochs = units.per_epoch(units.log_ratios)
    halves = list(chain.from_iterable(_halves(epoch) for epoch in epochs))
    return float(np.expm1(max(_standard_error(epochs), _standard_error(halves))))


def _halves(epoch: FloatArray) -> list[FloatArray]:
    return [half for half in np.array_split(epoch, 2) if len(half)]


def _standard_error(stretches: Sequence[FloatArray]) -> float:
    """Of the mean of the stretches' estimates; 0 for a single stretch, which has nothing to differ from."""
    if len(stretches) == 1:
        return 0.0
    return float(np.std([estimate(one) for one in stretches], ddof=1) / np.sqrt(len(stretches)))

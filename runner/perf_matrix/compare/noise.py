"""The noise floor: how far this run's answer would move if the same comparison were made again.

The comparison is made anew in every epoch, and in every half of an epoch, from the blocks of that stretch
alone. The versions are the same in all of them, so what differs between stretches is noise: luck of a
fresh start, other work on the machine for a while. The floor is two of the standard errors that this
implies for the whole. A slowness of head is in every stretch and cancels, so an effect never raises its
own limit.

It sees what the interval cannot: the interval takes blocks as independent, and is too narrow when they
come in long good and bad spells.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from perf_matrix.compare.blocks import FloatArray, IntArray, Units
from perf_matrix.compare.hodges_lehmann import estimates

STANDARD_ERRORS = 2.0
"""One lets wandering arms through (docs/STATISTICS.md has the rates); three costs real findings."""


def noise_floor(units: Units) -> float:
    """The floor as a relative change: 0.02 where a repeat may well differ by 2 %. Never negative."""
    return float(np.expm1(log_noise(units.log_ratios, units.epoch)))


def log_noise(log_ratios: FloatArray, epoch: IntArray) -> FloatArray:
    """The floor in log-ratios, for one row of units or for many; ``epoch`` is that of each column."""
    epochs = [np.flatnonzero(epoch == one) for one in np.unique(epoch)]
    halves = list(chain.from_iterable(_halves(columns) for columns in epochs))
    errors = np.maximum(_standard_error(log_ratios, epochs), _standard_error(log_ratios, halves))
    floor: FloatArray = STANDARD_ERRORS * errors
    return floor


def _halves(columns: IntArray) -> list[IntArray]:
    return [half for half in np.array_split(columns, 2) if len(half)]


def _standard_error(log_ratios: FloatArray, stretches: Sequence[IntArray]) -> FloatArray:
    """Of the mean of the stretches' estimates; 0 for a single stretch, which has nothing to differ from."""
    found = np.stack([estimates(log_ratios[..., columns]) for columns in stretches])
    spread = np.std(found, axis=0, ddof=min(1, len(stretches) - 1))
    error: FloatArray = np.asarray(spread / np.sqrt(len(stretches)))
    return error

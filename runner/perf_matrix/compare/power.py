"""What a run could have detected: the smallest effect that it would have called in 95 of 100 repeats.

The observed spread of the units is taken as true: repeats are drawn from the normal distribution with
the covariance of (log base, log head) that the units showed, with equal versions. For each repeat the
effect that would just have been called follows without search, since an effect only shifts head's
logarithms: it must carry the interval's lower end over the limit, enough pairs of units into the
Mann-Whitney U, and every epoch's own estimate over the limit. The 95th percentile of these is the answer.
The draws come from a generator of their own with a fixed seed, so the same record gives the same figure.
"""

from __future__ import annotations

from math import expm1, log1p

import numpy as np

from perf_matrix.compare.blocks import FloatArray, Units
from perf_matrix.compare.hodges_lehmann import interval_position, walsh_averages
from perf_matrix.compare.mann_whitney import critical_u

POWER = 0.95
REPEATS = 400
_SEED = 20_240_229


def detectable(units: Units, delta: float, alpha: float, confidence: float) -> float | None:
    """The smallest relative slowdown found with 95 % power; None where no effect could be.

    ``alpha`` is the level of the first of Holm's steps. Needs two units.
    """
    critical = critical_u(len(units), alpha)
    if critical is None:
        return None
    base, head = _repeats(units)
    limit = log1p(delta)
    needed = np.maximum.reduce(
        [
            limit - _lower_ends(head - base, confidence),
            _separation(base, head, critical),
            limit - _weakest_epochs(units, head - base),
        ]
    )
    return expm1(float(np.quantile(needed, POWER)))


def _repeats(units: Units) -> tuple[FloatArray, FloatArray]:
    logs = np.stack([np.log(units.base), np.log(units.head)])
    draws = np.random.default_rng(_SEED).multivariate_normal(
        [0.0, 0.0], np.cov(logs), size=(REPEATS, len(units)), method="eigh"
    )
    return draws[..., 0], draws[..., 1]


def _lower_ends(log_ratios: FloatArray, confidence: float) -> FloatArray:
    position, _ = interval_position(log_ratios.shape[-1], confidence)
    ends: FloatArray = np.partition(walsh_averages(log_ratios), position, axis=-1)[:, position]
    return ends


def _separation(base: FloatArray, head: FloatArray, critical: int) -> FloatArray:
    """The shift of head at which ``critical`` of the pairs of units have head above base."""
    gaps = (base[:, :, None] - head[:, None, :]).reshape(len(base), -1)
    shifts: FloatArray = np.partition(gaps, critical - 1, axis=-1)[:, critical - 1]
    return shifts


def _weakest_epochs(units: Units, log_ratios: FloatArray) -> FloatArray:
    estimates = [
        np.median(walsh_averages(log_ratios[:, units.epoch == epoch]), axis=-1)
        for epoch in np.unique(units.epoch)
    ]
    weakest: FloatArray = np.min(estimates, axis=0)
    return weakest

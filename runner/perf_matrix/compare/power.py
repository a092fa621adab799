"""What a run could have detected: the smallest effect that it would have called in 95 of 100 repeats.

Repeats are drawn from the normal distribution with the covariance of (log base, log head) that the units
showed, with equal versions; each repeat is stretched as much as a spread known from so few units may be
wrong (by the root of (n-1)/chi-square, which makes it Student's t). For each repeat the
effect that would just have been called follows without search, since an effect only shifts head's
logarithms: it must carry the interval's lower end over the limit, one of the two tests to significance,
and every epoch's own estimate over the limit. The 95th percentile of these is the answer.
The draws come from a generator of their own with a fixed seed, so the same record gives the same figure.
"""

from __future__ import annotations

from math import expm1, log1p

import numpy as np

from perf_matrix.compare import significance
from perf_matrix.compare.blocks import FloatArray, Units
from perf_matrix.compare.hodges_lehmann import estimates, interval_position, walsh_averages
from perf_matrix.compare.noise import log_noise

POWER = 0.95
REPEATS = 200
_SEED = 20_240_229


def detectable(units: Units, matters: float, alpha: float, confidence: float) -> float | None:
    """The smallest relative slowdown found with 95 % power; None where no effect could be.

    ``matters`` is the gate's own smallest change, relative; ``alpha`` the level of the first of Holm's
    steps, ``confidence`` the interval's. Needs two units.
    """
    if significance.smallest_p(len(units)) > alpha:
        return None
    base, head = _repeats(units)
    ratios = head - base
    position, _ = interval_position(len(units), confidence)
    surely = np.minimum(_walsh(ratios, position), _weakest_epochs(units, ratios))
    limit = np.maximum(log1p(matters), log_noise(ratios, units.epoch))
    needed = np.maximum(limit - surely, _significant(base, head, alpha))
    return expm1(float(np.quantile(needed, POWER)))


def _repeats(units: Units) -> tuple[FloatArray, FloatArray]:
    """Logarithms of both arms, (repeats, units) each."""
    logs = np.stack([np.log(units.base), np.log(units.head)])
    rng = np.random.default_rng(_SEED)
    draws = rng.multivariate_normal([0.0, 0.0], np.cov(logs), size=(REPEATS, len(units)), method="eigh")
    freedom = len(units) - 1
    draws *= np.sqrt(freedom / rng.chisquare(freedom, size=(REPEATS, 1, 1)))
    return draws[..., 0], draws[..., 1]


def _significant(base: FloatArray, head: FloatArray, alpha: float) -> FloatArray:
    """The shift of head at which either of the two tests reaches ``alpha``."""
    units = base.shape[-1]
    shifts = np.full(len(base), np.inf)
    if (critical := significance.critical_u(units, alpha)) is not None:
        gaps = (base[:, :, None] - head[:, None, :]).reshape(len(base), -1)
        shifts = np.minimum(shifts, _ordered(gaps, critical - 1))
    if (position := significance.critical_average(units, alpha)) is not None:
        shifts = np.minimum(shifts, -_walsh(head - base, position))
    return shifts


def _walsh(log_ratios: FloatArray, position: int) -> FloatArray:
    return _ordered(walsh_averages(log_ratios), position)


def _ordered(values: FloatArray, position: int) -> FloatArray:
    """The value at ``position`` of each row, were the row sorted."""
    chosen: FloatArray = np.partition(values, position, axis=-1)[:, position]
    return chosen


def _weakest_epochs(units: Units, log_ratios: FloatArray) -> FloatArray:
    found = [estimates(log_ratios[:, units.epoch == epoch]) for epoch in np.unique(units.epoch)]
    weakest: FloatArray = np.min(found, axis=0)
    return weakest

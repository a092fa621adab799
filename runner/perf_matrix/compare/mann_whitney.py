"""The named test: exact one-sided Mann-Whitney U between the arms' unit values.

Always exact, never the normal approximation: units are capped in number (``blocks.MAX_UNITS``), so
counting every arrangement is affordable, ties included.

Source: H. B. Mann and D. R. Whitney, "On a test of whether one of two random variables is
stochastically larger than the other", Annals of Mathematical Statistics 18 (1947) 50-60.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np
from scipy.stats import mannwhitneyu, rankdata

from perf_matrix.compare.blocks import FloatArray


def p_greater(sample: FloatArray, other: FloatArray) -> float:
    """P(U at least this large) if both came from one distribution; small when ``sample`` is larger."""
    together = np.concatenate([sample, other])
    if len(np.unique(together)) < len(together):
        return _p_greater_tied(together, len(sample))
    return float(mannwhitneyu(sample, other, alternative="greater", method="exact").pvalue)


def smallest_p(units: int) -> float:
    """The p-value of complete separation: every unit of one arm above every unit of the other."""
    return 1 / comb(2 * units, units)


@lru_cache(maxsize=256)
def critical_u(units: int, alpha: float) -> int | None:
    """The smallest U that rejects at ``alpha`` with ``units`` per arm; None where none does."""
    counts = _subset_sums(tuple(range(1, 2 * units + 1)), units)
    tail = np.cumsum(counts[::-1]) / comb(2 * units, units)
    rejecting = int(np.searchsorted(tail, alpha, side="right"))
    return units * units - (rejecting - 1) if rejecting else None


def _p_greater_tied(together: FloatArray, size: int) -> float:
    """Given the ties: the share of all choices of ``size`` mid-ranks whose sum is at least this one."""
    doubled: list[int] = np.rint(2 * rankdata(together)).astype(int).tolist()
    counts = _subset_sums(tuple(doubled), size)
    above_least = sum(doubled[:size]) - sum(sorted(doubled)[:size])
    return float(counts[above_least:].sum() / counts.sum())


def _subset_sums(values: tuple[int, ...], size: int) -> FloatArray:
    """How many subsets of ``size`` values have each sum, from the smallest sum to the largest."""
    least, most = sum(sorted(values)[:size]), sum(sorted(values)[-size:])
    counts = np.zeros((size + 1, most + 1))
    counts[0, 0] = 1
    for value in values:
        counts[1:, value:] += counts[:-1, : most + 1 - value].copy()
    within: FloatArray = counts[size, least:]
    return within

"""The paired test: exact one-sided Wilcoxon signed-rank, from flipping the signs within pairs.

Within a pair the order of the arms is random, so if the versions are equal the log-ratio of a unit is
as likely to be positive as negative. Counting all 2**n flips of the ranks gives the exact p-value,
ties and zeros included, which ``scipy.stats.wilcoxon`` only approximates.

Source: F. Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1 (1945) 80-83.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from perf_matrix.compare.blocks import FloatArray


def p_greater(log_ratios: FloatArray) -> float:
    """P(rank sum at least this large) if signs were random; small when the log-ratios are above zero."""
    moved = log_ratios[log_ratios != 0]
    doubled: list[int] = np.rint(2 * rankdata(np.abs(moved))).astype(int).tolist()
    observed = sum(rank for rank, value in zip(doubled, moved, strict=True) if value > 0)
    counts = flip_counts(doubled)
    return float(counts[observed:].sum() / counts.sum())


def flip_counts(ranks: list[int]) -> FloatArray:
    """How many of the 2**n ways to choose the positive ones among ``ranks`` give each sum 0, 1, 2 …"""
    counts = np.zeros(sum(ranks) + 1)
    counts[0] = 1
    for rank in ranks:
        counts[rank:] += counts[:-rank].copy()
    return counts

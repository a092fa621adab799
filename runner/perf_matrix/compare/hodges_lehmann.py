"""The effect: a typical log-ratio, and an interval that assumes only that signs could be flipped.

The Walsh averages, all means of two units (a unit with itself
included), give both the estimate (their median) and the interval (two of them, counted in from the
ends), which is the set of shifts that Wilcoxon's signed-rank test does not reject.

Source: J. L. Hodges and E. L. Lehmann, "Estimates of location based on rank tests", Annals of
Mathematical Statistics 34 (1963) 598-611; M. Hollander and D. A. Wolfe, "Nonparametric Statistical
Methods", section 3.3 (the interval is Tukey's).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from perf_matrix.compare.blocks import FloatArray
from perf_matrix.compare.signed_rank import flip_counts


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval, in logarithms of the ratio."""

    estimate: float
    low: float
    high: float
    confidence: float
    """What is attained: at least what was asked for, or all that so few units allow."""


def estimates(log_ratios: FloatArray) -> FloatArray:
    """The Hodges-Lehmann estimate along the last axis: the median of the Walsh averages."""
    medians: FloatArray = np.asarray(np.median(walsh_averages(log_ratios), axis=-1))
    return medians


def interval(log_ratios: FloatArray, confidence: float) -> Interval:
    """The exact interval of at least ``confidence``, or the widest there is. Needs one unit."""
    averages = np.sort(walsh_averages(log_ratios))
    position, attained = interval_position(len(log_ratios), confidence)
    return Interval(
        estimate=float(np.median(averages)),
        low=float(averages[position]),
        high=float(averages[-1 - position]),
        confidence=attained,
    )


def walsh_averages(values: FloatArray) -> FloatArray:
    """The means of every two values along the last axis, each value with itself included."""
    first, second = np.triu_indices(values.shape[-1])
    averages: FloatArray = (values[..., first] + values[..., second]) / 2
    return averages


@lru_cache(maxsize=256)
def interval_position(units: int, confidence: float) -> tuple[int, float]:
    """Which Walsh average from either end bounds the interval, and the confidence that this gives."""
    below = np.cumsum(flip_counts(list(range(1, units + 1)))) / 2.0**units
    allowed = (1 - confidence) / 2 * (1 + 1e-9)
    position = max(0, int(np.searchsorted(below, allowed, side="right")) - 1)
    return position, float(1 - 2 * below[position])


def units_needed(confidence: float) -> int:
    """The fewest units with which an interval of ``confidence`` exists."""
    units = 1
    while interval_position(units, confidence)[1] < confidence:
        units += 1
    return units

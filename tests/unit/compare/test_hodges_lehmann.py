"""The estimate against all pairs; the interval against inverting the test shift by shift."""

from __future__ import annotations

from itertools import combinations_with_replacement
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from perf_matrix.compare.hodges_lehmann import estimates, interval, interval_position, units_needed

values_of = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=1, max_size=12)


@given(values_of)
@settings(max_examples=60, deadline=None)
def test_the_estimate_is_the_median_of_all_pairs(values: list[float]) -> None:
    pairs = [(a + b) / 2 for a, b in combinations_with_replacement(values, 2)]
    assert float(estimates(np.array(values))) == pytest.approx(median(pairs), abs=1e-12)


@pytest.mark.parametrize("n", [8, 9, 10])
@pytest.mark.parametrize("confidence", [0.98, 0.9])
def test_the_interval_holds_the_shifts_that_the_test_does_not_reject(n: int, confidence: float) -> None:
    values = np.random.default_rng(n).normal(0.2, 1, n)
    found = interval(values, confidence)
    side = (1 - confidence) / 2
    for shift in np.linspace(-2, 2, 161):
        above = wilcoxon(values - shift, alternative="greater", method="exact").pvalue
        below = wilcoxon(values - shift, alternative="less", method="exact").pvalue
        kept = float(above) > side and float(below) > side
        assert kept == (found.low < shift < found.high)


def test_a_hand_worked_case() -> None:
    """Eight units, 98 %: 2 of 256 flips lie beyond the second of the 36 averages from either end."""
    found = interval(np.arange(1.0, 9.0), 0.98)
    assert (found.estimate, found.low, found.high) == (4.5, 1.5, 7.5)
    assert found.confidence == pytest.approx(1 - 4 / 256)


def test_a_level_out_of_reach_gives_the_widest_interval_and_says_so() -> None:
    found = interval(np.array([1.0, 2.0, 4.0]), 0.98)
    assert (found.low, found.high) == (1.0, 4.0)
    assert found.confidence == pytest.approx(1 - 2 / 8)


def test_how_many_units_a_level_needs() -> None:
    assert units_needed(0.98) == 7
    assert units_needed(0.998) == 10


def test_coverage_is_at_least_what_is_asked() -> None:
    rng = np.random.default_rng(3)
    for n in (8, 15):
        held = [
            found.low <= 0.1 <= found.high
            for found in (interval(rng.normal(0.1, 1, n), 0.9) for _ in range(800))
        ]
        assert sum(held) / len(held) > 0.88
        assert interval_position(n, 0.9)[1] >= 0.9

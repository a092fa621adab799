"""Mann-Whitney U against counting every arrangement, and against scipy where scipy is exact."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from perf_matrix.compare.blocks import FloatArray
from perf_matrix.compare.mann_whitney import critical_u, p_greater, smallest_p

few = st.lists(st.integers(0, 6), min_size=1, max_size=5)


def u_statistic(sample: FloatArray, other: FloatArray) -> float:
    difference = sample[:, None] - other[None, :]
    return float((difference > 0).sum() + (difference == 0).sum() / 2)


def counted(sample: FloatArray, other: FloatArray) -> float:
    """The share of all ways to deal the values out to the arms whose U is at least the observed one."""
    together = np.concatenate([sample, other])
    observed = u_statistic(sample, other)
    dealt = list(combinations(range(len(together)), len(sample)))
    hits = [
        u_statistic(together[list(own)], np.delete(together, list(own))) >= observed - 1e-9 for own in dealt
    ]
    return sum(hits) / len(dealt)


@given(few, few)
@settings(max_examples=60, deadline=None)
def test_counts_every_arrangement_also_with_ties(one: list[int], two: list[int]) -> None:
    sample, other = np.array(one, dtype=float), np.array(two, dtype=float)
    assert p_greater(sample, other) == pytest.approx(counted(sample, other), abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(8, 8), (5, 9), (20, 20), (40, 40)])
def test_agrees_with_scipy_without_ties(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    sample, other = rng.normal(0.5, 1, n), rng.normal(0, 1, m)
    expected = mannwhitneyu(sample, other, alternative="greater", method="exact").pvalue
    assert p_greater(sample, other) == pytest.approx(expected, rel=1e-9)


def test_ties_among_many_blocks_are_counted_too() -> None:
    rng = np.random.default_rng(1)
    sample, other = np.round(rng.normal(20.4, 1, 40), 1), np.round(rng.normal(20, 1, 40), 1)
    asymptotic = mannwhitneyu(sample, other, alternative="greater", method="asymptotic").pvalue
    assert p_greater(sample, other) == pytest.approx(asymptotic, rel=0.15)


def test_a_hand_worked_case() -> None:
    """1 2 | 3 4: of the six ways to choose two of four values only one is as high as 3 and 4."""
    assert p_greater(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == pytest.approx(1 / 6)
    assert p_greater(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == pytest.approx(1.0)


def test_all_equal_says_nothing() -> None:
    assert p_greater(np.ones(8), np.ones(8)) == 1.0


def test_complete_separation_of_eight_blocks_gives_the_smallest_p() -> None:
    assert p_greater(np.arange(8.0) + 8, np.arange(8.0)) == pytest.approx(smallest_p(8))
    assert smallest_p(8) == pytest.approx(1 / 12870)


@pytest.mark.parametrize("units", [3, 8, 15, 40])
@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.0003])
def test_the_critical_u_is_the_first_that_rejects(units: int, alpha: float) -> None:
    critical = critical_u(units, alpha)
    if critical is None:
        assert 1 / comb(2 * units, units) > alpha
        return
    assert _p_of_u(critical, units) <= alpha
    assert _p_of_u(critical - 1, units) > alpha


def _p_of_u(u: int, units: int) -> float:
    """The p-value of a made-up pair of arms whose U is exactly ``u``."""
    above, rest = divmod(u, units)
    own = [2.0 * units + i for i in range(above)]
    own += [rest - 0.5] if above < units else []
    own += [-1.0 - i for i in range(units - len(own))]
    sample, other = np.array(own), np.arange(float(units))
    assert u_statistic(sample, other) == u
    return float(mannwhitneyu(sample, other, alternative="greater", method="exact").pvalue)

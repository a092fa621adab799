"""The paired test against every one of the 2**n flips, and against scipy where scipy is exact."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, wilcoxon

from perf_matrix.compare.blocks import FloatArray
from perf_matrix.compare.signed_rank import p_greater


def counted(values: FloatArray) -> float:
    values = values[values != 0]
    ranks = rankdata(np.abs(values))
    observed = ranks[values > 0].sum()
    flips = list(product([0, 1], repeat=len(values)))
    return sum(ranks @ np.array(flip) >= observed - 1e-9 for flip in flips) / len(flips) if flips else 1.0


@given(st.lists(st.integers(-4, 6), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_counts_every_flip_also_with_ties_and_zeros(values: list[int]) -> None:
    differences = np.array(values, dtype=float)
    assert p_greater(differences) == pytest.approx(counted(differences), abs=1e-12)


@pytest.mark.parametrize("n", [1, 8, 20, 40])
def test_agrees_with_scipy_without_ties(n: int) -> None:
    values = np.random.default_rng(n).normal(0.3, 1, n)
    expected = wilcoxon(values, alternative="greater", method="exact").pvalue
    assert p_greater(values) == pytest.approx(float(expected), rel=1e-9)


def test_a_hand_worked_case() -> None:
    """+1 +2 +3: only one of eight flips is as high."""
    assert p_greater(np.array([1.0, 2.0, 3.0])) == pytest.approx(1 / 8)
    assert p_greater(np.array([-1.0, 2.0, 3.0])) == pytest.approx(2 / 8)

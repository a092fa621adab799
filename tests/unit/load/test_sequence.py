"""The requests of a slot: the same for the same seed, in the shares of the weights, in no order."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.load.sequence import draw_sequence

weights = st.lists(st.floats(0.001, 1000), min_size=1, max_size=20)
counts = st.integers(0, 500)


@given(weights, counts, st.text())
def test_the_same_seed_draws_the_same_sequence(shares: list[float], count: int, seed: str) -> None:
    assert draw_sequence(shares, count, seed) == draw_sequence(shares, count, seed)


@given(weights, counts, st.text())
def test_each_comes_as_often_as_its_weight_says_but_for_a_fraction(
    shares: list[float], count: int, seed: str
) -> None:
    drawn = Counter(draw_sequence(shares, count, seed))
    assert sum(drawn.values()) == count
    for index, weight in enumerate(shares):
        assert abs(drawn[index] - count * weight / sum(shares)) < 1 + 1e-6


def test_the_fraction_is_rounded_at_random_so_that_it_holds_over_many_slots() -> None:
    # Due 0.4 times in a slot of 40: never there, or once.
    often = [draw_sequence([1, 99], 40, f"round {number}").count(0) for number in range(1000)]
    assert set(often) == {0, 1}
    assert sum(often) / len(often) == pytest.approx(0.4, abs=0.05)


def test_another_seed_draws_another_order_of_the_same_requests() -> None:
    one, other = draw_sequence([3, 1], 40, "round 0"), draw_sequence([3, 1], 40, "round 1")
    assert one != other
    assert Counter(one) == Counter(other) == {0: 30, 1: 10}


def test_the_order_is_mixed() -> None:
    drawn = draw_sequence([1, 1], 1000, "seed")
    first_half = drawn[:500].count(0)
    assert 200 < first_half < 300
    changes = sum(one != other for one, other in pairwise(drawn))
    assert 400 < changes < 600

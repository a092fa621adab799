"""Who drops requests, how often, and what follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.compare.drops import decide_drops

from .slots import dropped

NONE = [0] * 8


def verdict(base: list[int], head: list[int]) -> str:
    return decide_drops(dropped(base, head)).verdict


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (NONE, NONE, "pass"),
        (NONE, [5] * 8, "regression"),
        (NONE, [5, 5, 5, 5, 0, 0, 0, 0], "regression"),  # half of the rounds is enough
        (NONE, [50, 50, 50, 0, 0, 0, 0, 0], "inconclusive"),  # three are not, however much
        (NONE, [1] * 8, "pass"),  # 1 % is not more than 1 %
        (NONE, [2, 1, 1, 1, 1, 1, 1, 1], "regression"),
        ([9, 0, 0, 0, 0, 0, 0, 0], NONE, "pass"),
        ([9, 9, 0, 0, 0, 0, 0, 0], [0, 0, 5, 5, 5, 5, 0, 0], "regression"),  # four of the six fair rounds
        ([9, 9, 0, 0, 0, 0, 0, 0], [9, 9, 0, 0, 0, 0, 0, 0], "pass"),  # nothing in the fair rounds
        ([1, 1, 1, 0, 0, 0, 0, 0], NONE, "invalid"),  # more than a quarter of the rounds
        ([1] * 8, [90] * 8, "invalid"),
        ([0] * 4, [5] * 4, "regression"),
        ([0] * 3, [5] * 3, "inconclusive"),
        ([0], [100], "inconclusive"),
        ([1], [0], "invalid"),
    ],
)
def test_rounds_decide(base: list[int], head: list[int], expected: str) -> None:
    assert verdict(base, head) == expected


def test_half_is_of_the_rounds_in_which_base_dropped_none() -> None:
    assert verdict([0] * 12, [5] * 5 + [0] * 7) == "inconclusive"
    assert verdict([9] * 2 + [0] * 10, [0] * 2 + [5] * 5 + [0] * 5) == "regression"


@pytest.mark.parametrize(
    ("base", "head", "words"),
    [
        (NONE, NONE, ""),
        (NONE, [4] * 8, "head dropped 4% of the requests that were due, base none"),
        (NONE, [100] * 8, "head dropped all of the requests that were due, base none"),
        (
            NONE,
            [2, 0, 0, 0, 0, 0, 0, 0],
            "head dropped 0.25% of the requests that were due, base none: not enough to count",
        ),
        (
            [5, 0, 0, 0],
            [0] * 4,
            "base dropped 1.2% of the requests that were due, head none: not enough to count",
        ),
        (
            [20] * 8,
            [31] * 8,
            (
                "head dropped 31% of the requests that were due, base 20%: too much for base, so nothing is compared;"
                " set load.rate below 14"
            ),
        ),
        (
            [0, 0],
            [10, 14],
            (
                "head dropped 12% of the requests that were due, base none, in 2 of 2 rounds; it takes 4 rounds and"
                " half of them: more slots (load.slots) would settle it"
            ),
        ),
    ],
)
def test_the_words_say_what_was_dropped_and_the_cure(base: list[int], head: list[int], words: str) -> None:
    assert decide_drops(dropped(base, head)).note == words


counts = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12)


@given(counts)
@settings(deadline=None)
def test_never_a_regression_both_ways_round(found: list[tuple[int, int]]) -> None:
    base, head = map(list, zip(*found, strict=True))
    assert (verdict(base, head), verdict(head, base)) != ("regression", "regression")


@given(counts, st.integers(1, 20))
@settings(deadline=None)
def test_dropping_more_does_not_make_head_look_better(found: list[tuple[int, int]], more: int) -> None:
    base, head = map(list, zip(*found, strict=True))
    if verdict(base, head) == "regression":
        assert verdict(base, [count + more for count in head]) == "regression"


@given(counts)
@settings(deadline=None)
def test_a_regression_is_never_base_too_far_gone(found: list[tuple[int, int]]) -> None:
    base, head = map(list, zip(*found, strict=True))
    if verdict(base, head) == "regression":
        on_head = sum(not there and here > 0 for there, here in found)
        assert on_head >= 4
        assert 4 * sum(there > 0 for there in base) <= len(base)

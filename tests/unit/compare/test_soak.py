"""Memory over requests: the slope, its interval, and when it is worth a word."""

from __future__ import annotations

from itertools import combinations
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.compare.model import Both, Soak
from perf_matrix.compare.soak import compare_soaks
from perf_matrix.matrix.model import Gate
from perf_matrix.record.model import SoakSlot

from .slots import soaked

FLAT = [500.0] * 21


def grown(by: float, samples: int = 21, noise: float = 0.5, seed: int = 1) -> list[float]:
    """Megabytes that grow by so much from sample to sample: by ten times as much for 1,000 requests."""
    rng = np.random.default_rng(seed)
    return [500 + by * n + float(rng.normal(0, noise)) for n in range(samples)]


def compared(*slots: SoakSlot) -> Soak:
    found = compare_soaks(slots, Gate())
    assert found
    return found


def test_nothing_where_an_arm_had_no_soak() -> None:
    assert compare_soaks([], Gate()) is None
    assert compare_soaks([soaked("base", FLAT), soaked("base", FLAT)], Gate()) is None


@given(st.lists(st.floats(100, 1000), min_size=21, max_size=40))
@settings(max_examples=30, deadline=None)
def test_growth_is_the_median_of_the_slopes_between_every_two_samples(megabytes: list[float]) -> None:
    """Brute force, after the first fifth."""
    slot = soaked("head", megabytes)
    later = [sample for sample in slot.memory if sample.at_s >= slot.seconds / 5]
    slopes = [
        1000 * (there.memory_bytes - here.memory_bytes) / (there.requests - here.requests)
        for here, there in combinations(later, 2)
    ]
    found = compared(soaked("base", FLAT), slot)
    assert found.growth.head == pytest.approx(median(slopes), rel=1e-6, abs=1e-3)
    assert found.growth.base == 0
    assert found.head_ci
    assert found.head_ci[0] <= median(slopes) + 1e-3
    assert found.head_ci[1] >= median(slopes) - 1e-3


def test_what_fills_in_the_first_fifth_is_warm_up() -> None:
    filling = [100.0, 200.0, 300.0, 400.0, *[500.0] * 17]
    found = compared(soaked("base", filling), soaked("head", filling))
    assert found.growth == Both(base=0.0, head=0.0)
    assert (found.start_bytes.base, found.end_bytes.base) == (100e6, 500e6)


def test_a_leak_on_head_alone_is_said_with_its_size() -> None:
    found = compared(soaked("base", grown(0)), soaked("head", grown(1, seed=2)))
    assert found.growth.head == pytest.approx(10e6, rel=0.1)
    assert found.note == (
        "head's memory grows by 9.98 MB more for 1,000 requests than base's: it may leak; a longer soak tells"
    )


@pytest.mark.parametrize(
    ("base", "head"),
    [
        (grown(0), grown(0, seed=2)),
        (grown(1), grown(1, seed=2)),  # both grow alike
        (grown(1), grown(0, seed=2)),
        (grown(-1), grown(0, seed=2)),  # base shrinks: head is no leak for that
        (grown(-2), grown(-1, seed=2)),
        (grown(0), grown(0.2, seed=2)),  # 4 MB in all, of 500
    ],
)
def test_otherwise_nothing_is_said(base: list[float], head: list[float]) -> None:
    assert compared(soaked("base", base), soaked("head", head)).note == ""


def test_a_collection_that_frees_much_hardly_moves_the_slope() -> None:
    megabytes = [600.0 if n == 15 else 500 + n for n in range(21)]
    assert compared(soaked("base", FLAT), soaked("head", megabytes)).growth.head == pytest.approx(
        10e6, rel=0.1
    )


def test_too_few_samples_say_so() -> None:
    found = compared(soaked("base", FLAT), soaked("head", [500.0] * 12))
    assert (found.growth, found.head_ci) == (Both(base=0.0, head=None), None)
    assert (
        found.note
        == "too few samples of the memory: it takes 10 of each arm after the warm-up, a longer soak"
    )
    assert found.base_ci == (0.0, 0.0)


def test_no_sample_at_all_is_no_size() -> None:
    found = compared(soaked("base", []), soaked("head", FLAT))
    assert found.start_bytes == Both(base=None, head=500e6)


def test_samples_without_a_request_between_them_give_no_slope() -> None:
    still = soaked("head", FLAT, requests_per_sample=0.0)
    assert compared(soaked("base", FLAT), still).growth.head is None


def test_the_last_soak_of_an_arm_counts() -> None:
    found = compared(soaked("base", FLAT), soaked("head", grown(9)), soaked("head", FLAT))
    assert found.growth.head == 0

"""c = k * n + b, and only k is wanted."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perf_matrix.queries.estimate import Observation, estimate
from perf_matrix.queries.profile import WINDOW_SIZES

F = Fraction
bursts = st.integers(min_value=0, max_value=60)


def observe(*windows: tuple[int, int], idle: float = 0.0) -> list[Observation]:
    return [Observation(requests, calls, idle) for requests, calls in windows]


@pytest.mark.parametrize(
    ("windows", "per_request"),
    [
        ([(4, 4), (7, 7)], 1),
        ([(4, 12), (7, 21)], 3),
        ([(4, 9), (7, 14), (4, 8)], 2),  # One burst.
        ([(4, 0), (7, 0)], 0),
        ([(4, 1), (7, 0), (4, 0)], 0),  # A refresh now and then.
        ([(4, 0), (7, 1), (4, 0), (7, 2)], 0),  # Every fifth request: never in four of them, by chance.
        ([(5, 1), (10, 2)], F(1, 5)),  # Exactly every fifth request, in windows that can tell.
        ([(4, 4), (4, 4)], 1),  # Only one size was taken.
        ([(4, 1), (7, 1), (4, 1), (7, 1)], 0),  # A batch that is flushed in every window.
    ],
)
def test_what_is_exact(windows: list[tuple[int, int]], per_request: Fraction) -> None:
    result = estimate(observe(*windows))
    assert (result.per_request, result.doubt) == (Fraction(per_request), "")


@pytest.mark.parametrize(
    ("windows", "doubt"),
    [
        ([(4, 4), (7, 8)], "4 calls in 4 requests but 8 calls in 7 requests"),
        ([(4, 1), (7, 1)], "1 call in 7 requests but 1 call in 4 requests"),  # Once a window.
        (
            [(4, 2), (7, 3), (4, 2), (7, 4)],
            "3 calls in 7 requests but 2 calls in 4 requests but 4 calls in 7",
        ),
        (  # Every fourth request, not a batch.
            [(4, 1), (7, 1), (4, 1), (7, 2)],
            "1 call in 7 requests but 1 call in 4 requests but 2 calls in 7 requests",
        ),
        ([(4, 4)], "4 calls in 4 requests, seen too seldom to believe it"),
        ([(4, 4), (4, 4), (7, 8)], "4 calls in 4 requests but 8 calls in 7 requests"),
        ([(4, 0), (7, 7)], "0 calls in 4 requests but 7 calls in 7 requests"),
        ([(4, 8), (7, 14), (4, 12), (7, 21)], "2 per request in some windows and steadily 3 in others"),
    ],
)
def test_what_is_doubted(windows: list[tuple[int, int]], doubt: str) -> None:
    assert estimate(observe(*windows)).doubt.startswith(doubt)


def test_no_observations() -> None:
    with pytest.raises(ValueError, match="no observations"):
        estimate([])


def test_a_job_that_keeps_pace_with_the_requests_is_no_work_of_theirs() -> None:
    assert estimate(observe((4, 4), (7, 7), idle=1.5)).doubt == (
        "4 calls in 4 requests, but about 1.5 calls were due in that time without any request"
    )
    assert estimate(observe((4, 4), (7, 7), idle=0.5)).doubt == ""


def test_a_statement_that_runs_idle_too_and_not_in_every_request_is_background() -> None:
    result = estimate(observe((4, 2), (7, 3), idle=2.5))
    assert (result.per_request, result.doubt) == (Fraction(0), "")


@given(
    data=st.data(), per_request=st.integers(0, 20), clean=st.sets(st.sampled_from(WINDOW_SIZES), min_size=2)
)
def test_two_clean_windows_are_enough(data: st.DataObject, per_request: int, clean: set[int]) -> None:
    noisy = data.draw(st.lists(st.tuples(st.sampled_from(WINDOW_SIZES), bursts), max_size=6))
    _assume_no_second_level(noisy)
    windows = data.draw(st.permutations([*((size, 0) for size in clean), *noisy]))
    result = estimate(observe(*((size, per_request * size + burst) for size, burst in windows)))
    assert (result.per_request, result.doubt) == (Fraction(per_request), "")


@given(
    data=st.data(),
    per_request=st.builds(Fraction, st.integers(0, 40), st.sampled_from([1, 2, 3, 6])),
    clean=st.sets(st.sampled_from([6, 12, 18]), min_size=2),
)
def test_fractions_are_exact_in_windows_that_can_tell(
    data: st.DataObject, per_request: Fraction, clean: set[int]
) -> None:
    noisy = data.draw(st.lists(st.tuples(st.sampled_from([6, 12, 18]), bursts), max_size=4))
    _assume_no_second_level(noisy)
    windows = data.draw(st.permutations([*((size, 0) for size in clean), *noisy]))
    result = estimate(observe(*((size, int(per_request * size) + burst) for size, burst in windows)))
    assert (result.per_request, result.doubt) == (Fraction(per_request), "")


@given(
    per_request=st.integers(0, 20),
    noisy=st.lists(st.tuples(st.sampled_from(WINDOW_SIZES), bursts.filter(bool)), min_size=1, max_size=6),
    clean=st.lists(st.sampled_from(WINDOW_SIZES), max_size=1),
)
def test_a_wrong_number_never_looks_exact(
    per_request: int, noisy: list[tuple[int, int]], clean: list[int]
) -> None:
    """Without two clean windows: in doubt or right, unless the background keeps pace with the requests."""
    assume(len({size for size, _ in noisy} | set(clean)) == len(WINDOW_SIZES))
    _assume_no_second_level(noisy)
    windows = [*((size, 0) for size in clean), *noisy]
    result = estimate(observe(*((size, per_request * size + burst) for size, burst in windows)))
    assert result.doubt or result.per_request == per_request
    assert result.per_request >= per_request


@given(
    every=st.integers(2, 40),
    phase=st.integers(0, 40),
    count=st.integers(2, 8),
)
def test_every_nth_request_is_never_a_fraction_that_looks_exact(every: int, phase: int, count: int) -> None:
    """A cache that is refreshed every n-th request, whatever n: background or doubt."""
    windows, sent = [], phase
    for turn in range(count):
        size = WINDOW_SIZES[turn % 2]
        windows.append((size, (sent + size) // every - sent // every))
        sent += size
    result = estimate(observe(*windows))
    assert result.doubt or result.per_request == 0


def _assume_no_second_level(noisy: list[tuple[int, int]]) -> None:
    """Leave out backgrounds that are proportional to the requests in windows of different sizes."""
    sizes_of: dict[Fraction, set[int]] = {}
    for size, burst in noisy:
        sizes_of.setdefault(Fraction(burst, size), set()).add(size)
    assume(all(len(sizes) == 1 or ratio == 0 for ratio, sizes in sizes_of.items()))

"""How much time a cell needs, and what is said where it has less."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.errors import InputError
from perf_matrix.experiment.budget import (
    BLOCKS_PER_ENDPOINT,
    PAIRS_PER_BLOCK,
    Costs,
    assumed_costs,
    counting_s,
    epoch_ends_at,
    load_s,
    refuse_if_too_short,
    rounds_of_epoch,
    rounds_per_epoch,
    shortest_limit_s,
)
from perf_matrix.matrix.model import Arm, Load
from perf_matrix.record.model import LoadSlot, SoakSlot

seconds = st.floats(0.001, 100)
costs = st.builds(
    Costs,
    start_s=seconds,
    windows_s=seconds,
    pair_s=st.dictionaries(st.text(), seconds, max_size=20),
    blocks_per_round=st.sampled_from([1, 2]),
    second_scale_s=st.just(0.0) | seconds,
    load_s=st.just(0.0) | seconds,
)
epochs = st.integers(1, 10)


def test_the_shortest_limit_is_the_sum_of_its_parts() -> None:
    needs = Costs(10, 6, pair_s={"one": 0.1, "other": 0.4}, blocks_per_round=1, second_scale_s=0, load_s=0)
    # Two starts, windows of 6 s and of 4 s: 30 s. Eight blocks of ten pairs and one before: 8 * 11 * 0.5 s = 44 s.
    # A tenth more is 81.4 s, in whole five seconds 85 s.
    assert shortest_limit_s(needs, epochs=2) == 85
    # Twins of the blocks and a second scale: 30 + 88 + 12 = 130 s, and a tenth more.
    assert shortest_limit_s(replace(needs, blocks_per_round=2, second_scale_s=12), epochs=2) == 145
    # The load takes as long as it was ordered: 81.4 + 160 s.
    assert shortest_limit_s(replace(needs, load_s=160), epochs=2) == 245


def test_blocks_that_do_not_divide_are_rounded_up() -> None:
    assert [rounds_per_epoch(count) for count in (1, 2, 3, 5, 8, 10)] == [8, 4, 3, 2, 1, 1]


@given(epochs)
def test_every_endpoint_gets_its_blocks(count: int) -> None:
    assert rounds_per_epoch(count) * count >= BLOCKS_PER_ENDPOINT
    assert (rounds_per_epoch(count) - 1) * count < BLOCKS_PER_ENDPOINT


@given(costs, epochs)
def test_the_shortest_limit_that_is_named_is_not_refused(needs: Costs, count: int) -> None:
    shortest = shortest_limit_s(needs, count)
    assert shortest % 5 == 0
    refuse_if_too_short(shortest, needs, count)
    with pytest.raises(InputError, match=f"is about {shortest:.0f}s"):
        refuse_if_too_short(shortest - 1, needs, count)


@given(costs, epochs)
def test_it_is_enough_for_what_it_is_made_of(needs: Costs, count: int) -> None:
    pairs_s = BLOCKS_PER_ENDPOINT * PAIRS_PER_BLOCK * sum(needs.pair_s.values())
    assert shortest_limit_s(needs, count) >= count * needs.start_s + needs.windows_s + pairs_s


@given(costs, epochs, seconds)
def test_more_work_never_needs_less(needs: Costs, count: int, more: float) -> None:
    longer = replace(needs, pair_s={**needs.pair_s, "another one more": more})
    assert shortest_limit_s(longer, count) >= shortest_limit_s(needs, count)


def test_the_refusal() -> None:
    with pytest.raises(InputError) as told:
        refuse_if_too_short(
            20.0, assumed_costs([f"endpoint-{number}" for number in range(16)], lists=0, load_s=0), epochs=2
        )
    assert str(told.value) == (
        "time: 20s is too short for 8 blocks of 10 pairs for each of 16 endpoints over 2 epochs: "
        "the shortest that works here is about 55s. "
        "Write a longer time: in the matrix file or as --time, or choose fewer --endpoints."
    )


def test_the_refusal_names_the_load() -> None:
    with pytest.raises(InputError) as told:
        refuse_if_too_short(90.0, assumed_costs(["chat"], lists=0, load_s=160), epochs=2)
    assert str(told.value) == (
        "time: 90s is too short for 8 blocks of 10 pairs for each of 1 endpoint over 2 epochs, "
        "and for 160s of load: the shortest that works here is about 190s. "
        "Write a longer time: in the matrix file or as --time, or choose fewer --endpoints."
    )


def test_the_load_takes_the_slots_and_soaks_that_are_still_to_come() -> None:
    rounds = Load(slot="8s", slots=8)
    # Two arms, and two seconds around each slot.
    assert load_s(rounds, [], []) == 160
    taken = [slot("base", 0), slot("head", 0), slot("base", 1)]
    assert load_s(rounds, taken, []) == 140
    soaked = Load(slot="8s", slots=8, soak="1m")
    assert load_s(soaked, [], []) == 160 + 2 * 62
    assert load_s(soaked, [], [SoakSlot(**dict(slot("head", 0)))]) == 160 + 62
    assert load_s(None, [], []) == 0


def slot(arm: Arm, number: int) -> LoadSlot:
    return LoadSlot(
        epoch=0, round=number, arm=arm, started_at=0, seconds=8, rate=1, due=8, dropped=0, latencies_ms={}
    )


@given(st.integers(0, 200), epochs)
def test_rounds_are_shared_out_evenly_over_the_epochs(rounds: int, count: int) -> None:
    shares = [rounds_of_epoch(rounds, count, number) for number in range(count)]
    assert sum(shares) == rounds
    assert max(shares) - min(shares) <= 1


def test_what_is_assumed_grows_with_the_endpoints() -> None:
    one, two = assumed_costs(["a"], lists=0, load_s=0), assumed_costs(["a", "b"], lists=1, load_s=9)
    assert one.start_s == two.start_s
    assert two.windows_s == 2 * one.windows_s
    assert list(two.pair_s) == ["a", "b"]
    assert two.load_s == 9
    assert (one.second_scale_s, two.second_scale_s) == (0, two.start_s + two.windows_s / 2)
    assert counting_s(two) == two.start_s + two.windows_s + two.second_scale_s


@given(st.floats(0, 1e6), st.floats(0, 1e4), epochs)
def test_the_time_is_shared_out_evenly(now: float, left_s: float, count: int) -> None:
    ends_at = now + left_s
    moment = now
    for left in range(count, 0, -1):
        assert epoch_ends_at(moment, ends_at, left) - moment == pytest.approx(left_s / count, abs=1e-6)
        moment = epoch_ends_at(moment, ends_at, left)
    assert moment == pytest.approx(ends_at, abs=1e-6)


def test_time_that_an_epoch_did_not_use_goes_to_the_others() -> None:
    assert epoch_ends_at(now=10, cell_ends_at=100, epochs_left=3) == 40
    assert epoch_ends_at(now=20, cell_ends_at=100, epochs_left=2) == 60

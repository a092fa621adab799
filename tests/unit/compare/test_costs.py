"""What statements cost: stated, and measured with a real delay before the database."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from perf_matrix.compare.costs import costs, extra_round_trips, measured_cost, round_trip
from perf_matrix.compare.hodges_lehmann import units_needed
from perf_matrix.compare.model import MeasuredCost, RoundTrip
from perf_matrix.queries.profile import QueryProfile
from perf_matrix.record.model import PairedBlock, RoundTripCheck, UndelayedBlock

MADE = RoundTrip(asked_ms=2, direct_ms=0.1, relayed_ms=0.2, delayed_ms=2.2)


def profile(per_request: float | None, transactions: float | None = None) -> QueryProfile:
    return QueryProfile("chat", "base", per_request=per_request, transactions=transactions)


@pytest.mark.parametrize(
    ("base", "head", "extra"),
    [
        (profile(3), profile(5), 2),
        (profile(5), profile(3), -2),
        (profile(3, 2), profile(3, 4), 2),  # BEGIN and COMMIT wait for the database, too
        (profile(3, 4), profile(5, 0), -2),
        (profile(3, None), profile(5, 4), 2),  # of transactions nothing is known on base
        (profile(3, 4), profile(5, None), 2),
        (profile(None), profile(5), None),
        (profile(3), profile(None), None),
    ],
)
def test_how_many_more_statements_are_waited_for(
    base: QueryProfile, head: QueryProfile, extra: float | None
) -> None:
    assert extra_round_trips(base, head) == extra


def test_each_extra_statement_costs_a_round_trip() -> None:
    found = costs(2, [0, 1, 5])
    assert [(one.round_trip_ms, one.extra_ms) for one in found] == [(0, 0), (1, 2), (5, 10)]
    assert [one.extra_ms for one in costs(-2, [1])] == [-2]


def test_nothing_costs_nothing_and_not_minus_nothing() -> None:
    assert [str(one.extra_ms) for one in (*costs(-2, [0]), *costs(0, [1]))] == ["0.0", "0.0"]


def test_what_is_unknown_has_no_price() -> None:
    assert costs(None, [0, 1, 5]) == []


def check(epoch: int, direct: float, relayed: float, delayed: float) -> RoundTripCheck:
    return RoundTripCheck(epoch=epoch, asked_ms=2, direct_ms=direct, relayed_ms=relayed, delayed_ms=delayed)


def test_the_delay_is_what_it_was_measured_to_be() -> None:
    checks = [check(0, 0.1, 0.2, 2.2), check(1, 0.3, 0.4, 2.6), check(2, 0.2, 0.3, 2.3)]
    assert round_trip(checks) == RoundTrip(asked_ms=2, direct_ms=0.2, relayed_ms=0.3, delayed_ms=2.3)
    assert round_trip([]) is None


def delayed(number: int, base: Sequence[float], head: Sequence[float], *, epoch: int = 0) -> PairedBlock:
    return PairedBlock(
        epoch=epoch,
        endpoint="chat",
        block=number,
        started_at=0.0,
        base_ms=list(base),
        head_ms=list(head),
        head_first=[True] * len(base),
    )


def undelayed(number: int, base: Sequence[float], head: Sequence[float], *, epoch: int = 0) -> UndelayedBlock:
    return UndelayedBlock(**delayed(number, base, head, epoch=epoch).model_dump())


def measure(
    with_delay: Sequence[PairedBlock], without: Sequence[UndelayedBlock], extra: float | None = 3
) -> MeasuredCost | None:
    return measured_cost(with_delay, without, MADE, extra, confidence=0.9)


def twins(
    count: int, drift: float = 0.0, noise: float = 0.0
) -> tuple[list[PairedBlock], list[UndelayedBlock]]:
    """Base waits for 2 round trips of 2 ms and head for 5; the machine gets slower by ``drift`` ms a block."""
    rng = np.random.default_rng(3)
    with_delay, without = [], []
    for number in range(count):
        base, head = 10 + drift * number, 12 + drift * number
        with_delay.append(delayed(number, [base + 4] * 3, [head + 10 + rng.normal(0, noise)] * 3))
        without.append(undelayed(number, [base] * 3, [head] * 3))
    return with_delay, without


def test_the_measured_price_is_how_much_more_head_grew_with_the_delay() -> None:
    found = measure(*twins(8))
    assert found is not None
    assert (found.round_trip_ms, found.expected_ms, found.blocks) == (2, 6, 8)
    assert found.measured_ms == pytest.approx(6)
    assert found.ci == pytest.approx((6, 6))
    assert (found.round_trips.base, found.round_trips.head) == pytest.approx((2, 5))


def test_what_drifts_from_block_to_block_cancels() -> None:
    found = measure(*twins(12, drift=5))
    assert found is not None
    assert found.measured_ms == pytest.approx(6)


def test_the_interval_holds_the_noise() -> None:
    found = measure(*twins(12, noise=1))
    assert found is not None
    assert found.ci is not None
    assert found.ci[0] < 6 < found.ci[1]
    assert found.ci[0] < found.measured_ms < found.ci[1]


def test_a_block_is_compared_with_the_one_that_followed_it() -> None:
    """Numbers count up over the run; a block whose other half is missing or without good pairs is left out."""
    with_delay, without = twins(8)
    strangers = [undelayed(90, [1.0], [99.0]), undelayed(1, [1.0], [99.0], epoch=5)]
    failed = [delayed(50, [], []), delayed(51, [1.0], [99.0])]
    answers = [undelayed(50, [1.0], [99.0]), undelayed(51, [], [])]
    found = measure([*failed, *with_delay], [*strangers, *answers, *reversed(without)])
    assert found is not None
    assert found.blocks == 8
    assert found.measured_ms == pytest.approx(6)


def test_it_is_not_measured_without_blocks_enough_a_delay_and_a_count() -> None:
    with_delay, without = twins(units_needed(0.9))
    assert measure(with_delay, without) is not None
    assert measure(with_delay, without[1:]) is None
    assert measure(with_delay, without, extra=None) is None
    assert measured_cost(with_delay, without, None, 3, 0.9) is None


def test_a_delay_that_is_none_is_not_divided_by() -> None:
    none = MADE.model_copy(update={"delayed_ms": MADE.relayed_ms})
    found = measured_cost(*twins(8), none, 3, 0.9)
    assert found is not None
    assert (found.expected_ms, found.round_trips.base, found.round_trips.head) == (0, None, None)

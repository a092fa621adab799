"""What a slot is made of, and what is made of what k6 told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from perf_matrix.load.lines import Answer
from perf_matrix.load.results import SlotResult
from perf_matrix.load.slot import MOST_IN_FLIGHT, Mix, in_flight, slot_result
from perf_matrix.matrix.model import Endpoint, Request

MIX = Mix([Endpoint(name="users", request=Request(path="/users"), weight=3)], rate=14.3, in_flight=4)


def answer(number: int, latency_ms: float, *failures: str) -> Answer:
    return Answer(id=number, result={"latency_ms": latency_ms, "failures": list(failures)})


@given(st.floats(0.01, 10_000), st.floats(1, 600))
def test_a_slot_has_its_requests_and_lasts_a_second_at_least(rate: float, seconds: float) -> None:
    due = Mix([], rate, in_flight=4).requests_in(seconds)
    assert due >= 1
    # k6 takes no duration below a second; it ends half a request after the last one.
    assert (due - 0.5) / rate >= 1 - 1e-9
    assert abs(due - rate * seconds) <= 0.5 or due == pytest.approx(rate + 0.5, abs=1.0)


def test_a_rate_need_not_be_whole() -> None:
    assert MIX.requests_in(8.0) == 114
    assert MIX.weights == [3]


def test_as_many_may_be_in_flight_as_come_in_two_seconds_more_than_a_request_takes() -> None:
    assert in_flight(rate=10, request_s=0.0) == 20
    assert in_flight(rate=10, request_s=1.5) == 35
    assert in_flight(rate=0.2, request_s=0.1) == 4
    assert in_flight(rate=10_000, request_s=1.0) == MOST_IN_FLIGHT


def test_answers_are_told_by_endpoint_in_the_order_they_were_sent() -> None:
    answers = [answer(2, 30), answer(0, 10), answer(3, 40), answer(1, 20)]
    assert slot_result(["users", "teams"], [0, 1, 0, 0], answers) == SlotResult(
        due=4, dropped=0, latencies_ms={"users": [10, 30, 40], "teams": [20]}, failed={}, failures=[]
    )


def test_what_was_not_sent_was_dropped() -> None:
    found = slot_result(["users"], [0] * 5, [answer(0, 10), answer(1, 20)])
    assert (found.due, found.dropped, found.latencies_ms) == (5, 3, {"users": [10, 20]})


def test_a_failed_request_has_no_latency_and_different_failures_are_told_once() -> None:
    answers = [answer(0, 1, "status 500"), answer(1, 2), answer(2, 3, "status 500"), answer(3, 4, "empty")]
    found = slot_result(["users", "teams"], [0, 0, 0, 1], answers)
    assert found.latencies_ms == {"users": [2]}
    assert found.failed == {"users": 2, "teams": 1}
    assert found.failures == ["users: status 500", "teams: empty"]


def test_the_first_few_failures_are_told() -> None:
    answers = [answer(number, 1, f"failure {number}") for number in range(9)]
    found = slot_result(["users"], [0] * 9, answers)
    assert (found.failed, len(found.failures)) == ({"users": 9}, 5)


def test_an_answer_without_a_time_is_none() -> None:
    with pytest.raises(ValidationError):
        slot_result(["users"], [0], [Answer(id=0, result={"failures": []})])

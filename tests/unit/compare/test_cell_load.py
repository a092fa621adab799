"""A cell under load, summed up."""

from __future__ import annotations

import pytest

from perf_matrix.compare.cell_load import cell_load
from perf_matrix.compare.model import Both, CellLoad
from perf_matrix.compare.rounds import rounds
from perf_matrix.record.model import LoadSlot

from .slots import dropped, slot


def summed(*slots: LoadSlot) -> CellLoad:
    found = cell_load(rounds(slots))
    assert found
    return found


def test_nothing_where_no_round_was_finished() -> None:
    assert cell_load([]) is None


def test_counts_are_those_of_all_rounds_and_endpoints() -> None:
    found = summed(
        slot("base", 0, {"chat": [1.0] * 30, "keys": [1.0] * 10}, due=41, failed={"keys": 1}),
        slot("base", 1, {"chat": [1.0] * 40}, due=40),
        slot("head", 0, {"chat": [1.0] * 20}, due=41, dropped=19, failed={"chat": 2}),
        slot("head", 1, {"chat": [1.0] * 40}, due=40),
    )
    assert (found.rounds, found.invalid_rounds, found.rate, found.slot_s) == (2, 1, 14.0, 8.0)
    assert found.throughput == Both(base=80 / 16, head=60 / 16)
    assert found.due == Both(base=81, head=81)
    assert found.requests == Both(base=81, head=62)
    assert found.errors == Both(base=1, head=2)
    assert found.dropped == Both(base=0, head=19)


def test_costs_are_of_a_thousand_requests_that_were_sent() -> None:
    found = summed(
        slot("base", 0, {"chat": [1.0] * 90}, failed={"chat": 10}, cpu_s=2.0, db_ms=30.0),
        slot("base", 1, {"chat": [1.0] * 100}, cpu_s=4.0, db_ms=50.0),
        slot("head", 0, {"chat": [1.0] * 100}, cpu_s=9.0),
        slot("head", 1, {"chat": [1.0] * 100}, cpu_s=1.0),
    )
    assert found.cpu_s_per_1000 == Both(base=30.0, head=50.0)
    assert found.db_ms_per_1000 == Both(base=400.0, head=None)


def test_a_slot_in_which_a_cost_was_not_measured_is_left_out_of_it() -> None:
    found = summed(
        slot("base", 0, cpu_s=3.0), slot("base", 1), slot("head", 0, cpu_s=3.0), slot("head", 1, cpu_s=6.0)
    )
    assert found.cpu_s_per_1000 == Both(base=100.0, head=150.0)


def test_an_arm_that_was_sent_nothing_has_no_costs() -> None:
    found = summed(slot("base", 0, {}, cpu_s=1.0), slot("head", 0, cpu_s=3.0))
    assert found.cpu_s_per_1000 == Both(base=None, head=100.0)


def test_peak_memory_is_the_highest_seen() -> None:
    found = summed(
        slot("base", 0, peak_memory_bytes=5),
        slot("base", 1, peak_memory_bytes=7),
        slot("base", 2),
        *(slot("head", number) for number in range(3)),
    )
    assert found.peak_memory_bytes == Both(base=7, head=None)


def test_failures_come_with_their_arm_each_once_and_not_too_many() -> None:
    found = summed(
        slot("base", 0, failures=["keys: status 500"]),
        slot("base", 1, failures=["keys: status 500"]),
        slot("head", 0, failures=[f"chat: status {code}" for code in range(500, 505)]),
        slot("head", 1, failures=["keys: status 500"]),
    )
    assert found.examples == [f"head: chat: status {code}" for code in range(500, 505)]


@pytest.mark.parametrize(
    ("base", "head", "verdict"), [(0, 0, "pass"), (0, 9, "regression"), (9, 9, "invalid")]
)
def test_the_verdict_is_on_what_was_dropped(base: int, head: int, verdict: str) -> None:
    found = cell_load(dropped([base] * 4, [head] * 4))
    assert found
    assert found.verdict == verdict
    assert bool(found.note) == bool(base or head)

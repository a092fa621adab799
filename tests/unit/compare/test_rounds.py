"""Slots paired by round, whatever order they were recorded in."""

from __future__ import annotations

from perf_matrix.compare.rounds import answered, answers, rounds, sent

from .slots import slot


def test_both_slots_of_a_round_are_one_whatever_their_order() -> None:
    found = rounds([slot("head", 1), slot("base", 0), slot("base", 1), slot("head", 0)])
    assert [(each.base.arm, each.head.arm, each.base.round) for each in found] == [
        ("base", "head", 0),
        ("base", "head", 1),
    ]


def test_a_round_that_one_arm_did_not_finish_is_left_out() -> None:
    assert rounds([slot("base", 0), slot("head", 0), slot("base", 1)]) == rounds([slot("base"), slot("head")])
    assert rounds([slot("head", 3)]) == []


def test_a_round_that_was_done_again_counts_once_as_it_was_last() -> None:
    (found,) = rounds([slot("base", due=1), slot("base", due=2), slot("head")])
    assert found.base.due == 2


def test_rounds_of_one_number_in_two_epochs_are_two() -> None:
    assert len(rounds([slot(arm, 0, epoch=epoch) for epoch in (1, 2) for arm in ("base", "head")])) == 2


def test_a_round_is_valid_where_neither_arm_dropped() -> None:
    found = rounds(
        [
            *(slot("base", n, dropped=count) for n, count in enumerate((0, 1, 0))),
            *(slot("head", n, dropped=count) for n, count in enumerate((0, 0, 1))),
        ]
    )
    assert [each.valid for each in found] == [True, False, False]


def test_an_endpoint_that_was_sent_nothing_has_no_answers() -> None:
    (found,) = answers(rounds([slot("base", 7), slot("head", 7, {})]), "chat")
    assert (found.block, len(found.base_ms), len(found.head_ms)) == (7, 30, 0)


def test_sent_is_what_was_answered_well_or_not() -> None:
    one = slot("base", latencies={"chat": [1.0, 2.0], "keys": [3.0]}, failed={"keys": 4})
    assert (answered(one), sent(one)) == (3, 7)

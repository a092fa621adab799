"""Requests that take longer because of what went before them."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from perf_matrix.compare.carry_over import carry_over, is_more
from perf_matrix.compare.compare import compare
from perf_matrix.compare.hodges_lehmann import Interval
from perf_matrix.record.model import PairedBlock

from .records import drawn, record


def ordered(
    count: int,
    *,
    after_head: float = 1.0,
    after_base: float = 1.0,
    effect: float = 1.0,
    second: float = 1.0,
    seed: int = 1,
) -> list[PairedBlock]:
    """Blocks of about 20 ms in random orders; requests right after an arm's take so many times as long.

    ``effect`` makes head slower, ``second`` whatever is in second place.
    """
    rng = np.random.default_rng(seed)
    blocks = []
    for number in range(count):
        orders = rng.permutation([True] * 5 + [False] * 5).tolist()
        times: dict[str, list[float]] = {"base": [], "head": []}
        # The pair that goes before a block's pairs has the order of the first of them.
        before = "base" if orders[0] else "head"
        for head_first in orders:
            for place, arm in enumerate(("head", "base") if head_first else ("base", "head")):
                slowed = after_head if before == "head" else after_base
                slower = (effect if arm == "head" else 1.0) * (second if place else 1.0)
                times[arm].append(20 * slowed * slower * float(np.exp(rng.normal(0, 0.05))))
                before = arm
        blocks.append(
            PairedBlock(
                epoch=1 + number * 2 // count,
                endpoint="chat",
                block=number,
                started_at=float(number),
                base_ms=times["base"],
                head_ms=times["head"],
                head_first=orders,
            )
        )
    return blocks


def shift(blocks: list[PairedBlock]) -> Interval:
    found = carry_over(blocks)
    assert found is not None
    return found


def test_equal_arms_carry_nothing_over() -> None:
    found = shift(ordered(40))
    assert found.low < 0 < found.high
    assert not is_more(found, 0.05)


@pytest.mark.parametrize(("after_head", "after_base"), [(1.4, 1.0), (1.0, 1.4)])
def test_what_follows_one_arm_is_seen(after_head: float, after_base: float) -> None:
    blocks = ordered(40, after_head=after_head, after_base=after_base)
    found = shift(blocks)
    assert exp(found.estimate) == pytest.approx(after_head / after_base, rel=0.1)
    assert is_more(found, 0.05)


def test_a_slower_head_is_no_carry_over() -> None:
    blocks = ordered(40, effect=2.0)
    assert not is_more(shift(blocks), 0.05)


def test_a_cost_of_second_place_that_both_pay_is_none_either() -> None:
    blocks = ordered(40, second=1.5)
    assert not is_more(shift(blocks), 0.05)


def test_both_disturbing_alike_is_none_either() -> None:
    blocks = ordered(40, after_head=1.4, after_base=1.4)
    assert not is_more(shift(blocks), 0.05)


def test_it_counts_from_what_matters_to_the_gate() -> None:
    blocks = ordered(40, after_head=1.4)
    assert is_more(shift(blocks), 0.2)
    assert not is_more(shift(blocks), 0.4)


def test_few_blocks_warn_of_nothing() -> None:
    assert not is_more(shift(ordered(10, after_head=3.0)), 0.05)
    assert is_more(shift(ordered(11, after_head=3.0)), 0.05)


def test_orders_that_were_not_mixed_tell_nothing() -> None:
    assert carry_over(drawn(count=20)) is None
    assert carry_over([]) is None


def test_the_order_of_the_blocks_does_not_matter() -> None:
    blocks = ordered(50, after_head=1.2)
    assert carry_over(blocks[::-1]) == carry_over(blocks)


def test_it_is_a_warning_with_the_way_out_and_changes_no_verdict() -> None:
    blocks = ordered(40, after_head=1.5)
    compared = compare(record(blocks, gate={"metrics": ["p50"]}))
    (warning,) = compared.warnings
    assert warning.startswith("default: chat: requests right after head's take ")
    assert "what head does after its answers is in the times of both arms" in warning
    assert warning.endswith("measure on a machine with more CPUs")
    assert compared.verdict != "invalid"


def test_without_it_there_is_no_warning() -> None:
    assert compare(record(ordered(40), gate={"metrics": ["p50"]})).warnings == []

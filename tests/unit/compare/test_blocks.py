"""Units: which blocks are compared together, and that nothing depends on their order."""

from __future__ import annotations

import numpy as np
import pytest

from perf_matrix.compare.blocks import MAX_UNITS, both_quantiles, units

from .records import block, drawn


def test_a_block_is_a_unit_with_its_own_quantiles() -> None:
    found = units([block([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])], "p50")
    assert (found.base.tolist(), found.head.tolist(), found.epoch.tolist()) == ([3.0], [6.0], [1])
    assert found.log_ratios == pytest.approx([np.log(2)])


def test_quantiles_are_interpolated_linearly() -> None:
    assert both_quantiles([block([1, 2], [10, 20])], 0.95) == pytest.approx((1.95, 19.5))


def test_a_short_block_joins_its_neighbour_and_never_another_epoch() -> None:
    short = [block([1.0] * 4, [1.0] * 4, number=n, epoch=1) for n in range(3)]
    other = [block([9.0] * 3, [9.0] * 3, number=3, epoch=2)]
    found = units([*short, *other], "p50")
    assert found.epoch.tolist() == [1]
    assert found.base.tolist() == [1.0]


def test_what_is_left_over_at_the_end_of_an_epoch_joins_the_last_unit() -> None:
    parts = [block([v] * n, [v] * n, number=k) for k, (v, n) in enumerate([(1.0, 5), (2.0, 5), (9.0, 4)])]
    assert units(parts, "p50").base.tolist() == [1.0, 2.0]


def test_p99_units_hold_25_pairs_where_there_are_enough() -> None:
    assert len(units(drawn(count=24), "p99")) == 8
    assert len(units(drawn(count=8), "p99")) == 8


@pytest.mark.parametrize("epochs", [1, 2, 3, 10])
def test_very_many_blocks_are_merged_evenly_within_their_epochs(epochs: int) -> None:
    found = units(drawn(count=300, epochs=epochs), "p50")
    per_epoch = [len(values) for values in found.per_epoch(found.base)]
    assert len(found) <= MAX_UNITS
    assert max(per_epoch) == min(per_epoch) == MAX_UNITS // epochs


def test_the_order_of_the_record_does_not_matter() -> None:
    found = drawn(count=30)
    mixed = [found[i] for i in np.random.default_rng(5).permutation(len(found))]
    for metric in ("p50", "p95", "p99"):
        assert np.array_equal(units(found, metric).log_ratios, units(mixed, metric).log_ratios)


def test_a_latency_of_zero_has_a_ratio() -> None:
    assert units([block([0.0] * 5, [1.0] * 5)], "p50").log_ratios == pytest.approx([np.log(1000)])


def test_no_blocks_are_no_units() -> None:
    assert len(units([], "p50")) == 0

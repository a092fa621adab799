"""What the schedule asks: where is the interval widest, how many blocks at least."""

from __future__ import annotations

from math import inf

import pytest

from perf_matrix.compare.widths import interval_width, planned_blocks
from perf_matrix.matrix.model import Gate

from .records import drawn

GATE = Gate(metrics=["queries", "p50", "p95"], alpha=0.01, min_effect=0.05, min_effect_ms=0)


def test_too_few_blocks_are_the_most_urgent() -> None:
    assert interval_width(drawn(count=5), "p50", GATE) == inf


def test_noisier_is_wider_and_more_blocks_are_narrower() -> None:
    quiet, noisy = (interval_width(drawn(spread=spread), "p50", GATE) for spread in (0.05, 0.2))
    assert quiet < noisy
    assert interval_width(drawn(spread=0.2, count=40), "p50", GATE) < noisy


def test_it_does_not_look_at_which_arm_is_slower() -> None:
    assert interval_width(drawn(effect=2), "p50", GATE) == pytest.approx(interval_width(drawn(), "p50", GATE))


def test_milliseconds_that_do_not_matter_make_it_less_urgent() -> None:
    tolerant = GATE.model_copy(update={"min_effect_ms": 4.0})
    assert interval_width(drawn(), "p50", tolerant) < interval_width(drawn(), "p50", GATE)


def test_where_every_change_matters_it_still_tells_wide_from_narrow() -> None:
    strict = GATE.model_copy(update={"min_effect": 0.0})
    assert interval_width(drawn(count=40), "p50", strict) < interval_width(drawn(), "p50", strict) < 1


@pytest.mark.parametrize(("endpoints", "blocks"), [(0, 8), (1, 9), (16, 13), (192, 17)])
def test_blocks_for_a_difference_to_be_found_in_spite_of_drift(endpoints: int, blocks: int) -> None:
    """2 tests x 2 quantiles x 16 endpoints: 2 ** -13 x 64 is the first below 0.01."""
    assert planned_blocks(endpoints, GATE) == blocks

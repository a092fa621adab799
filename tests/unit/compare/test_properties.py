"""What must hold for every record: exchanging the arms mirrors it, units and order do not matter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.compare.compare import compare
from perf_matrix.compare.model import Comparison, Quantile, Verdict
from perf_matrix.record.model import PairedBlock

from .records import drawn, record

GATE: dict[str, Any] = {"metrics": ["p50", "p95"]}
MIRRORED: dict[Verdict, Verdict] = {"regression": "improvement", "improvement": "regression"}

runs = st.builds(
    drawn,
    count=st.integers(8, 24),
    effect=st.sampled_from([0.6, 0.8, 0.93, 1.0, 1.06, 1.2, 1.5]),
    spread=st.sampled_from([0.05, 0.1, 0.3]),
    seed=st.integers(0, 10_000),
    epochs=st.integers(1, 4),
)
bounded = settings(max_examples=40, deadline=None)


def quantiles(comparison: Comparison) -> list[Quantile]:
    paired = comparison.cells[0].endpoints[0].paired
    assert paired
    return [one for one in (paired.p50, paired.p95, paired.p99) if one]


def compared(blocks: list[PairedBlock], **gate: Any) -> Comparison:
    return compare(record(blocks, gate=GATE | gate))


def exchanged(block: PairedBlock) -> PairedBlock:
    return block.model_copy(update={"base_ms": block.head_ms, "head_ms": block.base_ms})


def times(block: PairedBlock, factor: float) -> PairedBlock:
    return block.model_copy(
        update={
            "base_ms": [factor * ms for ms in block.base_ms],
            "head_ms": [factor * ms for ms in block.head_ms],
        }
    )


@given(runs)
@bounded
def test_exchanging_the_arms_mirrors_what_is_found(blocks: list[PairedBlock]) -> None:
    """Regression and improvement change places exactly; 'pass' asks only for 'not slower', so it need not."""
    one, other = compared(blocks), compared([exchanged(block) for block in blocks])
    for here, there in zip(quantiles(one), quantiles(other), strict=True):
        assert MIRRORED.get(here.verdict, "neither") == (
            there.verdict if there.verdict in MIRRORED else "neither"
        )
        assert here.ratio == pytest.approx(1 / there.ratio)
        assert here.ci == pytest.approx((1 / there.ci[1], 1 / there.ci[0]))
        assert (here.delta, here.noise_floor) == pytest.approx((there.delta, there.noise_floor))
        assert here.p_adjusted == there.p_faster_adjusted


@given(runs, st.sampled_from([2.0**-6, 0.25, 2.0, 1024.0]))
@bounded
def test_the_unit_of_time_does_not_matter(blocks: list[PairedBlock], factor: float) -> None:
    one = compared(blocks, min_effect_ms=0)
    other = compared([times(block, factor) for block in blocks], min_effect_ms=0)
    for here, there in zip(quantiles(one), quantiles(other), strict=True):
        assert (here.verdict, here.p_value) == (there.verdict, there.p_value)
        assert here.ratio == pytest.approx(there.ratio)


@given(runs, st.randoms(use_true_random=False))
@bounded
def test_the_order_of_the_blocks_does_not_matter(blocks: list[PairedBlock], random: Any) -> None:
    mixed = list(blocks)
    random.shuffle(mixed)
    assert compared(mixed) == compared(blocks)


@given(runs)
@bounded
def test_the_same_record_gives_the_same_comparison(blocks: list[PairedBlock]) -> None:
    assert compared(blocks) == compared(blocks)


@given(runs)
@bounded
def test_a_verdict_keeps_its_word(blocks: list[PairedBlock]) -> None:
    for found in quantiles(compared(blocks)):
        low, high = found.ci
        if found.verdict == "regression":
            assert low > 1 + found.delta
            assert found.p_adjusted is not None
            assert found.p_adjusted <= 0.01
            assert min(found.epoch_ratios) > 1 + found.delta
        if found.verdict == "pass":
            assert high < 1 + found.matters
        if found.verdict == "inconclusive":
            assert found.note

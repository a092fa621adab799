"""The rules for one quantile, each with the smallest case that shows it."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from perf_matrix.compare.blocks import Units
from perf_matrix.compare.hodges_lehmann import Interval
from perf_matrix.compare.holm import PValues
from perf_matrix.compare.latency import Latency, decide, measure, smallest_that_matters
from perf_matrix.matrix.model import Gate

from .records import drawn

GATE = Gate(alpha=0.01, min_effect=0.05, min_effect_ms=0)
SURE = PValues(worse=0.001, better=0.001)


def latency(low: float, estimate: float, high: float, epochs: list[float], noise: float = 0.0) -> Latency:
    """A p50 with the given ratios, from eight units that are not looked at."""
    ones = np.ones(8)
    return Latency(
        metric="p50",
        base=20.0,
        head=20.0 * estimate,
        pairs=80,
        units=Units(epoch=np.array([1] * 4 + [2] * 4), base=ones, head=ones),
        interval=Interval(estimate=log(estimate), low=log(low), high=log(high), confidence=0.984),
        epochs=[log(ratio) for ratio in epochs],
        p_u=0.0001,
        p_paired=0.004,
        p=PValues(worse=0.0002, better=1.0),
        noise=noise,
        matters=0.05,
        gated=True,
    )


@pytest.mark.parametrize(
    ("low", "estimate", "high", "epochs", "noise", "verdict"),
    [
        (1.06, 1.10, 1.14, [1.08, 1.12], 0.00, "regression"),
        (1.04, 1.10, 1.14, [1.08, 1.12], 0.00, "inconclusive"),  # may be less than 5 %
        (1.06, 1.10, 1.14, [1.03, 1.17], 0.00, "inconclusive"),  # not after every fresh start
        (1.06, 1.10, 1.14, [1.08, 1.12], 0.07, "inconclusive"),  # within the noise
        (0.97, 1.00, 1.04, [0.99, 1.01], 0.00, "pass"),
        (0.97, 1.00, 1.06, [0.99, 1.01], 0.00, "inconclusive"),  # may be more than 5 %
        (0.97, 1.00, 1.06, [0.99, 1.01], 0.20, "inconclusive"),  # noise is no excuse to pass
        (0.88, 0.91, 0.94, [0.90, 0.92], 0.00, "improvement"),
        (0.88, 0.91, 0.94, [0.90, 0.96], 0.00, "pass"),  # surely not slower
    ],
)
def test_verdicts(
    low: float, estimate: float, high: float, epochs: list[float], noise: float, verdict: str
) -> None:
    assert decide(latency(low, estimate, high, epochs, noise), SURE, GATE) == verdict


def test_no_significance_no_regression() -> None:
    found = latency(1.06, 1.10, 1.14, [1.08, 1.12])
    assert decide(found, PValues(worse=0.011, better=1.0), GATE) == "inconclusive"
    assert decide(found, PValues(worse=0.010, better=1.0), GATE) == "regression"


def test_one_epoch_decides_nothing() -> None:
    assert decide(latency(0.97, 1.00, 1.04, [1.0]), SURE, GATE) == "inconclusive"


def test_a_level_out_of_reach_decides_nothing() -> None:
    strict = Gate(alpha=0.001, min_effect=0.05, min_effect_ms=0)
    assert decide(latency(0.97, 1.00, 1.04, [0.99, 1.01]), SURE, strict) == "inconclusive"


def test_fewer_than_eight_units_decide_nothing() -> None:
    found = latency(0.97, 1.00, 1.04, [0.99, 1.01])
    few = replace(found, units=Units(epoch=np.array([1, 2]), base=np.ones(2), head=np.ones(2)))
    assert decide(few, SURE, GATE) == "inconclusive"


def test_milliseconds_count_from_the_faster_arm() -> None:
    """1 ms of 10 ms is 10 %, whichever arm has the 10 ms; of 100 ms it is 1 %, and 5 % is more."""
    gate = Gate(min_effect=0.05, min_effect_ms=1)
    assert smallest_that_matters(10, 40, gate) == smallest_that_matters(40, 10, gate) == pytest.approx(0.1)
    assert smallest_that_matters(100, 100, gate) == 0.05


def test_a_tail_is_gated_from_ten_requests_beyond_it() -> None:
    gate = Gate(metrics=["p50", "p95", "p99"])
    for count, gated in ((19, [True, False, False]), (20, [True, True, False]), (100, [True, True, True])):
        found = [measure(drawn(count=count), metric, gate) for metric in ("p50", "p95", "p99")]
        assert [one.gated for one in found if one] == gated


def test_fewer_than_six_units_are_not_shown() -> None:
    assert measure(drawn(count=5), "p50", GATE) is None
    assert measure(drawn(count=6), "p50", GATE) is not None

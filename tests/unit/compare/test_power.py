"""What is called detectable is detected: about 95 of 100 in a small simulation, fixed seeds."""

from __future__ import annotations

import numpy as np

from perf_matrix.compare.holm import PValues
from perf_matrix.compare.latency import confidence, decide, measure
from perf_matrix.compare.power import detectable
from perf_matrix.matrix.model import Gate

from .records import drawn

GATE = Gate(metrics=["p50"], alpha=0.01, min_effect=0.05, min_effect_ms=0)
TESTS = 16


def promised(seed: int, count: int) -> float:
    found = measure(drawn(seed=seed, count=count), "p50", GATE)
    assert found
    effect = detectable(found.units, found.matters, GATE.alpha / TESTS, confidence(GATE))
    assert effect is not None
    return effect


def found(seed: int, count: int, effect: float) -> bool:
    measured = measure(drawn(seed=seed, count=count, effect=1 + effect), "p50", GATE)
    assert measured
    p = PValues(worse=measured.p.worse * TESTS, better=1.0)
    return decide(measured, p, GATE) == "regression"


def test_what_is_called_detectable_is_detected() -> None:
    hits = [found(1000 + seed, 16, promised(seed, 16)) for seed in range(60)]
    assert np.mean(hits) >= 0.85


def test_half_of_it_mostly_is_not() -> None:
    hits = [found(1000 + seed, 16, promised(seed, 16) / 2) for seed in range(60)]
    assert np.mean(hits) <= 0.3


def test_more_blocks_and_less_noise_detect_less() -> None:
    assert promised(1, 40) < promised(1, 12)


def test_the_same_record_gives_the_same_figure() -> None:
    assert promised(1, 12) == promised(1, 12)


def test_nothing_is_detectable_where_significance_is_out_of_reach() -> None:
    measured = measure(drawn(count=8), "p50", GATE)
    assert measured
    assert detectable(measured.units, 0.05, 1e-5, 0.98) is None

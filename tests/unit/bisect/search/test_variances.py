from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from perf_matrix.bisect.search.variances import NoisyReading, pooled_variances


def test_a_lucky_run_is_as_noisy_as_the_others() -> None:
    readings = [NoisyReading(3, 0.1, 0.0001, 8), NoisyReading(7, 0.2, 0.0399, 8)]
    first, second = pooled_variances(readings, between_starts=0.0)
    # 14 degrees of freedom, so 14/12 of the mean of both.
    assert (first.version, first.estimate) == (3, 0.1)
    assert first.variance == pytest.approx(0.02 * 14 / 12 / 8)
    assert second.variance == first.variance


def test_longer_runs_weigh_more_and_are_less_noisy() -> None:
    short, long = pooled_variances(
        [NoisyReading(1, 0, 0.5, 2), NoisyReading(1, 0, 0.1, 40)], between_starts=0
    )
    assert long.variance == pytest.approx(short.variance / 20)
    assert long.variance * 40 == pytest.approx((1 * 0.5 + 39 * 0.1) / 40 * 40 / 38)


def test_what_a_start_adds_is_not_averaged_away() -> None:
    (one,) = pooled_variances([NoisyReading(1, 0.0, 0.01, 10_000)], between_starts=0.02)
    assert one.variance == pytest.approx(0.02**2, rel=0.01)


def test_few_blocks_widen_as_student_says() -> None:
    (one,) = pooled_variances([NoisyReading(1, 0.0, 1.0, 6)], between_starts=0)
    assert one.variance == pytest.approx(student(5).var() / 6)


def test_nothing_read_is_nothing_observed() -> None:
    assert pooled_variances([]) == []


def test_single_blocks_tell_no_noise() -> None:
    with pytest.raises(ValueError, match="measure more blocks"):
        pooled_variances([NoisyReading(1, 0.0, 0.0, 1), NoisyReading(2, 0.0, 0.0, 1)])


def test_the_variance_is_not_too_small_on_average() -> None:
    rng = np.random.default_rng(1)
    blocks = rng.normal(0, 0.1, (2000, 8))
    alone = [
        pooled_variances([NoisyReading(1, float(run.mean()), float(run.var(ddof=1)), 8)], 0.0)[0]
        for run in blocks
    ]
    inside = np.mean([abs(one.estimate) < 1.96 * one.variance**0.5 for one in alone])
    assert inside > 0.94

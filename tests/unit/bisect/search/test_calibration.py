"""The parts of the calibration script that decide what its tables say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from scripts.bisect_calibration import (
    LEAST,
    NOISE,
    Setting,
    Stop,
    history,
    measured,
    plain_bisection,
    plain_bisections,
    renewed,
    search,
    table,
)


def test_a_measurement_is_as_noisy_as_is_said() -> None:
    rng = np.random.default_rng(1)
    estimates = [measured(1, [0.0, 0.5], rng).estimate for _ in range(4000)]
    assert np.mean(estimates) == pytest.approx(0.5, abs=4 * NOISE / 4000**0.5)
    assert np.std(estimates) == pytest.approx(NOISE, rel=0.05)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_ends_of_a_history_differ_by_more_than_what_counts(seed: int) -> None:
    culprits, levels = history(Setting(12, 2, 2), seed, np.random.default_rng(1))
    assert (np.flatnonzero(np.diff(levels)) + 1).tolist() == culprits
    assert levels[-1] > 2 * NOISE - 1e-9 > LEAST


def test_plain_bisection_of_three_versions_is_right_as_often_as_theory_says() -> None:
    right, measurements = plain_bisections(Setting(3, 2, 1), 1, np.random.default_rng(1))
    # One step; the mean of two measurements of the end is halved: 1 + 1/8 of the variance of one.
    assert right == pytest.approx(norm.cdf(1 / (1 + 1 / 8) ** 0.5), abs=0.03)
    assert measurements == 1


def test_plain_bisection_repeats_as_often_as_it_must() -> None:
    setting = Setting(100, 4, 1)
    few, many = plain_bisection(setting, 0.8), plain_bisection(setting, 0.99)
    assert few is not None
    assert many is not None
    assert few.repeats < many.repeats
    assert few.measurements < many.measurements


def test_where_no_number_of_repeats_is_enough_there_is_no_plain_bisection() -> None:
    assert plain_bisection(Setting(3, 1, 1), share=1.01) is None


def test_a_search_stops_at_one_confidence_after_the_other_and_always_alike() -> None:
    stops = search(Setting(12, 8, 1), 3)
    assert stops == search(Setting(12, 8, 1), 3)
    assert [stop.right for stop in stops] == [True, True, True]
    used = [stop.measurements for stop in stops]
    assert used == sorted(used)


def test_the_tables_are_put_between_their_comments() -> None:
    found = {
        Setting(12, 8, 1): [[Stop(4, right=True)] * 3, [Stop(6, right=False)]],
        Setting(12, 8, 2): [[Stop(7, right=True)] * 3],
    }
    text = "a\n<!-- calibration of two changes -->\nold\n<!-- end -->\nb\n"
    assert renewed(text, found) == (
        f"a\n<!-- calibration of two changes -->\n{table(2, found)}\n<!-- end -->\nb\n"
    )
    assert "| 12 | 8 | 90% | 2 of 2 | 50% | 5 | 5.0 |" in table(1, found)
    assert "| 12 | 8 | 95% | 1 of 2 | 100% | 4 | 4.0 |" in table(1, found)
    assert "old" not in renewed(text, found)

"""The noise floor: sees restless stretches, does not see an effect."""

from __future__ import annotations

import numpy as np
import pytest

from perf_matrix.compare.blocks import Units
from perf_matrix.compare.noise import noise_floor


def units_of(log_ratios: list[float], epoch: list[int]) -> Units:
    return Units(epoch=np.array(epoch), base=np.ones(len(epoch)), head=np.exp(np.array(log_ratios)))


def test_two_standard_errors_between_epochs_worked_by_hand() -> None:
    """Estimates 0.00 and 0.06: the standard error of their mean is 0.03."""
    found = noise_floor(units_of([0.0] * 4 + [0.06] * 4, [1] * 4 + [2] * 4))
    assert found == pytest.approx(np.expm1(2 * 0.03))


def test_two_standard_errors_between_halves_worked_by_hand() -> None:
    """Halves 0, 0.06, 0, 0.06: deviation 0.0346, over the root of four; the epochs agree."""
    halves = [0.0, 0.0, 0.06, 0.06, 0.0, 0.0, 0.06, 0.06]
    found = noise_floor(units_of(halves, [1] * 4 + [2] * 4))
    assert found == pytest.approx(np.expm1(2 * np.std([0, 0.06, 0, 0.06], ddof=1) / 2))


def test_a_slowness_of_head_does_not_raise_it() -> None:
    ratios = np.random.default_rng(1).normal(0, 0.05, 12)
    epoch = [1] * 6 + [2] * 6
    quiet = noise_floor(units_of(ratios.tolist(), epoch))
    slow = noise_floor(units_of((ratios + 0.5).tolist(), epoch))
    assert slow == pytest.approx(quiet)


def test_one_epoch_has_its_halves_only() -> None:
    assert noise_floor(units_of([0.0, 0.0], [1, 1])) == 0.0
    assert noise_floor(units_of([0.1], [1])) == 0.0

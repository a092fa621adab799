from __future__ import annotations

import pytest

from perf_matrix.bisect.search.assuming import assumptions_from
from perf_matrix.bisect.search.posterior import Observation


def test_levels_are_expected_around_half_the_difference_of_the_ends() -> None:
    found = assumptions_from([Observation(9, 0.5, 0.01), Observation(9, 0.25, 0.02)], least=0.02)
    whole = (0.5 / 0.01 + 0.25 / 0.02) / (1 / 0.01 + 1 / 0.02)
    assert found.centre == pytest.approx(whole / 2)
    assert found.matters == pytest.approx(whole / 5)
    assert found.spread == pytest.approx(0.75 * whole)


def test_a_falling_level_matters_as_much() -> None:
    found = assumptions_from([Observation(9, -0.5, 0.01)], least=0.02)
    assert found.centre == -0.25
    assert found.matters == pytest.approx(0.1)


def test_what_is_too_small_for_the_user_is_not_looked_for() -> None:
    found = assumptions_from([Observation(9, 0.05, 0.01)], least=0.05)
    assert found.matters == 0.05
    assert found.spread == 0.1


def test_without_the_bad_end_there_is_nothing_to_go_by() -> None:
    with pytest.raises(ValueError, match="measure it first"):
        assumptions_from([], least=0.05)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.bisect.search.material import change_sets, material_changes, spans
from perf_matrix.bisect.search.posterior import Nodes

MATTERS = 1.0


def kept(levels: list[float]) -> list[int]:
    """The gaps with a change that matters."""
    return np.flatnonzero(material_changes(np.array([levels]), MATTERS)[0]).tolist()


@pytest.mark.parametrize(
    ("levels", "gaps"),
    [
        pytest.param([0, 0, 3, 3], [1], id="one"),
        pytest.param([0, 2, 2, 1], [0, 2], id="up, then partly down"),
        pytest.param([0, 0.5, 0.5, 0], [], id="none that matters"),
        pytest.param([0, 0, 0.4, 3, 3], [2], id="a small step before a large one belongs to it"),
        pytest.param([0, 0.3, 0.7, 1.4, 1.4], [2], id="a ramp is one change where it is steepest"),
        pytest.param([0, 0.625, 0.125, 0.5, 1], [0], id="down steps of a rise are not its steepest"),
        pytest.param([0, 0.9, -0.6], [1], id="a large jump back across where it began"),
        pytest.param([0, 2.6, 3, 3], [0], id="a small step after a large one belongs to it"),
        pytest.param([0, 0.9, 0], [], id="a bump that does not matter"),
        pytest.param([0], [], id="a single version"),
    ],
)
def test_only_what_matters_is_a_change(levels: list[float], gaps: list[int]) -> None:
    assert kept(levels) == gaps


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-14, 14), min_size=1, max_size=10))
def test_every_large_jump_is_a_change_and_no_change_is_where_nothing_moved(steps: list[int]) -> None:
    levels = np.cumsum([0, *steps]) / 7.0
    changed = material_changes(levels[np.newaxis], MATTERS)[0]
    jumps = np.diff(levels)
    assert changed[np.abs(jumps) >= MATTERS].all()
    assert not changed[jumps == 0].any()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-6, 6), min_size=1, max_size=10))
def test_small_steps_are_a_change_as_soon_as_they_went_far_enough(steps: list[int]) -> None:
    levels = np.cumsum([0, *steps]) / 7.0
    expected, last = 0, 0.0
    for level in levels:
        if abs(level - last) >= MATTERS:
            expected, last = expected + 1, level
    assert len(kept(levels.tolist())) == expected


def test_draws_do_not_disturb_each_other() -> None:
    rng = np.random.default_rng(1)
    levels = np.cumsum(rng.choice([0, 0, 0.6, -0.8, 2], size=(50, 9)), axis=1)
    together = material_changes(levels, MATTERS)
    assert together.any()
    for row in range(50):
        assert (material_changes(levels[[row]], MATTERS)[0] == together[row]).all()


def test_sets_are_counted_and_a_wide_gap_is_shared_among_its_boundaries() -> None:
    changed = np.array([[True, False]] * 6 + [[False, True]] * 3 + [[False, False]])
    sets = change_sets(changed, np.array([10, 1]))
    assert sets.gaps.tolist() == [[False, True], [False, False], [True, False]]
    assert sets.share == pytest.approx([0.3, 0.1, 0.6])
    assert sets.probability == pytest.approx([0.3, 0.1, 0.06])
    assert sets.of_draw.tolist() == [2] * 6 + [0] * 3 + [1]


def test_a_history_of_one_version_has_one_set() -> None:
    sets = change_sets(np.zeros((5, 0), dtype=np.bool_), np.zeros(0, dtype=np.int64))
    assert sets.probability.tolist() == [1.0]


def test_each_version_is_stood_for_once() -> None:
    none = np.zeros(3)
    nodes = Nodes(np.array([0, 4, 9]), np.array([0, 4, 9]), none, none)
    assert spans(nodes).tolist() == [2.5, 4.5, 3.0]
    assert spans(nodes).sum() == 10

"""Holm's correction, worked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.compare.holm import PValues, holm, holm_each_way

p_values = st.lists(st.floats(0, 1), max_size=20)


def test_a_hand_worked_case() -> None:
    """0.01 x 4, 0.02 x 3, then 0.03 x 2 = 0.06 and 0.5 x 1."""
    assert holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])


def test_adjusted_values_never_fall_and_never_pass_one() -> None:
    assert holm([0.04, 0.03, 0.9]) == pytest.approx([0.09, 0.09, 0.9])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_no_questions() -> None:
    assert holm([]) == []


def test_each_direction_is_its_own_family() -> None:
    found = holm_each_way([PValues(worse=0.01, better=0.99), PValues(worse=0.6, better=0.02)])
    assert [one.worse for one in found] == pytest.approx([0.02, 0.6])
    assert [one.better for one in found] == pytest.approx([0.99, 0.04])


@given(p_values)
def test_between_the_raw_value_and_bonferroni(p: list[float]) -> None:
    for raw, adjusted in zip(p, holm(p), strict=True):
        assert raw <= adjusted <= min(1.0, len(p) * raw) + 1e-12


@given(p_values)
def test_keeps_the_order(p: list[float]) -> None:
    adjusted = holm(p)
    ordered = [adjusted[i] for i in sorted(range(len(p)), key=p.__getitem__)]
    assert ordered == sorted(ordered)

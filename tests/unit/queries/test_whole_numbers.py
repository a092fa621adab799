"""What all solutions in whole numbers agree on, against trying out every solution."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.queries.whole_numbers import Inequalities, only_values

INF = np.inf
Row = tuple[tuple[int, ...], float, float]


def system(*rows: Row) -> Inequalities:
    matrix = np.array([coefficients for coefficients, _, _ in rows], dtype=np.float64)
    return Inequalities(
        matrix, np.array([low for _, low, _ in rows]), np.array([high for _, _, high in rows])
    )


def test_what_one_inequality_says() -> None:
    assert only_values(system(((3,), 6, 8))) == [2]
    assert only_values(system(((3,), 5, 9))) == [None]
    assert only_values(system(((3,), 7, 8))) == [None]  # no whole number


def test_what_only_all_inequalities_together_say() -> None:
    assert only_values(system(((1, 1), 5, 5), ((1, 2), 7, 7))) == [3, 2]


def test_what_only_whole_numbers_can_solve() -> None:
    """2a + 2b + c is even, so c is; a and b may be anything that adds up."""
    assert only_values(system(((2, 2, 1), 6, 6), ((0, 0, 1), 1, 3))) == [None, None, 2]


def test_what_is_not_bounded_is_left_open() -> None:
    assert only_values(system(((1, 0), 4, 4), ((1, 2), 9, INF))) == [4, None]


def test_where_there_is_no_solution_nothing_is_said() -> None:
    assert only_values(system(((1, 0), 4, 4), ((1, 0), 5, 5), ((0, 1), 1, 1))) == [None, None]
    assert only_values(system(((0,), 1, INF))) == [None]


def tried_out(rows: list[Row], variables: int, limit: int) -> list[int | None]:
    """By brute force: no variable of a bounded row exceeds ``limit``, and what is not bounded may as well be it."""
    solutions = [
        k
        for k in product(range(limit + 2), repeat=variables)
        if all(low <= sum(c * v for c, v in zip(row, k, strict=True)) <= high for row, low, high in rows)
    ]
    values = [{k[place] for k in solutions} for place in range(variables)]
    return [one.pop() if len(one) == 1 else None for one in values]


@st.composite
def systems(draw: st.DrawFn) -> tuple[list[Row], int]:
    variables = draw(st.integers(1, 3))
    coefficients = st.tuples(*[st.integers(0, 4)] * variables)
    row = st.one_of(
        st.tuples(coefficients, st.just(-INF), st.integers(0, 9)),
        st.tuples(coefficients, st.integers(0, 9), st.just(INF)),
        st.tuples(coefficients, st.integers(0, 9), st.integers(0, 9)),
    )
    return draw(st.lists(row, min_size=1, max_size=6)), variables


@settings(deadline=None, max_examples=400)
@given(drawn=systems())
def test_the_same_as_by_trying_out_everything(drawn: tuple[list[Row], int]) -> None:
    rows, variables = drawn
    assert only_values(system(*rows)) == tried_out(rows, variables, limit=9)


@pytest.mark.parametrize("total", range(4, 13))
@pytest.mark.parametrize("coefficients", list(product(range(1, 5), repeat=2)))
def test_a_value_that_is_not_the_next_one_is_another_one_too(
    coefficients: tuple[int, int], total: int
) -> None:
    """With 8 = a + 2b, a may be 0, 2, 4 …, never 1."""
    for least in ((0, 0), (1, 0), (0, 1)):
        rows: list[Row] = [(coefficients, total, total), ((1, 0), least[0], INF), ((0, 1), least[1], INF)]
        assert only_values(system(*rows)) == tried_out(rows, 2, limit=total)

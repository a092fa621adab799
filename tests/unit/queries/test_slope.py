"""Two exact counts at two numbers of rows are a line; anything less is none, and says why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.queries.profile import QueryProfile
from perf_matrix.queries.slope import N_PLUS_ONE, line_through, why_no_line

USERS, TEAM, COUNT = (
    "SELECT id FROM users",
    "SELECT name FROM teams WHERE id = $1",
    "SELECT count(*) FROM users",
)


def profile(rows: int | None, statements: dict[str, float], **more: Any) -> QueryProfile:
    values: dict[str, Any] = {"per_request": sum(statements.values()), "stable": True} | more
    return QueryProfile("users", "base", statements=statements, answer_rows=rows, **values)


def test_a_lookup_for_each_row_is_an_n_plus_one() -> None:
    line = line_through(profile(25, {USERS: 1, TEAM: 25}), profile(10, {USERS: 1, TEAM: 10}))
    assert line is not None
    assert (line.fixed, line.per_row, line.is_n_plus_one) == (1, 1, True)
    assert line.points == ((10, 11), (25, 26))
    assert line.statements == {TEAM: 1}


def test_a_list_that_asks_once_for_all_is_flat() -> None:
    line = line_through(profile(10, {USERS: 1, COUNT: 1}), profile(25, {USERS: 1, COUNT: 1}))
    assert line is not None
    assert (line.fixed, line.per_row, line.is_n_plus_one, line.statements) == (2, 0, False, {})


def test_a_flat_line_has_no_sign() -> None:
    line = line_through(profile(25, {USERS: 1}), profile(10, {USERS: 1}))
    assert line is not None
    assert str(line.per_row) == "0.0"


def test_what_becomes_less_with_the_rows_does_not_multiply() -> None:
    line = line_through(profile(10, {TEAM: 10, COUNT: 5}), profile(20, {TEAM: 20}))
    assert line is not None
    assert (line.per_row, line.statements) == (0.5, {TEAM: 1})


def test_a_statement_that_only_the_longer_page_issues_counts() -> None:
    line = line_through(profile(10, {USERS: 1}), profile(20, {USERS: 1, TEAM: 10}))
    assert line is not None
    assert line.statements == {TEAM: 1}


@pytest.mark.parametrize(("more", "called"), [(4, False), (5, True), (10, True)])
def test_half_a_statement_for_each_row_is_one_too(more: int, called: bool) -> None:  # noqa: FBT001
    line = line_through(profile(10, {TEAM: 1}), profile(20, {TEAM: 1 + more}))
    assert line is not None
    assert line.is_n_plus_one is called


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (profile(10, {}, unstable_because="4 calls but 9"), profile(20, {}), "4 calls but 9"),
        (profile(10, {}), profile(20, {}, unstable_because="4 calls but 9"), "4 calls but 9"),
        (profile(10, {}), profile(20, {}, per_request=None, invalid_because="evicted"), "evicted"),
        (
            profile(None, {}),
            profile(20, {}),
            "the answers hold no single number of rows: they differ, or rows.count finds none",
        ),
        (
            profile(10, {}),
            profile(None, {}),
            "the answers hold no single number of rows: they differ, or rows.count finds none",
        ),
        (profile(10, {USERS: 1}), profile(10, {USERS: 9}), "10 rows in both answers"),
    ],
)
def test_there_is_no_line_without_two_exact_counts_at_two_numbers_of_rows(
    one: QueryProfile, other: QueryProfile, why: str
) -> None:
    assert line_through(one, other) is None
    assert why_no_line(one, other) == why


@given(
    fixed=st.dictionaries(st.sampled_from([USERS, COUNT]), st.integers(1, 5)),
    each=st.dictionaries(st.sampled_from([TEAM, "SELECT id FROM keys"]), st.integers(1, 3), min_size=1),
    rows=st.lists(st.integers(0, 200), min_size=2, max_size=2, unique=True),
)
def test_the_line_is_the_one_that_was_injected(
    fixed: dict[str, int], each: dict[str, int], rows: list[int]
) -> None:
    one, other = (
        profile(count, {**fixed, **{text: calls * count for text, calls in each.items() if count}})
        for count in rows
    )
    line = line_through(one, other)
    assert line is not None
    assert why_no_line(one, other) == ""
    assert line.fixed == pytest.approx(sum(fixed.values()))
    assert line.per_row == pytest.approx(sum(each.values()))
    assert line.statements == pytest.approx(each)
    assert line == line_through(other, one)
    assert line.is_n_plus_one == (line.per_row >= N_PLUS_ONE)

"""What a record says about each endpoint in each cell: counts, slopes, and why there is no slope."""

from __future__ import annotations

import pytest

from perf_matrix.budget.counted import Counted
from perf_matrix.budget.counting import count
from perf_matrix.record.model import QueryWindow, RunRecord

from .runs import LOGIN, PAGES, TEAMS, USERS, cell, run, windows


def counted(record: RunRecord, *names: str) -> list[Counted]:
    return count(record, "head", names, lambda statement: f"{statement[:6]}…")


def of_pages(*found: list[QueryWindow]) -> Counted:
    (only,) = counted(run(cell([window for each in found for window in each]), endpoints=[PAGES]), "users")
    return only


PAGE = windows(PAGES, (26, 26), rows=25)
SHORT_PAGE = windows(PAGES, (11, 11), rows=10, page_size=10)
MORE_DATA = windows(PAGES, (26, 26), rows=25, scale="second")


def test_an_exact_count() -> None:
    (only,) = counted(run(cell(windows(LOGIN, (3, 3)))), "login")
    assert (only.endpoint, only.request) == ("login", "POST /login")
    assert (only.per_request, only.exact, only.statements) == (3, True, {USERS: 3})
    assert (only.per_row, only.no_slope, only.cell) == (None, (), "")


def test_what_was_chosen_and_not_recorded_is_there_with_its_reason() -> None:
    (only,) = counted(run(cell()), "login")
    assert (only.per_request, only.exact, only.because) == (None, False, "nothing was recorded of it")


def test_what_was_not_chosen_is_left_out() -> None:
    record = run(cell([*windows(LOGIN, (3, 3)), *PAGE]), endpoints=[LOGIN, PAGES])
    assert [each.endpoint for each in counted(record, "login")] == ["login"]


def test_every_cell_is_counted_and_named_where_there_are_several() -> None:
    record = run(cell(windows(LOGIN, (3, 3)), "a"), cell(windows(LOGIN, (2, 2)), "b"))
    assert [(each.cell, each.per_request) for each in counted(record, "login")] == [("a", 3), ("b", 2)]


def test_a_cell_without_windows_is_not_hidden_by_one_with_them() -> None:
    record = run(cell(windows(LOGIN, (3, 3)), "a"), cell(name="b"))
    assert [each.per_request for each in counted(record, "login")] == [3, None]


def test_the_statement_in_doubt_is_shortened_and_its_figures_are_kept() -> None:
    long = f"SELECT {', '.join(f'column_{n}' for n in range(200))} FROM users"
    (only,) = counted(run(cell(windows(LOGIN, (1, 2), text=long))), "login")
    assert only.because == "SELECT…: 4 calls in 4 requests but 14 calls in 7 requests"


def test_a_slope_over_the_pages_and_as_many_statements_with_more_data() -> None:
    found = of_pages(PAGE, SHORT_PAGE, MORE_DATA)
    assert (found.per_row, found.row, found.no_slope) == (1, "user", ())


def test_of_two_slopes_the_steeper_one_counts() -> None:
    steeper = windows(PAGES, (50, 50), rows=37, scale="second")
    assert of_pages(PAGE, SHORT_PAGE, steeper).per_row == 2


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ([PAGE, MORE_DATA], "no slope over the size of its page: nothing was recorded of it there"),
        ([PAGE, SHORT_PAGE], "no slope over the data: nothing was recorded of it there"),
        (
            [PAGE, windows(PAGES, (26, 26), rows=25, page_size=10), MORE_DATA],
            "no slope over the size of its page: 25 rows in both answers",
        ),
        (
            [PAGE, windows(PAGES, (11, 12), rows=10, page_size=10), MORE_DATA],
            "no slope over the size of its page: SELECT…: 44 calls in 4 requests but 84 calls in 7 requests",
        ),
        (
            [PAGE, SHORT_PAGE, windows(PAGES, (26, 26), scale="second")],
            "no slope over the data: the answers hold no single number of rows: they differ, or rows.count finds none",
        ),
        (
            [PAGE, SHORT_PAGE, windows(PAGES, (40, 40), rows=25, scale="second")],
            (
                "14 more per request with more data, although the answer holds 25 rows as before: "
                "they grow with the data, for which a budget has no number"
            ),
        ),
        (
            [windows(PAGES, (26, 27), rows=25), SHORT_PAGE, MORE_DATA],
            "no slope could be measured, since the count is not exact",
        ),
    ],
)
def test_why_a_list_has_no_slope(found: list[list[QueryWindow]], why: str) -> None:
    assert of_pages(*found).no_slope == (why,)


def test_fewer_statements_with_more_data_are_no_growth() -> None:
    assert of_pages(PAGE, SHORT_PAGE, windows(PAGES, (20, 20), rows=25, scale="second")).no_slope == ()


def test_a_list_without_pages_has_to_grow_with_the_data() -> None:
    found = [*windows(TEAMS, (3, 3), rows=10), *windows(TEAMS, (3, 3), rows=10, scale="second")]
    (only,) = counted(run(cell(found), endpoints=[TEAMS]), "teams")
    assert only.no_slope == ("no slope over the data: 10 rows in both answers",)


def test_a_list_of_which_nothing_was_recorded_has_only_that_reason() -> None:
    (only,) = counted(run(cell(), endpoints=[PAGES]), "users")
    assert only.no_slope == ()


def test_a_run_without_a_second_point_has_no_slope_and_no_doubt() -> None:
    (only,) = counted(run(cell(windows(TEAMS, (3, 3), rows=10)), endpoints=[TEAMS], grown=[]), "teams")
    assert (only.per_row, only.no_slope) == (None, ())

"""Slopes in words."""

from __future__ import annotations

import pytest

from perf_matrix.compare.model import Line, Slope, Verdict
from perf_matrix.report import render_markdown, render_terminal
from perf_matrix.report.slopes import formula, is_n_plus_one, row_note

from .builders import DOUBT, STATES, cell, comparison, endpoint, line, n_plus_one_new, queries


def slope(base: Line | None, head: Line | None, verdict: Verdict, note: str = "") -> Slope:
    return Slope(row="user", over="page size", base=base, head=head, verdict=verdict, note=note)


@pytest.mark.parametrize(
    ("fixed", "per_row", "text"),
    [
        (1, 1, "1 + 1.00 per user"),
        (2.5, 0.5, "2.50 + 0.50 per user"),
        (4, 0, "always 4"),
        (9, -0.1, "9 - 0.10 per user"),
        (1, 0.998, "1 + 0.998 per user"),
        (1, 0.9996, "1 + ≈1 per user"),
    ],
)
def test_a_line_is_exact_or_visibly_not(fixed: float, per_row: float, text: str) -> None:
    assert formula(line(fixed, per_row), "user") == text


@pytest.mark.parametrize(
    ("given_slope", "words"),
    [
        (
            slope(line(4, 0), line(4, 1), "regression"),
            "N+1 over the page size, new: 4 + 1.00 per user (base: always 4)",
        ),
        (
            slope(line(4, 1), line(4, 2), "regression"),
            "N+1 over the page size, steeper: 4 + 2.00 per user (base: 4 + 1.00 per user)",
        ),
        (slope(line(3, 1), line(3, 1), "pass"), "an old N+1, on both: 3 + 1.00 per user"),
        (
            slope(line(3, 1), line(2, 1), "pass"),
            "an old N+1, on both: 2 + 1.00 per user (base: 3 + 1.00 per user)",
        ),
        (
            slope(line(4, 1), line(5, 0), "improvement"),
            "N+1 over the page size, gone: always 5 (base: 4 + 1.00 per user)",
        ),
        (
            slope(None, line(4, 1), "inconclusive", "base: the counts vary"),
            "N+1 over the page size, on head: 4 + 1.00 per user (no line for base: the counts vary)",
        ),
        (
            slope(line(4, 1), None, "inconclusive"),
            "N+1 over the page size, on base: 4 + 1.00 per user (no line for head)",
        ),
        (
            slope(None, None, "regression", "grows with the data although the page does not"),
            "over the page size: grows with the data although the page does not",
        ),
        (
            slope(line(4, 0), None, "inconclusive", "head: 50 rows in both answers"),
            "cannot tell how the statements grow with the rows, over the page size: head: 50 rows in both answers",
        ),
        (
            slope(None, None, "inconclusive"),
            "cannot tell how the statements grow with the rows, over the page size: no line",
        ),
    ],
)
def test_a_note_says_what_became_of_an_n_plus_one(given_slope: Slope, words: str) -> None:
    assert row_note(given_slope) == words


@pytest.mark.parametrize(
    ("given_slope", "words"),
    [
        (
            slope(line(4, 0), None, "inconclusive", DOUBT),
            "cannot tell how the statements grow with the rows, over the page size: the count is unstable",
        ),
        (
            slope(line(4, 1), None, "inconclusive", DOUBT),
            "N+1 over the page size, on base: 4 + 1.00 per user (no line for head: the count is unstable)",
        ),
    ],
)
def test_a_doubt_that_the_row_tells_already_is_not_told_again(given_slope: Slope, words: str) -> None:
    assert row_note(given_slope, DOUBT) == words


def test_an_endpoint_that_only_a_line_leaves_open_says_why_below_it() -> None:
    text = render_terminal(STATES["no-line"](), width=100, colour=False)
    assert (
        "? inconclusive\n"
        "    cannot tell how the statements grow with the rows, over the page size: head: the answers hold no\n"
        "      single number of rows: they differ, or rows.count finds none\n"
    ) in text


@pytest.mark.parametrize(("per_row", "expected"), [(0.49, False), (0.5, True), (1.0, True), (-1.0, False)])
def test_half_a_statement_per_row_is_an_n_plus_one(per_row: float, expected: bool) -> None:  # noqa: FBT001
    assert is_n_plus_one(slope(line(1, 0), line(1, per_row), "pass")) is expected


def test_a_cause_and_a_note_do_not_say_the_same_twice() -> None:
    text = render_terminal(n_plus_one_new(), width=100, colour=False)
    assert "N+1 over the page size, new" not in text
    assert "user-list, over the page size, new: 4 + 1.00 per user" in text


def test_without_a_cause_the_note_names_the_n_plus_one() -> None:
    found = queries(4, 54, "regression", slopes=[slope(line(4, 0), line(4, 1), "regression")])
    one = comparison(
        "regression", cell(endpoint("user-list", "regression", queries=found), verdict="regression")
    )
    assert "N+1 over the page size, new: 4 + 1.00 per user" in render_markdown(one)


def test_an_old_n_plus_one_is_listed_where_everything_passes() -> None:
    text = render_terminal(STATES["n-plus-one-old"](), width=100, colour=False)
    assert "  team-list, over the data scale, old, on both: 3 + 1.00 per team\n" in text


def test_a_row_with_a_long_name_does_not_widen_a_page() -> None:
    named = slope(line(1, 1), line(1, 1), "pass").model_copy(update={"row": "x" * 500})
    one = endpoint("list", queries=queries(2, 2, slopes=[named]))
    text = render_terminal(comparison("pass", cell(one)), width=80, colour=False)
    assert max(map(len, text.splitlines())) <= 80

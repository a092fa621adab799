"""The first screen of a comment: few rows, narrow ones, and what explains them."""

from __future__ import annotations

import pytest

from perf_matrix.compare.model import Comparison, Statement
from perf_matrix.report.first_screen import FirstScreen, Size, first_screen
from perf_matrix.report.page import page

from .builders import STATES, TEAM, cell, comparison, endpoint, queries

NO_BREAK = "\N{NO-BREAK SPACE}"
SIZE = Size(rows=5, statements=3, lines=5)


def screen(found: Comparison, size: Size = SIZE) -> FirstScreen:
    return first_screen(page(found), size)


def readable(text: str) -> str:
    return text.replace(NO_BREAK, " ")


def of(*statements: int) -> Comparison:
    """A row for each number of new statements."""
    rows = [
        endpoint(f"e{row}", "regression", queries=queries(1, 1 + count, "regression", added=new(row, count)))
        for row, count in enumerate(statements)
    ]
    return comparison("regression", cell(*rows, verdict="regression"))


def new(row: int, count: int) -> list[Statement]:
    return [Statement(statement=f"{TEAM} /* {row} */ OFFSET {n}", per_request=1.0) for n in range(count)]


def test_a_row_has_its_verdict_below_its_name_and_changes_below_values() -> None:
    assert [readable(text) for text in screen(STATES["regression"]()).rows[0]] == [
        "`user-list`<br>**▲ regression**",
        "**4 → 54**<br>**▲ +50**",
        r"**8.40 → 15.5**<br>**▲ +84%**<br>\[+72%, +99%\]",
        r"**12.9 → 20.9**<br>**▲ +62%**<br>\[+42%, +87%\]",
    ]


def test_a_number_without_a_change_is_one_line() -> None:
    assert readable(screen(STATES["regression"]()).rows[2][1]) == "3 → 3 ="


def test_the_cell_is_named_where_there_are_several() -> None:
    assert screen(STATES["several-cells"]()).rows[0][0].startswith("`chat-virtual-key`<br>in `none/one`<br>")


@pytest.mark.parametrize("state", STATES)
def test_no_part_of_a_number_is_wider_than_its_column(state: str) -> None:
    for row in screen(STATES[state]()).rows:
        for numbers in row[1:]:
            parts = numbers.replace("*", "").replace("\\", "").split("<br>")
            assert max(map(len, parts)) <= 19


def test_what_there_is_no_room_for_is_counted() -> None:
    found = screen(
        of(1, 2, 3).model_copy(update={"warnings": ["a", "b"]}), Size(rows=2, statements=1, lines=1)
    )
    assert [readable(row[0])[:4] for row in found.rows] == ["`e2`", "`e1`"]
    assert found.lines == ["Warning: a"]
    assert found.more == 2


@pytest.mark.parametrize(
    ("count", "said"), [(3, None), (4, "and 1 more statement"), (5, "and 2 more statements")]
)
def test_statements_that_are_not_shown_are_counted(count: int, said: str | None) -> None:
    (behind,) = screen(of(count)).behind
    assert [words for words in behind.lines if "more statement" in words] == ([said] if said else [])
    assert len([words for words in behind.lines if "SELECT" in words]) == 3


def test_rows_with_the_same_explanation_share_it() -> None:
    assert [one.rows for one in screen(STATES["several-cells"]()).behind] == [
        "`chat-virtual-key` in `none/one`, `chat-virtual-key` in `langfuse-otel/one`",
        "`models-list` in `langfuse-otel/one`",
    ]


def test_without_statements_nothing_is_said_of_what_is_behind() -> None:
    assert screen(of(1), Size(rows=5, statements=0, lines=5)).behind == []


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("failed-checks", r"▲ regression: key-generate: 0 -&gt; 41 failed requests of 341"),
        ("invalid", r"✗ invalid: callbacks=langfuse-otel: the service on head did not become ready in 120 s"),
        ("missing", r"Missing: mcp-tools: missing on base; not in litellm==1.80.5: nothing to compare"),
    ],
)
def test_what_has_no_row_has_a_line(state: str, line: str) -> None:
    assert line in screen(STATES[state]()).lines


def test_only_a_load_that_tells_something_has_lines() -> None:
    assert screen(STATES["load-kept-up"]()).lines == []
    assert any("head dropped 4.1%" in line for line in screen(STATES["load-head-drops"]()).lines)


def test_undecided_rows_alone_are_called_so() -> None:
    assert screen(STATES["inconclusive"]()).title == "Undecided"
    assert screen(STATES["regression"]()).title == "What changed, worst first"

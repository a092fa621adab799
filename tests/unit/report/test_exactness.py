"""What was not counted exactly is never made to look so."""

from __future__ import annotations

import pytest

from perf_matrix.compare.model import Both, ChangedStatement, Statement
from perf_matrix.report import render_html, render_markdown, render_terminal
from perf_matrix.report.statements import changed_lines

from .builders import CONFIG, KEY, STATES, TEAM, cell, comparison, counted, endpoint, queries


@pytest.mark.parametrize(
    ("stable", "marks"),
    [
        (True, ["+1.00", "1.00 → 1.50", "-0.50"]),
        (False, ["≈+1.00", "≈1.00 → ≈1.50", "≈-0.50"]),
    ],
)
def test_statements_of_a_count_that_did_not_repeat_are_marked(stable: bool, marks: list[str]) -> None:  # noqa: FBT001
    given = queries(
        1,
        2,
        "inconclusive",
        stable=stable,
        added=[Statement(statement=TEAM, per_request=1.0)],
        changed=[ChangedStatement(statement=KEY, base=1.0, head=1.5)],
        removed=[Statement(statement=CONFIG, per_request=0.5)],
    )
    assert [shown.mark for shown in changed_lines(given)] == marks


def test_a_mark_is_not_doubled() -> None:
    given = queries(1, 2, stable=False, added=[Statement(statement=TEAM, per_request=0.9996)])
    assert [shown.mark for shown in changed_lines(given)] == ["≈+1"]


@pytest.mark.parametrize(("exact", "text"), [(True, " 4 → 5 "), (False, " ≈4 → ≈5 ")])
def test_a_first_request_that_was_not_counted_exactly_is_marked(exact: bool, text: str) -> None:  # noqa: FBT001
    one = endpoint("chat", queries=counted(2, 2, cold=Both(base=4, head=5), cold_exact=exact), paired=None)
    found = comparison("pass", cell(one))
    assert text in render_terminal(found, width=100, colour=False)
    assert f"|{text}|" in render_markdown(found).replace("\N{NO-BREAK SPACE}", " ")
    assert f">{text.strip()}<" in render_html(found)


def test_no_count_of_an_unstable_row_looks_exact() -> None:
    text = render_terminal(STATES["queries-only-unstable"](), width=140, colour=False)
    row = next(line for line in text.splitlines() if line.startswith("spend-logs"))
    assert row.split()[1:12] == ["≈3", "→", "≈3.50", "?", "≈+0.50", "≈4", "→", "≈5", "≈3", "→", "≈3.50"]

"""Reports that are too long get shorter in planned steps; tables that are too wide lose columns."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perf_matrix.compare.model import Comparison, Statement
from perf_matrix.report import render_markdown, render_terminal
from perf_matrix.report.markdown import LEAST_LIMIT, LIMIT

from .builders import STATES, TEAM, cell, comparison, endpoint, finding, hostile, queries, regression

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def huge(rows: int, statement: str = TEAM, spec: str = "") -> Comparison:
    added = [Statement(statement=statement, per_request=1.0)]
    changed = [
        endpoint(f"endpoint-{i}", "regression", queries=queries(1, 2, "regression", added=added))
        for i in range(rows)
    ]
    quiet = [endpoint(f"quiet-{i}") for i in range(rows)]
    findings = [
        finding(f"endpoint-{i}", "queries", "regression", f"endpoint-{i}: 1 -> 2 SQL statements per request")
        for i in range(rows)
    ]
    found = comparison("regression", cell(*changed, *quiet, verdict="regression"), findings=findings)
    if not spec:
        return found
    head = found.subjects.head.model_copy(update={"spec": spec})
    return found.model_copy(update={"subjects": found.subjects.model_copy(update={"head": head})})


def test_everything_where_it_fits() -> None:
    text = render_markdown(regression())
    assert "in full" in text
    assert "Unchanged" in text
    assert "Shortened" not in text


@pytest.mark.parametrize(
    ("rows", "statement", "said", "kept"),
    [
        (60, TEAM * 10, "whole SQL statements, those with other columns and logs are left out", "quiet-59"),
        (
            130,
            TEAM,
            "unchanged endpoints, the database's work, whole SQL statements and logs",
            "endpoint-129",
        ),
        (400, TEAM, "only the findings are listed", "endpoint-399"),
        (2000, TEAM, "only the findings are listed", "- and 1800 more"),
    ],
)
def test_each_step_says_what_is_left_out(rows: int, statement: str, said: str, kept: str) -> None:
    text = render_markdown(huge(rows, statement))
    assert len(text.encode()) <= LIMIT
    assert said in text
    assert kept in text


def test_the_verdict_alone_always_fits() -> None:
    text = render_markdown(huge(300, spec="git:" + "@" * 5000), limit=LEAST_LIMIT, report="x" * 5000)
    assert len(text.encode()) <= LEAST_LIMIT
    assert text.startswith("**REGRESSION")


def test_the_last_step_keeps_verdict_and_pointer() -> None:
    long_words = finding("x", "queries", "regression", "|" * 300)
    several = huge(1).model_copy(update={"findings": [long_words] * 40})
    shouted = several.model_copy(update={"warnings": ["@" * 300] * 400})
    text = render_markdown(shouted, limit=LEAST_LIMIT, report="https://ci.example/runs/7")
    assert len(text.encode()) <= LEAST_LIMIT
    assert "[the whole report](https://ci.example/runs/7)" in text


def test_a_limit_below_the_least_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes or more"):
        render_markdown(regression(), limit=LEAST_LIMIT - 1)


@given(
    st.text(max_size=60),
    st.integers(min_value=0, max_value=80),
    st.integers(min_value=LEAST_LIMIT, max_value=LIMIT),
)
@example("\x1f" * 60, 0, LEAST_LIMIT)  # each becomes three bytes, also in the command to repeat
@settings(max_examples=40, deadline=None)
def test_the_limit_always_holds(text: str, rows: int, limit: int) -> None:
    given_comparison = huge(rows, statement=text * 50, spec=text * 40)
    noisy = given_comparison.model_copy(update={"warnings": [text * 30] * 20})
    assert len(render_markdown(noisy, limit=limit, reproduce=text * 100, report=text * 100).encode()) <= limit


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("width", [80, 100, 120, 140, 200])
def test_no_line_is_wider_than_the_terminal(state: str, width: int) -> None:
    text = render_terminal(STATES[state](), width=width, colour=True)
    assert max(len(ANSI.sub("", line)) for line in text.splitlines()) <= width


@pytest.mark.parametrize("state", STATES)
def test_colour_adds_nothing_but_colour(state: str) -> None:
    coloured = render_terminal(STATES[state](), width=100, colour=True)
    assert ANSI.sub("", coloured) == render_terminal(STATES[state](), width=100, colour=False)


def test_no_escape_sequence_from_outside_reaches_the_terminal() -> None:
    assert "\x1b" not in render_terminal(hostile(), width=100, colour=False)

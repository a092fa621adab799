"""The sentences, the exit code, the schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from perf_matrix.compare.model import Comparison
from perf_matrix.report import (
    closing_line,
    exit_code,
    headline,
    next_step,
    render_html,
    render_markdown,
    render_terminal,
)
from perf_matrix.report.schema import comparison_json_schema, schema_text

from .builders import STATES, cell, comparison, endpoint, gate, inconclusive, queries, slower_only

SCHEMA = Path(__file__).parents[3] / "docs" / "comparison.schema.json"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("regression", 1),
        ("improvement", 0),
        ("pass", 0),
        ("inconclusive", 4),
        ("unstable", 0),
        ("invalid", 3),
    ],
)
def test_exit_code(state: str, code: int) -> None:
    assert exit_code(STATES[state]()) == code


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("regression", "compare exited 1 because it found a regression; the report is at run/report.md"),
        ("pass", "compare exited 0 because nothing regressed; the report is at run/report.md"),
        (
            "inconclusive",
            (
                "compare exited 4 because some endpoints are undecided, and the gate is set to fail on that;"
                " the report is at run/report.md"
            ),
        ),
        ("invalid", "compare exited 3 because the measurement is invalid; the report is at run/report.md"),
    ],
)
def test_closing_line(state: str, line: str) -> None:
    found = STATES[state]()
    assert closing_line(found, "run/report.md", exit_code(found)) == line


def test_a_headline_names_only_what_got_worse() -> None:
    found = comparison("regression", cell(slower_only(), verdict="regression"))
    assert headline(found) == "REGRESSION: litellm==1.81.0 is slower than litellm==1.80.5 on 1 of 1 endpoint."


def test_counts_that_are_not_gated_are_no_reason() -> None:
    both = slower_only().model_copy(update={"queries": queries(1, 2, "regression")})
    found = comparison("regression", cell(both, verdict="regression"), gate=gate(metrics=["p50"]))
    assert "does more work" not in headline(found)


def test_undecided_says_what_the_check_does() -> None:
    assert "The check fails on this." in next_step(inconclusive())
    warned = comparison("inconclusive", cell(endpoint("a", "inconclusive"), verdict="inconclusive"))
    assert "The check does not fail on this." in next_step(warned)


@pytest.mark.parametrize("state", ["queries-only", "queries-only-pass", "queries-only-unstable", "no-line"])
def test_where_only_queries_were_counted_no_latency_is_mentioned(state: str) -> None:
    found = STATES[state]()
    texts = (
        render_terminal(found, width=140, colour=False),
        render_markdown(found),
        re.sub("<style>.*?</style>", "", render_html(found), flags=re.DOTALL),
    )
    for text in texts:
        assert not re.search(
            r"p50|p95|p99|slower|latenc|interval|could have detected|noise", text, re.IGNORECASE
        )


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("queries-only", "look at the N+1 of user-list: 4 + 1.00 statements per user; on base 4 + 0.00."),
        (
            "slower-statement",
            (
                "look at key-info: SELECT on LiteLLM_VerificationToken, LiteLLM_TeamTable takes the database"
                " 9.1 ms instead of 0.213 ms."
            ),
        ),
        ("regression", "read the SQL below the rows: it is issued on every request."),
    ],
)
def test_the_next_step_names_the_most_telling_cause(state: str, step: str) -> None:
    assert next_step(STATES[state]()) == step


TIME = "give the run more time (--time) or a quieter machine"
VARY = "find out why counts vary from request to request"
SIZES = "find out why lists could not be counted at two sizes"


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        ("inconclusive", TIME),
        ("unstable", VARY),
        ("queries-only-unstable", VARY),
        ("no-line", SIZES),
    ],
)
def test_the_next_step_is_about_what_is_undecided(state: str, steps: str) -> None:
    assert next_step(STATES[state]()).startswith(f"{steps}; what is known stands below each row. The check")


def test_several_kinds_of_doubt_make_one_step_each() -> None:
    rows = [
        one for state in ("inconclusive", "unstable", "no-line") for one in STATES[state]().cells[0].endpoints
    ]
    found = comparison("inconclusive", cell(*rows, *rows, verdict="inconclusive"))
    assert next_step(found).startswith(f"{TIME} and {VARY} and {SIZES}; ")


def test_a_count_that_is_not_gated_is_nothing_to_settle() -> None:
    shaky = queries(1, 2, "inconclusive", stable=False)
    found = comparison(
        "inconclusive",
        cell(endpoint("a", "inconclusive", queries=shaky), verdict="inconclusive"),
        gate=gate(metrics=["p50"]),
    )
    assert next_step(found).startswith("see why these endpoints are undecided; ")


def test_a_slower_statement_is_not_called_more_work() -> None:
    assert "has slower SQL statements" in headline(STATES["slower-statement"]())
    assert "more work" not in headline(STATES["slower-statement"]())


def test_the_published_schema_is_the_current_one() -> None:
    renew = "python -m perf_matrix.report.schema > docs/comparison.schema.json"
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), f"renew it: {renew}"


@pytest.mark.parametrize("state", STATES)
def test_every_comparison_follows_the_schema(state: str) -> None:
    found: Comparison = STATES[state]()
    jsonschema.validate(json.loads(found.model_dump_json()), comparison_json_schema())

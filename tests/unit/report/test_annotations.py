"""Annotations: what gets one, what it says, and what no diff can make of it."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.compare.model import (
    ChangedStatement,
    Comparison,
    EndpointComparison,
    Place,
    Statement,
    Verdict,
)
from perf_matrix.report.annotations import MOST_BYTES, MOST_IN_TITLE, Annotation
from perf_matrix.report.annotations import annotations as annotated

from .builders import GONE_PLACE, KEY, PLACE, STATES, TEAM, cell, comparison, endpoint, queries

SPEND_PLACE = PLACE.model_copy(
    update={"file": "litellm/proxy/utils.py", "line": 9, "rule": "names the model"}
)


def new(statement: str = TEAM, per_request: float = 1.0, *places: Place) -> Statement:
    return Statement(statement=statement, per_request=per_request, places=list(places))


def row(name: str, verdict: Verdict = "regression", **more: Any) -> EndpointComparison:
    return endpoint(name, verdict, queries=queries(1, 2, verdict, **more))


def of(*rows: EndpointComparison) -> Comparison:
    return comparison("regression", cell(*rows, verdict="regression"))


def at(place: Place) -> list[Annotation]:
    return annotated(of(row("key-info", added=[new(TEAM, 1.0, place)])))


def test_a_new_statement_is_annotated_where_it_likely_comes_from() -> None:
    (found,) = annotated(of(row("user-list", added=[new(TEAM, 50.0, PLACE)])))
    assert found == Annotation(
        path="litellm/proxy/auth/auth_checks.py",
        line=123,
        title="SQL issued more often: 0 → 50 per request of user-list",
        message=(
            '0 → 50 per request of user-list: SELECT … FROM "LiteLLM_TeamTable" WHERE ("team_id" = $1 AND $2=$3)'
            " LIMIT $4 OFFSET $5\n"
            "A likely place: Prisma accessor. Only names were compared; the cause may lie elsewhere."
        ),
    )


def test_a_multiplied_statement_is_annotated_with_both_counts() -> None:
    twice = ChangedStatement(statement=KEY, base=1.0, head=2.0, places=[PLACE])
    (found,) = annotated(of(row("key-info", changed=[twice])))
    assert found.title == "SQL issued more often: 1 → 2 per request of key-info"


def test_statements_of_one_line_are_one_annotation_the_worst_first() -> None:
    rows = [
        row("key-info", added=[new(TEAM, 1.0, PLACE)]),
        row("user-info", added=[new(TEAM, 1.0, PLACE)]),
        row("user-list", added=[new(KEY, 50.0, PLACE.model_copy(update={"rule": "inside a call"}))]),
    ]
    (found,) = annotated(of(*rows))
    assert found.title == "SQL issued more often: 0 → 50 per request of user-list, and 1 more"
    first, second, last = found.message.splitlines()
    assert first.startswith("0 → 50 per request of user-list: SELECT … FROM")
    assert second.startswith("0 → 1 per request of key-info, user-info: SELECT … FROM")
    assert last.startswith("A likely place: inside a call, Prisma accessor. ")


def test_many_endpoints_are_named_in_part() -> None:
    rows = [row(f"list-{number}", added=[new(TEAM, 1.0, PLACE)]) for number in range(7)]
    (found,) = annotated(of(*rows))
    assert "of list-0, list-1, list-2, list-3 and 3 more: SELECT" in found.message


def test_the_line_of_the_most_statements_comes_first() -> None:
    rows = [row("a", added=[new(TEAM, 2.0, SPEND_PLACE)]), row("b", added=[new(KEY, 9.0, PLACE)])]
    assert [found.line for found in annotated(of(*rows))] == [123, 9]


def test_several_cells_are_named() -> None:
    one = cell(row("a", added=[new(TEAM, 1.0, PLACE)]), verdict="regression", workers="one")
    four = cell(row("a", added=[new(TEAM, 4.0, PLACE)]), verdict="regression", workers="four")
    (found,) = annotated(comparison("regression", one, four))
    assert found.title == "SQL issued more often: 0 → 4 per request of a in four, and 1 more"
    assert "0 → 1 per request of a in one: " in found.message


def test_the_likeliest_line_on_head_is_called_likely_and_the_others_are_said_to_touch_it() -> None:
    likely, other = annotated(of(row("a", added=[new(TEAM, 1.0, GONE_PLACE, PLACE, SPEND_PLACE)])))
    assert (likely.path, likely.line) == (PLACE.file, PLACE.line)
    assert "also touched" not in likely.title.lower() + likely.message.lower()
    assert likely.message.splitlines()[-1].startswith("A likely place: Prisma accessor. ")
    assert (other.path, other.line) == (SPEND_PLACE.file, SPEND_PLACE.line)
    assert other.title == "SQL issued more often: 0 → 1 per request of a (also touched here)"
    assert other.message.splitlines()[-1] == (
        "Also touched here, likelier from another line: names the model."
        " Only names were compared; the cause may lie elsewhere."
    )
    assert "likely place" not in other.message


def test_a_line_that_is_likely_for_one_statement_and_also_touches_another_says_which_is_which() -> None:
    statements = [new(TEAM, 1.0, PLACE), new(KEY, 50.0, SPEND_PLACE, PLACE)]
    both = next(found for found in annotated(of(row("a", added=statements))) if found.path == PLACE.file)
    assert both.title == "SQL issued more often: 0 → 1 per request of a, and 1 more"
    first, second, last = both.message.splitlines()
    assert first.startswith("0 → 1 per request of a: SELECT … FROM")
    assert second.startswith("0 → 50 per request of a (also touched here): SELECT … FROM")
    assert last.startswith(
        "A likely place: Prisma accessor. Also touched here, likelier from another line: Prisma accessor. Only"
    )


def test_the_likeliest_lines_come_before_all_others() -> None:
    far = PLACE.model_copy(update={"line": 500})
    statements = [new(TEAM, 50.0, PLACE, far), new(KEY, 1.0, SPEND_PLACE)]
    found = annotated(of(row("a", added=statements)))
    assert [one.line for one in found] == [PLACE.line, SPEND_PLACE.line, far.line]


def test_at_most_five_lines_on_head_are_annotated_for_a_statement() -> None:
    places = [PLACE.model_copy(update={"line": 10 * number}) for number in range(8, 1, -1)]
    found = annotated(of(row("a", added=[new(TEAM, 1.0, GONE_PLACE, *places)])))
    assert [one.line for one in found] == [80, 40, 50, 60, 70]


def test_a_count_that_did_not_repeat_does_not_look_exact() -> None:
    (found,) = annotated(of(row("a", added=[new(TEAM, 1.0, PLACE)], stable=False)))
    assert found.title == "SQL issued more often: 0 → ≈1 per request of a"


@pytest.mark.parametrize(
    "found",
    [
        row("no-match", added=[new()]),
        row("removed-line-only", added=[new(TEAM, 1.0, GONE_PLACE)]),
        row("no-regression", "pass", added=[new(TEAM, 1.0, PLACE)]),
        row("less-often", changed=[ChangedStatement(statement=KEY, base=2.0, head=1.0, places=[PLACE])]),
        row("gone", removed=[new(TEAM, 1.0, PLACE)]),
    ],
    ids=lambda found: str(found.name),
)
def test_nothing_is_annotated(found: EndpointComparison) -> None:
    assert annotated(of(found)) == []


@pytest.mark.parametrize(
    "file",
    ["", ".", "/etc/passwd", "../a.py", "a/../../b.py", "a\\b.py", "a\nb.py", "a\x1b[31m.py", "a\u202eb.py"],
)
def test_a_file_that_is_none_of_the_repository_is_not_annotated(file: str) -> None:
    assert at(PLACE) != []
    assert at(PLACE.model_copy(update={"file": file})) == []


def test_a_message_that_is_too_long_says_how_much_it_leaves_out() -> None:
    rows = [
        row("a" * 400, added=[new(f"SELECT {number} FROM {'x' * 400}", 1.0, PLACE) for number in range(400)])
    ]
    (found,) = annotated(of(*rows))
    assert len(found.message.encode()) <= MOST_BYTES
    *kept, counted, last = found.message.splitlines()
    assert counted == f"and {400 - len(kept)} more"
    assert last.startswith("A likely place: ")


@given(st.text(max_size=300), st.lists(st.text(max_size=40), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_no_text_from_outside_gets_out_of_its_place(text: str, files: list[str]) -> None:
    places = [Place(file=file or "x", line=7, text=text, table=text, rule=text) for file in files]
    rows = [row(text, added=[new(f"SELECT {text}", 1.0, place)]) for place in places]
    for found in annotated(of(*rows)):
        assert found.path in files or found.path == "x"
        assert not found.path.startswith("/")
        assert ".." not in found.path.split("/")
        assert len(found.title) <= MOST_IN_TITLE
        assert len(found.message.encode()) <= MOST_BYTES
        shown = found.path + found.title + found.message.replace("\n", "")
        assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs"}


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_annotated(state: str) -> None:
    for found in annotated(STATES[state]()):
        assert "A likely place: " in found.message or "(also touched here)" in found.message

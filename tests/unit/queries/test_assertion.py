from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from perf_matrix.errors import InputError
from perf_matrix.queries.assertion import (
    Limit,
    Look,
    count_problem,
    growth_problem,
    limit,
    profile_calls,
    route,
    two_sizes,
)
from perf_matrix.queries.ledger import Done
from perf_matrix.queries.profile import MAX_WINDOWS, WINDOW_SIZES, QueryProfile
from perf_matrix.record.model import StatementCount
from perf_matrix.report.sql import brief

DOCS = Path(__file__).parents[3] / "docs" / "PYTEST.md"
NAME = "GET /user/list"
KEY = 'SELECT "token", "user_id" FROM "LiteLLM_VerificationToken" WHERE "token" = $1 LIMIT $2 OFFSET $3'
USERS = 'SELECT "user_id", "user_email", "user_role" FROM "LiteLLM_UserTable" ORDER BY "user_id" LIMIT $1 OFFSET $2'
COUNT = 'SELECT COUNT(*) FROM "LiteLLM_UserTable"'
KEYS_OF_USER = 'SELECT COUNT(*) FROM "LiteLLM_VerificationToken" WHERE "user_id" = $1'
HEALTH = "SELECT $1"
STATEMENTS = "SQL statements"
BATCH = "a statement that is issued again and again is usually issued for each row: ask for all rows at once"
SHORT = partial(brief, limit=100)


def look(calls: Mapping[str, int], *, rows: int = 1, seconds: float = 0.1, evicted: bool = False) -> Look:
    counts = [
        StatementCount(text=text, calls=count, rows=count * rows, exec_ms=0.1)
        for text, count in calls.items()
        if count
    ]
    return Done(counts, evicted), seconds


IDLE = look({})


class Service:
    """Does the same work with every request; ``sent`` tells how many were sent at a time."""

    def __init__(self, work: Mapping[str, int], background: Mapping[str, int] | None = None) -> None:
        self._work = work
        self._background = background or {}
        self.sent: list[int] = []

    def take(self, requests: int) -> Look:
        self.sent.append(requests)
        calls = {text: count * requests for text, count in self._work.items()}
        return look({**calls, **self._background})


def profiled(
    work: Mapping[str, int],
    background: Mapping[str, int] | None = None,
    *,
    rows: int | None = None,
    idle: Look = IDLE,
) -> QueryProfile:
    return profile_calls(NAME, Service(work, background).take, warm_up=1, idle=idle, rows=rows)


def list_of(rows: int, *, fixed: int = 1, per_row: int = 0) -> QueryProfile:
    """A list endpoint whose answer has so many rows."""

    def take(requests: int) -> Look:
        calls = look({USERS: fixed * requests}, rows=rows)[0].statements
        more = look({KEYS_OF_USER: per_row * rows * requests})[0].statements
        return Done([*calls, *more], evicted=False), 0.1

    return profile_calls(NAME, take, warm_up=0, idle=IDLE, rows=rows)


def unstable() -> QueryProfile:
    turns = iter(range(100))
    return profile_calls(NAME, lambda requests: look({KEY: requests + next(turns)}), warm_up=0, idle=IDLE)


def test_windows_of_both_sizes_follow_the_warm_up() -> None:
    service = Service({KEY: 2})
    profile = profile_calls(NAME, service.take, warm_up=3, idle=IDLE)
    assert service.sent == [3, *WINDOW_SIZES]
    assert (profile.per_request, profile.stable) == (2.0, True)


def test_what_the_warm_up_causes_is_not_counted() -> None:
    looks = iter([look({KEY: 9}), look({}), look({})])
    profile = profile_calls(NAME, lambda _: next(looks), warm_up=1, idle=IDLE)
    assert (profile.per_request, profile.statements) == (0.0, {})


def test_calls_that_never_agree_are_not_taken_for_ever() -> None:
    sent: list[int] = []

    def take(requests: int) -> Look:
        sent.append(requests)
        return look({KEY: requests + len(sent)})

    profile_calls(NAME, take, warm_up=1, idle=IDLE)
    assert len(sent) == 1 + MAX_WINDOWS


def test_what_also_runs_without_requests_is_background() -> None:
    profile = profiled({KEY: 1}, {HEALTH: 3}, idle=look({HEALTH: 60}, seconds=2.0))
    assert profile.statements == {KEY: 1.0}
    assert count_problem(profile, Limit("exactly", 1), SHORT) == ""


@given(
    calls=st.dictionaries(st.sampled_from([KEY, USERS, COUNT]), st.integers(1, 30)),
    allowed=st.integers(0, 100),
)
def test_a_count_is_held_against_its_limit_and_nothing_else(calls: dict[str, int], allowed: int) -> None:
    profile, found = profiled(calls), sum(calls.values())
    assert (count_problem(profile, Limit("at_most", allowed), SHORT) == "") == (found <= allowed)
    assert (count_problem(profile, Limit("exactly", allowed), SHORT) == "") == (found == allowed)


@given(fixed=st.integers(1, 9), per_row=st.integers(0, 3), smaller=st.integers(1, 20), more=st.integers(1, 9))
def test_any_growth_is_a_problem_and_no_other_count_is(
    fixed: int, per_row: int, smaller: int, more: int
) -> None:
    profiles = [list_of(rows, fixed=fixed, per_row=per_row) for rows in (smaller, smaller + more)]
    problem = growth_problem(profiles[0], profiles[1], SHORT)
    assert bool(problem) == bool(per_row)
    assert ("an N+1" in problem) == bool(per_row)


def test_a_failure_shows_the_statements_shortened_the_most_frequent_first() -> None:
    problem = count_problem(profiled({USERS: 1, KEYS_OF_USER: 25}), Limit("at_most", 2), SHORT)
    assert problem.splitlines() == [
        "GET /user/list: 26 SQL statements per request, at most 2 allowed.",
        "  SQL statements per request:",
        f"    25  {KEYS_OF_USER}",
        '     1  SELECT … FROM "LiteLLM_UserTable" ORDER BY "user_id" LIMIT $1 OFFSET $2',
        f"  To do: {BATCH}. If all of them are meant, write at_most=26.",
    ]


def test_a_failure_says_what_was_not_counted() -> None:
    work = {KEY: 2, "BEGIN": 1, "COMMIT": 1}
    looks = iter([look({}), look({**{text: 4 * n for text, n in work.items()}, HEALTH: 3})])
    service = Service(work)
    profile = profile_calls(NAME, lambda n: next(looks, None) or service.take(n), warm_up=1, idle=IDLE)
    lines = count_problem(profile, Limit("at_most", 1), SHORT).splitlines()
    assert "  Not counted: BEGIN, COMMIT and the like, 2 per request." in lines
    assert lines[-3:-1] == ["  Not counted: background, so many calls in all that time:", "    3  SELECT $1"]


def test_fewer_than_exactly_is_a_gain_to_keep() -> None:
    problem = count_problem(profiled({KEY: 1}), Limit("exactly", 2), SHORT)
    assert problem.startswith("GET /user/list: 1 SQL statement per request, exactly 2 allowed.")
    assert problem.endswith("write exactly=1, so that the gain is kept.")


def test_twelve_statements_are_shown_and_the_rest_is_counted() -> None:
    work = {f"SELECT {letter} FROM t": 1 for letter in "abcdefghijklmno"}
    problem = count_problem(profiled(work), Limit("at_most", 0), SHORT)
    assert problem.count("SELECT") == 12
    assert "    and 3 more\n" in problem


@pytest.mark.parametrize("allowed", [Limit("at_most", 99), Limit("exactly", 1)])
def test_a_count_that_is_not_exact_never_passes(allowed: Limit) -> None:
    problem = count_problem(unstable(), allowed, SHORT)
    assert f"could not be counted exactly, so '{allowed}' is not proved." in problem
    assert re.search(r"Reason: SELECT .*: \d+ calls in 4 requests but \d+ calls in \d+ requests", problem)


def test_a_size_that_is_not_counted_exactly_proves_nothing() -> None:
    turns = iter(range(100))
    doubtful = profile_calls(NAME, lambda n: look({USERS: n + next(turns)}), warm_up=0, idle=IDLE, rows=25)
    assert "not proved that they do not grow with the rows (25 rows)" in growth_problem(
        list_of(10), doubtful, SHORT
    )
    assert "not proved that they do not grow with the rows (25 rows)" in growth_problem(
        doubtful, list_of(30), SHORT
    )


def test_evicted_statements_are_a_failure() -> None:
    profile = profile_calls(NAME, lambda _: look({}, evicted=True), warm_up=0, idle=IDLE)
    problem = count_problem(profile, Limit("at_most", 9), SHORT)
    assert "evicted from pg_stat_statements: raise pg_stat_statements.max." in problem
    assert "warm_up" not in problem


def test_growth_is_shown_by_statement() -> None:
    problem = growth_problem(list_of(10, per_row=1), list_of(25, per_row=1), SHORT)
    assert problem.splitlines()[:3] == [
        f"GET /user/list: 11 {STATEMENTS} for 10 rows and 26 {STATEMENTS} for 25 rows: 1 more for each row, an N+1.",
        "  SQL statements for each further row:",
        f"    1  {KEYS_OF_USER}",
    ]


def test_growth_by_a_few_statements_is_not_called_an_n_plus_one() -> None:
    problem = growth_problem(list_of(10), list_of(25, fixed=2), SHORT)
    assert problem.startswith(
        "GET /user/list: 1 SQL statement for 10 rows and 2 SQL statements for 25 rows: 0.0667 more for each row."
    )


def test_answers_with_the_same_rows_prove_nothing() -> None:
    smaller, larger = list_of(3), list_of(3)
    problem = growth_problem(smaller, _asked_for(larger, 25), SHORT)
    assert "read as many rows for 25 rows as for 3 rows" in problem


def _asked_for(profile: QueryProfile, rows: int) -> QueryProfile:
    return QueryProfile(**{**vars(profile), "answer_rows": rows})


def test_profiles_of_the_same_size_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two page sizes"):
        growth_problem(list_of(3), list_of(3), SHORT)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: limit(None, None), "one of at_most=… and exactly=…"),
        (lambda: limit(1, 1), "one of at_most=… and exactly=…"),
        (lambda: limit(-1, None), "at_most=… takes whole numbers from 0, not -1"),
        (lambda: limit(None, 1.5), "exactly=… takes whole numbers from 0, not 1.5"),  # type: ignore[arg-type]
        (lambda: limit(True, None), "at_most=… takes whole numbers from 0, not True"),  # noqa: FBT003
        (lambda: two_sizes((10, 10)), "two different numbers of rows"),
        (lambda: two_sizes((10, 25, 50)), "two different numbers of rows"),
        (lambda: two_sizes((0, 25)), "two different numbers of rows"),
        (lambda: two_sizes((10, -1)), "sizes=… takes whole numbers"),
        (lambda: profile_calls(NAME, lambda _: look({}), -1, IDLE), "warm_up=… takes whole numbers"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        ask()


def test_the_smaller_size_comes_first() -> None:
    assert two_sizes((25, 10)) == (10, 25)


def test_a_limit_of_nothing_is_a_limit() -> None:
    assert limit(0, None) == Limit("at_most", 0)
    assert limit(None, 0) == Limit("exactly", 0)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@db.example:5433/litellm?sslmode=require",
        "host=db.example port=5433 user=me password=secret dbname=litellm sslmode=require",
    ],
)
def test_a_database_is_counted_through_another_one_of_its_server(url: str) -> None:
    way = route(url, "postgres")
    assert way.database == "litellm"
    assert conninfo_to_dict(way.conninfo) == {
        "host": "db.example",
        "port": "5433",
        "user": "me",
        "password": "secret",
        "dbname": "postgres",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql+psycopg://me:secret@db/litellm", "cannot be read"),
        (
            "postgresql://me:secret@db/litellm?schema=public&connection_limit=5",
            "without parameters of Prisma",
        ),
        ("postgresql://me:secret@db", "names no database"),
        ("postgresql://me:secret@db/postgres", "those of postgres itself cannot be counted"),
    ],
)
def test_a_url_that_cannot_be_counted_is_refused_without_showing_its_password(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        route(url, "postgres")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("sample", ["too many", "n plus one", "not exact"])
def test_the_failures_in_the_manual_are_what_the_plugin_writes(sample: str) -> None:
    written = {
        "too many": count_problem(
            profiled({KEY: 1, USERS: 1, COUNT: 1, KEYS_OF_USER: 25}), Limit("at_most", 3), SHORT
        ),
        "n plus one": growth_problem(list_of(10, per_row=1), list_of(25, per_row=1), SHORT),
        "not exact": count_problem(unstable(), Limit("at_most", 3), SHORT),
    }
    shown = dict(
        re.findall(
            r"^<!-- sample: ([a-z ]+) -->\n```text\n(.*?)\n```$", DOCS.read_text(), re.MULTILINE | re.DOTALL
        )
    )
    assert shown[sample] == written[sample]

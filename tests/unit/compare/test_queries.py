"""SQL statements per request: the difference of two arms, its verdict, what it costs, what is how issued."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from perf_matrix.compare.arm_queries import ArmQueries
from perf_matrix.compare.model import (
    Both,
    CellComparison,
    ChangedStatement,
    Elsewhere,
    EndpointComparison,
    Errors,
    GrownStatement,
    Queries,
    Statement,
)
from perf_matrix.compare.queries import compare_queries
from perf_matrix.compare.summaries import findings
from perf_matrix.matrix.model import Arm, Endpoint, Request, Rows
from perf_matrix.queries.deferred import Deferred
from perf_matrix.queries.form import form
from perf_matrix.queries.points import ArmWindows, Profiles
from perf_matrix.queries.profile import QueryProfile

A, B, C = "SELECT id FROM a", "SELECT id FROM b", "SELECT id FROM c"
WRITE = "INSERT INTO log (id) VALUES ($1)"
CHAT = Endpoint(name="chat", request=Request(path="/chat"))
LIST = Endpoint(name="chat", request=Request(path="/users"), rows=Rows(of="user", count="users.#"))


def profile(arm: Arm, statements: dict[str, float], **more: Any) -> QueryProfile:
    values: dict[str, Any] = {"per_request": sum(statements.values()), "stable": True, "db_ms": 0.5} | more
    return QueryProfile("chat", arm, statements=statements, **values)


def counted(main: QueryProfile, **more: QueryProfile) -> ArmQueries:
    return ArmQueries(
        arm=main.arm,
        profiles={"chat": Profiles(main=main, **more)},
        deferred=[],
        first_requests=frozenset(),
        background=frozenset(),
        connections=None,
        _windows=ArmWindows(main.arm, [], {}),
    )


def compared(base: ArmQueries, head: ArmQueries, endpoint: Endpoint = CHAT) -> Queries:
    found = compare_queries(endpoint, base, head, [0, 1, 5], [])
    assert found is not None
    return found


def of(base: dict[str, float], head: dict[str, float], **head_more: Any) -> Queries:
    return compared(counted(profile("base", base)), counted(profile("head", head, **head_more)))


def test_what_was_added_removed_and_multiplied_the_dearest_first() -> None:
    found = of(
        {A: 1, "SELECT id FROM gone": 2, C: 1},
        {A: 51, "SELECT id FROM new": 1, "SELECT id FROM often": 3, C: 1},
    )
    assert found.added == [
        Statement(statement="SELECT id FROM often", per_request=3, tables=["often"]),
        Statement(statement="SELECT id FROM new", per_request=1, tables=["new"]),
    ]
    assert found.removed == [Statement(statement="SELECT id FROM gone", per_request=2, tables=["gone"])]
    assert found.changed == [ChangedStatement(statement=A, base=1, head=51, tables=["a"])]
    assert found.grown == []


def test_a_statement_that_only_names_more_columns_is_the_same_one() -> None:
    found = of({"SELECT id FROM a": 1}, {"SELECT id, colour FROM a": 1})
    assert (found.verdict, found.added, found.removed, found.changed) == ("pass", [], [], [])
    assert found.grown == [
        GrownStatement(statement="SELECT id, colour FROM a", per_request=1, columns_added=["colour"])
    ]


@pytest.mark.parametrize(
    ("base", "head", "verdict", "extra"),
    [
        ({A: 3}, {A: 5}, "regression", 2),
        ({A: 5}, {A: 3}, "improvement", -2),
        ({A: 1}, {A: 1}, "pass", 0),
        ({A: 1}, {B: 1}, "pass", 0),  # other statements, as many
        ({}, {A: 1}, "regression", 1),
        ({A: 1 / 3}, {A: 1 / 3 + 1e-9}, "pass", 0),  # rounding
    ],
)
def test_verdicts(base: dict[str, float], head: dict[str, float], verdict: str, extra: float) -> None:
    found = of(base, head)
    assert (found.verdict, found.stable) == (verdict, True)
    assert found.extra_ms_per_request == pytest.approx(extra, abs=1e-6)


def test_the_price_is_a_round_trip_for_each_statement_and_for_each_begin_and_commit() -> None:
    base = profile("base", {A: 3}, transactions=0.0)
    head = profile("head", {A: 5}, transactions=2.0)
    found = compared(counted(base), counted(head))
    assert [(cost.round_trip_ms, cost.extra_ms) for cost in found.costs] == [(0, 0), (1, 4), (5, 20)]
    assert (found.extra_ms_per_request, found.round_trip_ms) == (4.0, 1.0)


def test_the_share_of_the_database_in_a_request() -> None:
    found = of({A: 1}, {A: 1}, db_ms=2.0, request_ms=8.0)
    assert found.db_share == Both(base=None, head=0.25)


def test_counts_that_do_not_repeat_decide_nothing() -> None:
    found = of({A: 3}, {A: 5}, stable=False, unstable_because="windows disagree")
    assert (found.verdict, found.stable) == ("inconclusive", False)
    assert found.unstable_because == "head: windows disagree"


def test_evicted_counts_are_invalid() -> None:
    found = of({A: 3}, {}, per_request=None, stable=False, invalid_because="evicted")
    assert (found.verdict, found.head, found.extra_ms_per_request) == ("invalid", None, None)
    assert found.costs == []
    assert "head: evicted" in found.unstable_because


def test_an_arm_that_was_not_counted_has_nothing_to_compare() -> None:
    base = counted(profile("base", {}))
    assert compare_queries(CHAT, base, replace(base, profiles={}), [1], []) is None


@pytest.mark.parametrize(
    ("statement", "parts", "how"),
    [
        (A, {}, ""),
        (A, {"first_requests": frozenset({form(A).key})}, "first request"),
        (A, {"background": frozenset({form(A).key})}, "background"),
        (WRITE, {"background": frozenset({form(WRITE).key})}, "background"),
        # The first request of a service may write something once; that is no cache.
        (WRITE, {"first_requests": frozenset({form(WRITE).key})}, ""),
        (WRITE, {"deferred": [Deferred(WRITE, "chat", 1, "rows")]}, "deferred"),
        (WRITE, {"deferred": [Deferred(WRITE, "other", 1, "rows")]}, ""),
    ],
)
def test_how_the_other_arm_issues_a_new_statement(
    statement: str, parts: dict[str, Any], how: Elsewhere
) -> None:
    base = replace(counted(profile("base", {})), **parts)
    found = compared(base, counted(profile("head", {statement: 1})))
    assert [added.elsewhere for added in found.added] == [how]


def test_what_is_written_later_is_listed_for_each_arm() -> None:
    base = replace(counted(profile("base", {})), deferred=[Deferred(WRITE, "chat", 2, "rows")])
    found = compared(base, counted(profile("head", {})))
    assert [(one.statement, one.per_request, one.unit) for one in found.deferred.base] == [(WRITE, 2, "rows")]
    assert found.deferred.head == []


def listed(arm: Arm, ten: float, twenty: float, rows: tuple[int, int] = (10, 20)) -> ArmQueries:
    """A list counted at two data scales; ``A`` is what grows."""
    main = profile(arm, {A: ten}, answer_rows=rows[0])
    return counted(main, more_data=profile(arm, {A: twenty}, answer_rows=rows[1]))


@pytest.mark.parametrize(
    ("base", "head", "verdict", "note"),
    [
        ((1, 1), (1, 1), "pass", ""),
        ((1, 1), (11, 21), "regression", ""),
        ((11, 21), (11, 21), "pass", "an old N+1, the same on both"),
        ((11, 21), (21, 41), "regression", ""),  # steeper
        ((11, 21), (1, 1), "improvement", ""),
        ((1, 1), (2, 6), "pass", ""),  # 0.4 for each row
        ((1, 1), (2, 7), "regression", ""),  # 0.5
    ],
)
def test_slopes(base: tuple[int, int], head: tuple[int, int], verdict: str, note: str) -> None:
    found = compared(listed("base", *base), listed("head", *head), LIST)
    (slope,) = found.slopes
    assert (slope.row, slope.over, slope.verdict, slope.note) == ("user", "data scale", verdict, note)
    assert slope.head is not None
    assert slope.head.per_row == pytest.approx((head[1] - head[0]) / 10)
    assert found.per_row == Both(base=(base[1] - base[0]) / 10, head=(head[1] - head[0]) / 10)


def test_a_steeper_slope_is_a_regression_even_of_as_many_statements() -> None:
    found = compared(listed("base", 11, 21), listed("head", 11, 31), LIST)
    assert (found.base, found.head, found.verdict) == (11, 11, "regression")


def test_the_finding_of_a_slope_names_it() -> None:
    found = compared(listed("base", 11, 21), listed("head", 11, 31), LIST)
    row = EndpointComparison(
        name="users",
        request="GET /users",
        verdict="regression",
        queries=found,
        errors=Errors(base=0, head=0, requests=0, verdict="pass"),
    )
    cell = CellComparison(id="default", variants={}, verdict="regression", endpoints=[row])
    (finding,) = findings([cell], ["queries"])
    assert finding.summary == (
        "users: 11 -> 11 SQL statements per request (+0); +0.0 ms per request at a 1 ms round trip;"
        " N+1: -9 + 2.00 per user"
    )


def test_the_line_names_what_multiplies() -> None:
    found = compared(listed("base", 1, 1), listed("head", 11, 21), LIST)
    line = found.slopes[0].head
    assert line is not None
    assert (line.fixed, line.per_row, line.points) == (1, 1, [(10, 11), (20, 21)])
    assert line.statements == [Statement(statement=A, per_request=1, tables=["a"])]


def test_without_exact_counts_there_is_no_line() -> None:
    main = profile("head", {A: 1}, answer_rows=10)
    doubtful = profile("head", {A: 2}, answer_rows=20, stable=False, unstable_because="4 calls but 9")
    found = compared(listed("base", 1, 1), counted(main, more_data=doubtful), LIST)
    assert (found.slopes[0].head, found.slopes[0].verdict) == (None, "inconclusive")
    assert found.slopes[0].note == "head: 4 calls but 9"
    assert found.per_row is None


def test_a_page_is_no_line_over_the_data_unless_its_statements_grow() -> None:
    flat = compared(listed("base", 3, 3, (10, 10)), listed("head", 3, 3, (10, 10)), LIST)
    assert flat.slopes == []
    growing = compared(listed("base", 3, 3, (10, 10)), listed("head", 3, 8, (10, 10)), LIST)
    (slope,) = growing.slopes
    assert (slope.base, slope.head, slope.verdict) == (None, None, "regression")
    assert "+0 statements on base, +5 on head" in slope.note


def started(main: QueryProfile, **parts: Any) -> ArmQueries:
    return replace(counted(main), **parts)


def test_the_first_request_is_counted_without_what_runs_in_the_background() -> None:
    first = {A: 1, B: 2, C: 1}
    base = started(profile("base", {A: 1}, first_request=first), background=frozenset({form(B).key}))
    head = started(profile("head", {A: 1}, first_request=first))
    found = compared(base, head)
    assert (found.cold, found.cold_exact) == (Both(base=2, head=4), True)


def test_a_write_during_the_first_request_may_be_somebody_elses() -> None:
    first: dict[str, float] = {A: 1, WRITE: 17}
    doubtful = compared(
        counted(profile("base", {A: 1}, first_request=first)), counted(profile("head", {A: 1}))
    )
    assert (doubtful.cold, doubtful.cold_exact) == (Both(base=18, head=None), False)
    every: dict[str, float] = {A: 1, WRITE: 1}
    own = compared(
        counted(profile("base", every, first_request=every)),
        counted(profile("head", every, first_request=every)),
    )
    assert (own.cold, own.cold_exact) == (Both(base=2, head=2), True)

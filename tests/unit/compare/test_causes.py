"""What explains a regression: each kind of cause by its signature, and nothing where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from perf_matrix.compare.causes import causes
from perf_matrix.compare.model import (
    Both,
    Cause,
    ChangedStatement,
    Elsewhere,
    Line,
    Paired,
    Quantile,
    Queries,
    Slope,
    SlowerStatement,
    Statement,
    Verdict,
)

READ, WRITE = "SELECT name FROM teams WHERE id = $1", "INSERT INTO logs VALUES ($1)"
UNKNOWN = Both(base=None, head=None)
SAME = Both(base=10, head=10)


def queries(verdict: Verdict = "regression", **more: Any) -> Queries:
    return Queries(base=1.0, head=2.0, verdict=verdict, stable=True, db_ms=UNKNOWN, **more)


def paired(verdict: Verdict = "regression", *, gated: bool = True) -> Paired:
    p50 = Quantile(
        base=10,
        head=20,
        ratio=2,
        ci=(1.9, 2.1),
        p_value=0,
        gated=gated,
        delta=0.05,
        noise_floor=0,
        verdict=verdict,
    )
    return Paired(pairs=100, blocks=10, epochs=2, p50=p50)


def added(text: str, elsewhere: Elsewhere = "", per_request: float = 1) -> Statement:
    return Statement(statement=text, per_request=per_request, elsewhere=elsewhere)


def line(per_row: float, text: str = READ) -> Line:
    statements = [Statement(statement=text, per_request=per_row)] if per_row else []
    return Line(
        fixed=1,
        per_row=per_row,
        points=[(10, 1 + 10 * per_row), (20, 1 + 20 * per_row)],
        statements=statements,
    )


def slope(base: Line | None, head: Line | None, verdict: Verdict = "regression") -> Slope:
    return Slope(row="user", over="data scale", base=base, head=head, verdict=verdict)


def slower(text: str = READ) -> SlowerStatement:
    return SlowerStatement(
        statement=text,
        base_ms=1,
        head_ms=12.345,
        ratio=12,
        ci=(11, 13),
        p_adjusted=0,
        units=20,
        extra_ms_per_request=11,
    )


def kinds(found: list[Cause]) -> list[str]:
    return [cause.kind for cause in found]


@pytest.mark.parametrize(
    ("statement", "kind", "named"),
    [
        (added(READ), "extra-statement", "one more SELECT on teams"),
        (added(READ, per_request=3), "extra-statement", "3 "),
        (added(READ, "first request"), "cache-lost", "SELECT on teams"),
        (added(WRITE, "background"), "made-synchronous", "INSERT on logs"),
        (added(WRITE, "deferred", 2), "made-synchronous", "INSERT on logs"),
        # A read that also runs in the background was not moved from there.
        (added(READ, "background"), "extra-statement", "SELECT on teams"),
        (added("SHOW x"), "extra-statement", "one more SHOW"),
    ],
)
def test_a_new_statement_is_named_by_how_base_issues_it(statement: Statement, kind: str, named: str) -> None:
    (found,) = causes(queries(added=[statement]), None, UNKNOWN)
    assert found.kind == kind
    assert named in found.summary


def test_a_statement_that_is_issued_more_often_is_an_extra_one() -> None:
    more = ChangedStatement(statement=READ, base=1, head=3)
    fewer = ChangedStatement(statement=WRITE, base=2, head=1)
    (found,) = causes(queries(changed=[more, fewer]), None, UNKNOWN)
    assert found.kind == "extra-statement"
    assert found.summary.startswith("2 ")
    assert "SELECT on teams" in found.summary


def test_an_n_plus_one_is_named_and_its_statements_are_not_blamed_again() -> None:
    more = ChangedStatement(statement=READ, base=1, head=10)
    other = added("SELECT id FROM keys")
    found = causes(
        queries(slopes=[slope(line(0), line(1))], added=[added(READ), other], changed=[more]), None, UNKNOWN
    )
    assert kinds(found) == ["n-plus-one", "extra-statement"]
    assert found[0].summary == "N+1: 1 + 1.00 statements per user; on base 1 + 0.00"
    assert "keys" in found[1].summary


def test_an_n_plus_one_in_another_spelling_is_not_blamed_again() -> None:
    wider = added("SELECT name, colour FROM teams WHERE id = $1")
    found = causes(queries(slopes=[slope(line(0), line(1))], added=[wider]), None, UNKNOWN)
    assert kinds(found) == ["n-plus-one"]


def test_an_n_plus_one_of_which_base_has_no_line() -> None:
    (found,) = causes(queries(slopes=[slope(None, line(1))]), None, UNKNOWN)
    assert found.summary == "N+1: 1 + 1.00 statements per user"


@pytest.mark.parametrize("verdict", ["pass", "improvement", "inconclusive"])
def test_an_old_n_plus_one_explains_nothing(verdict: Verdict) -> None:
    found = causes(queries(slopes=[slope(line(1), line(1), verdict)], added=[added(WRITE)]), None, UNKNOWN)
    assert kinds(found) == ["extra-statement"]


@pytest.mark.parametrize("verdict", ["pass", "improvement", "inconclusive", "invalid"])
def test_without_a_regression_there_is_no_cause(verdict: Verdict) -> None:
    assert causes(queries(verdict, added=[added(READ)]), paired("pass"), UNKNOWN) == []
    assert causes(None, None, UNKNOWN) == []


def test_a_statement_that_takes_longer_explains_slowness() -> None:
    (found,) = causes(queries("pass", slower=[slower()]), paired(), Both(base=10, head=5))
    assert found.kind == "slower-statement"
    assert found.summary == "SELECT on teams takes the database 12.3 ms instead of 1 ms"


def test_a_statement_that_takes_longer_stands_beside_new_ones() -> None:
    found = causes(queries(added=[added(WRITE)], slower=[slower()]), paired(), SAME)
    assert kinds(found) == ["extra-statement", "slower-statement"]


def test_a_statement_that_takes_longer_is_no_cause_where_requests_are_as_fast() -> None:
    assert causes(queries("pass", slower=[slower()]), paired("pass"), SAME) == []
    assert causes(queries("pass", slower=[slower()]), paired(gated=False), SAME) == []


def test_fewer_connections_explain_slowness_of_the_same_statements() -> None:
    (found,) = causes(queries("pass"), paired(), Both(base=10, head=2))
    assert found.kind == "fewer-connections"
    assert "head held 2 database connections at most and base 10" in found.summary


@pytest.mark.parametrize("connections", [SAME, Both(base=2, head=10), UNKNOWN, Both(base=10, head=None)])
def test_else_the_time_is_spent_outside_the_database(connections: Both) -> None:
    assert kinds(causes(queries("pass"), paired(), connections)) == ["outside-database"]


def test_slowness_with_other_or_unknown_counts_is_not_blamed_on_the_service() -> None:
    assert kinds(causes(queries(added=[added(READ)]), paired(), SAME)) == ["extra-statement"]
    assert causes(queries("inconclusive"), paired(), SAME) == []
    assert causes(queries("improvement"), paired(), SAME) == []
    assert causes(None, paired(), SAME) == []

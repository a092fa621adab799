"""SQL statements per request: the difference of two profiles, its verdict and its price."""

from __future__ import annotations

from typing import Any

import pytest

from perf_matrix.compare.model import ChangedStatement, Queries, Statement
from perf_matrix.compare.queries import compare_queries, diff_profiles
from perf_matrix.matrix.model import Arm
from perf_matrix.queries.profile import QueryProfile


def profile(arm: Arm, statements: dict[str, float], **more: Any) -> QueryProfile:
    values: dict[str, Any] = {"per_request": sum(statements.values()), "stable": True, "db_ms": 0.5} | more
    return QueryProfile("chat", arm, statements=statements, **values)


def compared(base: dict[str, float], head: dict[str, float], **head_more: Any) -> Queries:
    return compare_queries(profile("base", base), profile("head", head, **head_more), 1.0)


def test_what_was_added_removed_and_multiplied_the_dearest_first() -> None:
    found = diff_profiles(
        profile("base", {"a": 1, "gone": 2, "same": 1}),
        profile("head", {"a": 51, "new": 1, "often": 3, "same": 1}),
    )
    assert found.added == [
        Statement(statement="often", per_request=3),
        Statement(statement="new", per_request=1),
    ]
    assert found.removed == [Statement(statement="gone", per_request=2)]
    assert found.changed == [ChangedStatement(statement="a", base=1, head=51)]


@pytest.mark.parametrize(
    ("base", "head", "verdict", "extra"),
    [
        ({"a": 3}, {"a": 5}, "regression", 2),
        ({"a": 5}, {"a": 3}, "improvement", -2),
        ({"a": 1}, {"a": 1}, "pass", 0),
        ({"a": 1}, {"b": 1}, "pass", 0),  # other statements, as many
        ({}, {"a": 1}, "regression", 1),
        ({"a": 1 / 3}, {"a": 1 / 3 + 1e-9}, "pass", 0),  # rounding
    ],
)
def test_verdicts(base: dict[str, float], head: dict[str, float], verdict: str, extra: float) -> None:
    found = compared(base, head)
    assert (found.verdict, found.stable) == (verdict, True)
    assert found.extra_ms_per_request == pytest.approx(extra, abs=1e-6)


def test_the_price_follows_the_round_trip() -> None:
    found = compare_queries(profile("base", {"a": 3}), profile("head", {"a": 5}), 2.5)
    assert (found.extra_ms_per_request, found.round_trip_ms) == (5.0, 2.5)


def test_counts_that_do_not_repeat_decide_nothing() -> None:
    found = compared({"a": 3}, {"a": 5}, stable=False, unstable_because="windows disagree")
    assert (found.verdict, found.stable) == ("inconclusive", False)
    assert found.unstable_because == "head: windows disagree"


def test_evicted_counts_are_invalid() -> None:
    found = compared({"a": 3}, {}, per_request=None, stable=False, invalid_because="evicted")
    assert (found.verdict, found.head, found.extra_ms_per_request) == ("invalid", None, None)
    assert "head: evicted" in found.unstable_because

"""Which statements of two versions count as the same one."""

from __future__ import annotations

import pytest

from perf_matrix.queries.canonical import canonical
from perf_matrix.queries.shape import shape


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('SELECT "p"."T"."a" FROM "p"."T" WHERE x', 'SELECT "p"."T"."a", "p"."T"."b" FROM "p"."T" WHERE x'),
        ("SELECT a FROM t LIMIT $1", "SELECT a, b AS c FROM t LIMIT $2"),
        ('INSERT INTO "T" ("a") VALUES ($1)', 'INSERT INTO "T" ("a","b") VALUES ($1,now())'),
        ('DELETE FROM "T" RETURNING "a"', 'DELETE FROM "T" RETURNING "a", "b"'),
        ("SELECT DISTINCT a FROM t", "SELECT DISTINCT a, b FROM t"),
    ],
)  # fmt: skip
def test_a_statement_that_only_names_more_columns_is_the_same(one: str, other: str) -> None:
    assert shape(canonical(one)) == shape(canonical(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t WHERE x = $1", "SELECT a FROM t WHERE y = $1"),
        ("SELECT a FROM t", "SELECT COUNT(*) FROM t"),
        ("SELECT a FROM t", "SELECT max(a) FROM t"),
        ("SELECT a FROM t", "SELECT DISTINCT a FROM t"),
        ("SELECT a FROM t", "SELECT a FROM u"),
        ("SELECT a FROM t", "SELECT a FROM t ORDER BY a"),
        ("SELECT a, (SELECT b FROM u) FROM t", "SELECT a FROM t"),
        ("INSERT INTO t (a) VALUES ($1)", "INSERT INTO t (a) VALUES ($1) ON CONFLICT DO NOTHING"),
        ("UPDATE t SET a = $1", "UPDATE t SET a = $1, b = $2"),
        ("DELETE FROM t", "SELECT a FROM t"),
    ],
)
def test_a_statement_that_does_something_else_is_another(one: str, other: str) -> None:
    assert shape(canonical(one)) != shape(canonical(other))

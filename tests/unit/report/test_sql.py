"""Statements shortened around what matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.report import sql

from .builders import CONFIG, KEY, SPEND, TEAM


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (TEAM, 'SELECT … FROM "LiteLLM_TeamTable" WHERE ("team_id" = $1 AND $2=$3) LIMIT $4 OFFSET $5'),
        (
            KEY,
            (
                'SELECT … FROM "LiteLLM_VerificationToken" AS v LEFT JOIN "LiteLLM_TeamTable" AS t'
                " ON v.team_id = t.team_id WHERE v.token = $1"
            ),
        ),
        (SPEND, 'UPDATE "LiteLLM_UserTable" SET … WHERE "user_id" = $2'),
        (CONFIG, 'SELECT … FROM "LiteLLM_Config" WHERE "param_name" = $1'),
        ("SELECT $1", "SELECT $1"),
        ("select a from b -- why\n where c", "select a from b where c"),
        (
            "SELECT (SELECT count(*) FROM inner_table) AS n, other_column FROM outer_table WHERE x",
            "SELECT … FROM outer_table WHERE x",
        ),
        (
            'INSERT INTO "public"."Log" ("id", "spend", "model", "user") VALUES ($1, $2, $3, $4, $5, $6, $7)',
            'INSERT INTO "Log" (…) VALUES (…)',
        ),
        (
            (
                'INSERT INTO "Log" ("id", "created_at", "spend") VALUES ($1, now(), $2, $3, $4, $5)'
                ' ON CONFLICT ("id") DO UPDATE SET "spend" = EXCLUDED."spend", "model" = $6 WHERE "live"'
                ' RETURNING "Log"."id", "Log"."created_at"'
            ),
            'INSERT INTO "Log" (…) VALUES (…) ON CONFLICT ("id") DO UPDATE SET … WHERE "live" RETURNING …',
        ),
        (
            'UPDATE "T" SET "a" = $1 WHERE "b" = $2 RETURNING "T"."a", "T"."b", "T"."c", "T"."d"',
            'UPDATE "T" SET "a" = $1 WHERE "b" = $2 RETURNING …',
        ),
        (
            "WITH j AS (SELECT a.first, a.second, a.third FROM a) SELECT j.first, j.second, j.third FROM j WHERE x",
            "WITH j AS (SELECT … FROM a) SELECT … FROM j WHERE x",
        ),
        (
            "WITH j AS (UPDATE t SET first = $1, second = $2, third = $3) SELECT 1",
            "WITH j AS (UPDATE t SET …) SELECT 1",
        ),
        (
            'SELECT COUNT(*) FROM (SELECT "public"."LiteLLM_TeamTable"."team_id" FROM "t" OFFSET $1) AS "sub"',
            'SELECT COUNT(*) FROM (SELECT "LiteLLM_TeamTable"."team_id" FROM "t" OFFSET $1) AS "sub"',
        ),
        ("SELECT set_config($1, $2, $3), pg_notify($4)", "SELECT set_config($1, $2, $3), pg_notify($4)"),
        ("SET search_path = first, second, third, fourth", "SET search_path = first, second, third, fourth"),
        ("DELETE FROM t WHERE 'FROM' = $1", "DELETE FROM t WHERE 'FROM' = $1"),
        ("", ""),
    ],
)
def test_brief(statement: str, text: str) -> None:
    assert sql.brief(statement, 140) == text


VIEW = (
    "SELECT v.*, t.spend AS team_spend, b.tpm_limit AS budget_tpm_limit, b.rpm_limit AS budget_rpm_limit"
    ' FROM "LiteLLM_VerificationToken" AS v LEFT JOIN "LiteLLM_TeamTable" AS t ON v.team_id = t.team_id'
    ' LEFT JOIN "LiteLLM_BudgetTable" AS b ON v.budget_id = b.budget_id WHERE v.token = $1'
)


@pytest.mark.parametrize(
    ("statement", "columns", "limit", "text"),
    [
        (
            TEAM,
            ["team_alias"],
            140,
            (
                'SELECT …, "team_alias", … FROM "LiteLLM_TeamTable" WHERE ("team_id" = $1 AND $2=$3)'
                " LIMIT $4 OFFSET $5"
            ),
        ),
        (TEAM, ['"models"'], 60, 'SELECT …, "models" FROM "LiteLLM_TeamTable" WHERE ("team_id…'),
        (TEAM, ["team_id", "models"], 62, 'SELECT "team_id", …, "models" FROM "LiteLLM_TeamTable" WHERE…'),
        (TEAM, ["team_id", "models"], 48, 'SELECT "team_id", … FROM "LiteLLM_TeamTable" WH…'),
        (TEAM, ["team_id", "models"], 30, 'SELECT … FROM "LiteLLM_TeamTa…'),
        (TEAM, ["gone"], 60, 'SELECT … FROM "LiteLLM_TeamTable" WHERE ("team_id" = $1 AND…'),
        (
            VIEW,
            ["budget_tpm_limit"],
            120,
            (
                "SELECT …, b.tpm_limit AS budget_tpm_limit, … FROM"
                ' "LiteLLM_VerificationToken" AS v … WHERE v.token = $1'
            ),
        ),
        (SPEND, ["spend"], 100, 'UPDATE "LiteLLM_UserTable" SET "spend" = "spend" + $1 WHERE "user_id" = $2'),
        (
            'UPDATE "T" SET "old" = $1, "kind" = CAST($2::text AS "Kind"), "new" = $3 WHERE "id" = $4',
            ["kind"],
            100,
            'UPDATE "T" SET …, "kind" = CAST($2::text AS "Kind"), … WHERE "id" = $4',
        ),
        (
            'SELECT "T"."first", "T"."kind"::text, coalesce("T"."a", "T"."b") AS "c" FROM "T"',
            ["kind", "c"],
            100,
            'SELECT …, "kind"::text, coalesce("a", "b") AS "c" FROM "T"',
        ),
        (
            'INSERT INTO "Log" ("id", "spend", "model", "user") VALUES ($1, $2, $3, $4, $5, $6, $7)',
            ["model"],
            100,
            'INSERT INTO "Log" (…, "model", …) VALUES (…)',
        ),
        ("SELECT a, b FROM t", ["b"], 100, "SELECT a, b FROM t"),
    ],
)
def test_new_columns_stay_visible_as_long_as_the_table_does(
    statement: str, columns: list[str], limit: int, text: str
) -> None:
    assert sql.brief(statement, limit, columns) == text


@given(st.text(), st.integers(min_value=1, max_value=200), st.lists(st.text(), max_size=3))
def test_never_longer_than_asked_and_on_one_line(statement: str, limit: int, columns: list[str]) -> None:
    text = sql.brief(statement, limit, columns)
    assert len(text) <= limit
    assert "\n" not in text


@given(
    st.lists(
        st.sampled_from(["SELECT", "FROM", "SET", "WHERE", "RETURNING", "JOIN", "(", ")", ",", "a.b", '"c"'])
    ),
    st.integers(min_value=1, max_value=60),
)
def test_never_longer_than_asked_whatever_the_words(words: list[str], limit: int) -> None:
    for verb in ("SELECT", "WITH", "INSERT INTO t", "UPDATE t SET"):
        assert len(sql.brief(" ".join([verb, *words]), limit, ["b"])) <= limit

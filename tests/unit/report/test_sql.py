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
        ("DELETE FROM t WHERE 'FROM' = $1", "DELETE FROM t WHERE 'FROM' = $1"),
        ("", ""),
    ],
)
def test_brief(statement: str, text: str) -> None:
    assert sql.brief(statement, 140) == text


@given(st.text(), st.integers(min_value=1, max_value=200))
def test_never_longer_than_asked_and_on_one_line(statement: str, limit: int) -> None:
    text = sql.brief(statement, limit)
    assert len(text) <= limit
    assert "\n" not in text

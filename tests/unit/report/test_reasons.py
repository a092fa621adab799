"""Reasons for doubt: SQL shortened, figures kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.report.reasons import readable

from .builders import DOUBT, KEY, SPEND, TEAM

TEAM_BRIEF = 'SELECT … FROM "LiteLLM_TeamTable" WHERE ("team_id" = $1 AND $2=$3) LIMIT $4 OFFSET $5'
SPEND_BRIEF = 'UPDATE "LiteLLM_UserTable" SET … WHERE "user_id" = $2'

STEADY = "1 per request in some windows and steadily 2 in others"
SELDOM = "1 call in 4 requests, seen too seldom to believe it"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (DOUBT, f"head: {TEAM_BRIEF}: 6 calls in 4 requests but 11 calls in 7 requests"),
        (
            f"base: {SPEND}: {STEADY}; head: {TEAM}: {SELDOM}; and 2 more",
            f"base: {SPEND_BRIEF}: {STEADY}; head: {TEAM_BRIEF}: {SELDOM}; and 2 more",
        ),
        (f"{SPEND}: 0.5 per request", f"{SPEND_BRIEF}: 0.5 per request"),
        ("head: only one window of requests counts", "head: only one window of requests counts"),
        ("base: 50 rows in both answers", "base: 50 rows in both answers"),
        ("SET search_path = a: 1 call", "SET search_path = a: 1 call"),
        ("", ""),
    ],
)
def test_a_statement_in_a_reason_is_short_and_all_else_stays(reason: str, text: str) -> None:
    assert readable(reason) == text


figures = st.builds("{} calls in {} requests".format, st.integers(0, 999), st.integers(1, 99))
doubts = st.builds("{}: {}".format, st.sampled_from([TEAM, KEY, SPEND]), figures)


@given(st.lists(st.tuples(st.sampled_from(["base", "head"]), doubts), min_size=1, max_size=3))
def test_every_figure_is_kept_and_no_long_statement(found: list[tuple[str, str]]) -> None:
    reason = "; ".join(f"{arm}: {doubt}" for arm, doubt in found)
    shown = readable(reason).split("; ")
    assert [text.rsplit(": ", 1)[1] for text in shown] == [doubt.rsplit(": ", 1)[1] for _, doubt in found]
    assert max(map(len, shown)) < 140


pieces = st.sampled_from(
    ["SELECT ", "(", ")", "; ", ": ", ": 1 call", "head: ", '"', "'", "\n", " FROM t", "é"]
)


@given(st.lists(pieces, max_size=40))
def test_any_text_is_a_reason(words: list[str]) -> None:
    text = "".join(words)
    assert len(readable(text)) <= len(text)

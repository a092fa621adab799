"""Texts from elsewhere, on one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.budget.figures import on_one_line


@given(st.text(max_size=2000))
def test_a_text_becomes_one_line_that_is_not_too_long(text: str) -> None:
    line = on_one_line(text)
    assert len(line) <= 600
    assert line.isprintable()


@given(st.text("abc d", min_size=600, max_size=2000))
def test_of_a_long_text_the_beginning_and_the_end_are_kept(middle: str) -> None:
    line = on_one_line(f"login: SELECT {middle}: 6 calls in 4 requests but 11 calls in 7 requests")
    assert line.startswith("login: SELECT")
    assert line.endswith("6 calls in 4 requests but 11 calls in 7 requests")

"""Titles that others wrote, on one line and without what steers a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.bisect.history.plain import LONGEST, plain


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Fix the login", "Fix the login"),
        ("\x1b[31mred\x1b[0m", "\ufffd[31mred\ufffd[0m"),
        ("a\tb  c\u2028d\r\ne", "a b c d e"),
        ("abc\u202edcba\u202c", "abcdcba"),
        ("a \ud800 lone surrogate", "a \ufffd lone surrogate"),
        ("👩\u200d💻 naïve 中文", "👩\u200d💻 naïve 中文"),
        ("  \n ", ""),
    ],
)
def test_what_is_shown(written: str, shown: str) -> None:
    assert plain(written) == shown


def test_a_long_one_is_cut() -> None:
    assert plain("x" * 10_000_000) == "x" * (LONGEST - 1) + "…"
    assert plain("x" * LONGEST) == "x" * LONGEST


@given(st.text(st.characters(exclude_categories=()), max_size=700))
def test_any_text_is_one_short_line_that_can_be_written(text: str) -> None:
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= LONGEST
    assert shown.encode().decode() == shown
    assert all(letter.isprintable() or letter in "\u200c\u200d" for letter in shown)
    assert plain(shown) == shown

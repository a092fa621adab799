"""Nothing from outside can become markup."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from perf_matrix.report import escape

if TYPE_CHECKING:
    from markdown_it.token import Token

PIECES = [
    "`",
    "``",
    "|",
    "\\",
    "@octocat",
    "#12",
    "GH-7",
    "<b>",
    "</details>",
    "&lt;",
    "[a](b)",
    "![i](j)",
    "*",
    "_",
    "~~",
]
PIECES += [
    "https://evil.example",
    "www.evil.example",
    ":tada:",
    "$x$",
    "\n",
    "\r\n",
    "# h",
    "- ",
    "1. ",
    "    ",
    "---",
    "a",
]
OUTSIDE = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)
PARSER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
HARMLESS = {"text", "code_inline", "html_inline", "text_special", "softbreak"}


def inline(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or []]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b", r"a\|b"),
        ("see #12, ask @me", "see #\u200b12, ask &#64;\u200bme"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("https://x", r"https\://x"),
        ("www.x", r"www\.x"),
        ("p50: 1.5 ms (+20%)", "p50: 1.5 ms (+20%)"),
        ("- a\nb", r"\- a b"),
    ],
)
def test_prose(text: str, written: str) -> None:
    assert escape.prose(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("chat-virtual-key", "`chat-virtual-key`"),
        ("a|b", "<code>a&#124;b</code>"),
        ("", ""),
        ("@me", "`@me`"),
        ("`@me", "<code>&#96;&#64;\u200bme</code>"),
    ],
)
def test_code(text: str, written: str) -> None:
    assert escape.code(text) == written


@given(OUTSIDE)
def test_prose_stays_prose_in_a_table(text: str) -> None:
    tokens = PARSER.parse(f"| a | b |\n| --- | --- |\n| {escape.prose(text)} | {escape.code(text)} |\n")
    assert [token.type for token in tokens].count("td_open") == 2
    assert [token.type for token in tokens].count("tr_open") == 2
    children = inline(tokens)
    assert {token.type for token in children} <= HARMLESS
    assert {token.content for token in children if token.type == "html_inline"} <= {"<code>", "</code>"}


@given(OUTSIDE)
def test_prose_stays_prose_in_a_list(text: str) -> None:
    tokens = PARSER.parse(f"- {escape.prose(text)}\n- {escape.code(text)}\n")
    assert [token.type for token in tokens].count("list_item_open") == 2
    assert not {"heading_open", "hr", "code_block", "html_block", "fence"} & {token.type for token in tokens}
    assert {token.type for token in inline(tokens)} <= HARMLESS


@given(OUTSIDE)
def test_prose_has_no_mention_and_no_reference(text: str) -> None:
    written = escape.prose(text)
    assert "@" not in written
    assert "<" not in written
    assert not re.search(r"(#|\bGH-)\d", html.unescape(written))


@given(OUTSIDE)
def test_a_fence_holds_everything(text: str) -> None:
    body = text.replace("\r", "")
    tokens = PARSER.parse(f"{escape.fence(body, 'sql')}\n\nafter\n")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


def test_what_is_markdown_already_is_left_alone() -> None:
    assert escape.finalize(escape.Markdown("**b**")) == "**b**"
    assert escape.finalize("**b**") == r"\*\*b\*\*"

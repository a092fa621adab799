"""The HTML report: one file that is well-formed, needs nothing else and cannot be made to do anything."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perf_matrix.compare.model import (
    Cause,
    Comparison,
    GrownStatement,
    Line,
    Place,
    Slope,
    SlowerStatement,
    Statement,
)
from perf_matrix.record.model import SubjectInfo
from perf_matrix.report import render_html
from perf_matrix.report.html import pieces

from .builders import (
    HOSTILE,
    STATES,
    USERS,
    cell,
    cell_load,
    comparison,
    endpoint,
    line,
    loaded,
    queries,
)

VOID = {"meta", "br", "path", "line", "circle", "rect"}
LOADING = {
    "src",
    "href",
    "srcset",
    "action",
    "formaction",
    "data",
    "poster",
    "background",
    "style",
    "xlink:href",
}
OUTSIDE = st.text(max_size=12) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='x",
        "</style><style>*{}",
        "</pre></details></td></table>",
        "{{ 7*7 }}{% raw %}",
        "&lt;b&gt;",
        "<!--",
        "]]>",
        "javascript:alert(1)",
        "\x00\x1b[31m\u202e\u2066",
        HOSTILE,
    ]
)


class Reader(HTMLParser):
    """Reads a page as a browser does, and notes what it is made of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.faults: list[str] = []
        self.comments = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_comment(self, data: str) -> None:
        self.comments += 1

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


@pytest.mark.parametrize("state", STATES)
def test_a_page_is_well_formed(state: str) -> None:
    page = read(render_html(STATES[state](), reproduce="perf-matrix compare a b", report="run/report.html"))
    assert page.faults == []
    assert page.open == []
    assert page.tags.count("h1") == 1


@pytest.mark.parametrize("state", STATES)
def test_a_page_loads_nothing_and_links_nowhere(state: str) -> None:
    page = read(render_html(STATES[state](), reproduce="x", report="https://ci.example/runs/7"))
    assert not {"script", "link", "img", "iframe", "object", "embed", "a", "base", "form"} & set(page.tags)
    assert [(tag, name) for tag, name, _ in page.attributes if name in LOADING or name.startswith("on")] == []


def test_the_style_loads_nothing() -> None:
    style = re.search(r"<style>(.*?)</style>", render_html(STATES["pass"]()), re.DOTALL)
    assert style
    assert not re.search(r"url\(|@import|//", style.group(1))


def test_the_policy_allows_its_own_style_and_nothing_else() -> None:
    text = render_html(STATES["regression"]())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert ("meta", "content", policy) in read(text).attributes


def foreign(text: str) -> Comparison:
    """A comparison that holds the text wherever text comes from outside."""
    place = Place(file=text, line=1, text=text, table=text, rule=text, removed=True)
    each = Statement(statement=text, per_request=1.0, places=[place])
    slower = SlowerStatement(
        statement=text,
        base_ms=1,
        head_ms=2,
        ratio=2,
        ci=(1, 3),
        p_adjusted=0,
        units=9,
        extra_ms_per_request=1,
    )
    one = endpoint(
        text,
        "regression",
        text,
        note=text,
        causes=[Cause(kind="n-plus-one", summary=text)],
        queries=queries(
            1,
            2,
            "regression",
            added=[each],
            slower=[slower],
            grown=[
                GrownStatement(statement=text, per_request=1, columns_added=[text], columns_removed=[text])
            ],
            slopes=[
                Slope(row=text, over="page size", base=None, head=line(1, 1, each), verdict="regression")
            ],
            stable=False,
            unstable_because=text,
        ),
    )
    slow = loaded(endpoint(text, "regression", text), verdict="regression", note=text, missing=text)
    found = comparison(
        "regression", cell(one, slow, verdict="regression", axis=text), warnings=[text], tools={text: text}
    )
    subjects = found.subjects.model_copy(update={"head": SubjectInfo(spec=text, version=text)})
    load = cell_load(verdict="regression", note=text, examples=[text])
    broken = found.cells[0].model_copy(update={"fault": text or "x", "log_tail": [text], "load": load})
    return found.model_copy(update={"subjects": subjects, "cells": [broken]})


BENIGN = read(render_html(foreign("a"), reproduce="a", report="a"))


@given(OUTSIDE.filter(str.strip))
@example("<script>alert(1)</script>")
@settings(max_examples=60, deadline=None)
def test_text_from_outside_stays_text(text: str) -> None:
    page = read(render_html(foreign(text), reproduce=text, report=text))
    assert page.faults == []
    assert page.open == []
    assert page.comments == 0
    assert set(page.tags) <= set(BENIGN.tags)
    assert {(tag, name) for tag, name, _ in page.attributes} <= {(t, n) for t, n, _ in BENIGN.attributes}


@given(OUTSIDE)
@settings(max_examples=60, deadline=None)
def test_nothing_that_cannot_be_seen_reaches_a_page(text: str) -> None:
    page = render_html(foreign(text), reproduce=text, report=text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]", page)


def test_statements_are_whole_and_new_columns_marked() -> None:
    text = render_html(STATES["grown"]())
    assert "<ins>&#34;policies&#34;</ins> FROM" in text
    assert "<del><code>param_text</code></del>" in text


@given(st.text(alphabet='ab", .\n', max_size=30), st.lists(st.text(alphabet='ab"', max_size=3), max_size=4))
def test_marking_columns_changes_no_character(statement: str, columns: list[str]) -> None:
    assert "".join(text for text, _ in pieces(statement, columns)) == statement


@pytest.mark.parametrize(
    ("statement", "columns", "marked"),
    [
        (USERS, ["policies"], ['"policies"']),
        ("SELECT a, b FROM t WHERE b = $1", ["b"], ["b"]),
        ("SELECT about, b FROM t", ["b"], ["b"]),
        ("SELECT a FROM t", ["zz", ""], []),
    ],
)
def test_a_column_is_marked_where_it_is_first_named(
    statement: str, columns: list[str], marked: list[str]
) -> None:
    assert [text for text, new in pieces(statement, columns) if new] == marked


def test_a_drawing_says_in_words_what_it_shows() -> None:
    page = read(render_html(STATES["n-plus-one-new"]()))
    words = (
        "Statements per request over the page size. base: always 4; measured 4 at 10, 4 at 50."
        " head: 4 + 1.00 per user; measured 14 at 10, 54 at 50."
    )
    assert [value for _, name, value in page.attributes if name == "aria-label"] == [words]


numbers = st.floats(-1e9, 1e9)


@given(numbers, numbers, st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_any_line_can_be_drawn(fixed: float, per_row: float, points: list[tuple[float, float]]) -> None:
    steep = Line(fixed=fixed, per_row=max(per_row, 1.0), points=points)
    slope = Slope(row="user", over="page size", base=None, head=steep, verdict="inconclusive")
    one = endpoint("list", "inconclusive", queries=queries(1, 1, slopes=[slope]))
    text = render_html(comparison("inconclusive", cell(one, verdict="inconclusive")))
    assert read(text).faults == []
    assert not re.search(r'"-?(nan|inf)"', text)

"""The terminal: never wider than asked but for what is to be copied, colours only when told, no control characters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.bisect.report import render_terminal

from .foreign import TEXTS, foreign
from .samples import SAMPLES

TO_COPY = re.compile(
    r"\s*(Look closer|Commit|Again|Whole report|.*): (perf-matrix|https?://|git |bisect/)|\s*- "
)
COLOURS = re.compile("\x1b\\[[0-9;]*m")
OUTSIDE = st.text(max_size=12) | st.sampled_from(TEXTS)


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("name", SAMPLES)
def test_no_line_is_wider_than_asked(name: str, width: int) -> None:
    text = render_terminal(SAMPLES[name](), width=width, colour=False)
    assert [line for line in text.splitlines() if len(line) > width and not TO_COPY.match(line)] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_colours_only_decorate(name: str) -> None:
    plain = render_terminal(SAMPLES[name](), width=100, colour=False)
    coloured = render_terminal(SAMPLES[name](), width=100, colour=True)
    assert "\x1b" not in plain
    assert COLOURS.search(coloured)
    assert COLOURS.sub("", coloured) == plain


@given(OUTSIDE)
@settings(max_examples=60, deadline=None)
def test_nothing_from_outside_controls_the_terminal(text: str) -> None:
    written = render_terminal(foreign(text), width=100, colour=False, report="r")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]", written)


def test_columns_that_do_not_fit_are_named() -> None:
    found = SAMPLES["several-suspects"]()
    many = [found.symptoms[0].model_copy(update={"endpoint": f"endpoint-{n}"}) for n in range(9)]
    text = render_terminal(found.model_copy(update={"symptoms": many}), width=80, colour=False)
    assert "Left out at 80 columns: endpoint-4 SQL, endpoint-5 SQL" in text


def test_files_beyond_the_first_five_are_counted() -> None:
    text = render_terminal(SAMPLES["exact-releases"](), width=100, colour=False)
    assert "      and 12 more\n" in text


def test_the_last_log_lines_of_what_did_not_start_are_there() -> None:
    text = render_terminal(SAMPLES["three-commits"](), width=100, colour=False)
    assert "    | ERROR:    Application startup failed. Exiting.\n" in text

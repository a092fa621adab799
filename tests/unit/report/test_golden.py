"""Every state of a report, read by a person before it was committed."""

from __future__ import annotations

import pytest

from perf_matrix.report import render_html, render_markdown, render_terminal

from . import golden
from .builders import STATES

REPRODUCE = "perf-matrix compare litellm==1.80.5 litellm==1.81.0 --matrix matrices/pr.yml"


@pytest.mark.parametrize("state", STATES)
def test_terminal_at_100_columns(state: str) -> None:
    text = render_terminal(
        STATES[state](), width=100, colour=False, reproduce=REPRODUCE, report="run/report.md"
    )
    golden.check(f"{state}.100.txt", text)


@pytest.mark.parametrize(
    "state", ["regression", "several-cells", "unstable", "queries-only", "measured-cost", "load-head-drops"]
)
def test_terminal_at_80_columns(state: str) -> None:
    text = render_terminal(
        STATES[state](), width=80, colour=False, reproduce=REPRODUCE, report="run/report.md"
    )
    golden.check(f"{state}.80.txt", text)


def test_terminal_at_140_columns() -> None:
    text = render_terminal(STATES["regression"](), width=140, colour=False)
    golden.check("regression.140.txt", text)


def test_terminal_in_colour() -> None:
    golden.check("regression.colour.txt", render_terminal(STATES["regression"](), width=100, colour=True))


@pytest.mark.parametrize("state", STATES)
def test_markdown(state: str) -> None:
    text = render_markdown(STATES[state](), reproduce=REPRODUCE, report="https://ci.example/runs/7")
    golden.check(f"{state}.md", text)


@pytest.mark.parametrize(
    "state",
    [
        "regression",
        "queries-only",
        "measured-cost",
        "control-moved",
        "grown",
        "load-head-drops",
        "soak",
        "hostile",
    ],
)
def test_html(state: str) -> None:
    text = render_html(STATES[state](), reproduce=REPRODUCE, report="https://ci.example/runs/7")
    golden.check(f"{state}.html", text)

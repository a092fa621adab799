"""What docs/REPORT.md shows is what the reports of the builders say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perf_matrix.report import render_terminal

from .builders import STATES

PAGE = (Path(__file__).parents[3] / "docs" / "REPORT.md").read_text(encoding="utf-8")
SAMPLES = re.findall(r"^```\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
# Figures in the text: changes, intervals, lines. What comes after is about the diff, not about numbers.
FIGURES = sorted(set(re.findall(r"`([^`\n]*\d(?: → |%|\.\d)[^`\n]*)`", PAGE.split("## Likely places")[0])))


@pytest.fixture(scope="module")
def reports() -> list[str]:
    return [render_terminal(state(), width=100, colour=False) for state in STATES.values()]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.splitlines()[0])
def test_every_sample_is_part_of_a_report(reports: list[str], sample: str) -> None:
    assert any(sample in text for text in reports)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_written_as_a_report_writes_it(reports: list[str], figure: str) -> None:
    assert any(figure in text for text in reports)


def test_the_page_has_samples_and_figures() -> None:
    assert len(SAMPLES) == 3
    assert {"1.00 → 2.00", "[-2.0%, +2.5%]", "3 + 1.00 per team"} <= set(FIGURES)

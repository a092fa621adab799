"""Every state of a bisect's report, read by a person before it was committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.report import picture, render_html, render_markdown, render_terminal
from tests.unit.report import golden

from .samples import SAMPLES

REPORT = "bisect/report.html"


@pytest.fixture(autouse=True)
def goldens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "FOLDER", Path(__file__).parents[3] / "golden" / "bisect")
    monkeypatch.setattr(golden, "RENEW", "PERF_MATRIX_UPDATE_GOLDEN=1 pytest tests/unit/bisect/report")


@pytest.mark.parametrize("name", SAMPLES)
def test_terminal_at_100_columns(name: str) -> None:
    golden.check(f"{name}.100.txt", render_terminal(SAMPLES[name](), width=100, colour=False, report=REPORT))


@pytest.mark.parametrize("name", ["exact-releases", "several-suspects"])
def test_terminal_at_80_columns(name: str) -> None:
    golden.check(f"{name}.80.txt", render_terminal(SAMPLES[name](), width=80, colour=False))


def test_terminal_in_colour() -> None:
    text = render_terminal(SAMPLES["partly-down"](), width=100, colour=True)
    golden.check("partly-down.colour.txt", text)


@pytest.mark.parametrize("name", SAMPLES)
def test_markdown(name: str) -> None:
    golden.check(f"{name}.md", render_markdown(SAMPLES[name](), report=REPORT))


@pytest.mark.parametrize("name", ["three-commits", "narrowed", "thousand"])
def test_html(name: str) -> None:
    golden.check(f"{name}.html", render_html(SAMPLES[name](), report=REPORT))


@pytest.mark.parametrize(
    ("name", "number"), [("partly-down", 0), ("three-commits", 2), ("several-suspects", 1), ("thousand", 0)]
)
def test_picture(name: str, number: int) -> None:
    found = SAMPLES[name]()
    golden.check(f"{name}-{number}.svg", picture(found, found.symptoms[number]))

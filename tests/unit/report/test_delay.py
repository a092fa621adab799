"""The delay before the database stands beside latencies."""

from __future__ import annotations

import pytest

from perf_matrix.compare.model import CellComparison, Comparison, RoundTrip
from perf_matrix.report import render_html, render_markdown, render_terminal
from perf_matrix.report.delay import beside_latencies

from .builders import STATES, cell, comparison, quiet_rows

TITLE = "What changed, worst first (with a delay of 1.0 ms before the database)"


def delayed(asked_ms: float, made_ms: float = 0.0) -> CellComparison:
    trip = RoundTrip(asked_ms=asked_ms, direct_ms=0.1, relayed_ms=0.2, delayed_ms=0.2 + made_ms)
    return cell(*quiet_rows()).model_copy(update={"round_trip": trip})


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (comparison("pass", cell(*quiet_rows())), ""),
        (comparison("pass", delayed(0.0)), ""),
        (comparison("pass", delayed(1.0, 1.18)), "with a delay of 1.2 ms before the database"),
        (
            comparison("pass", delayed(1.0, 1.18), delayed(1.0, 1.21)),
            "with a delay of 1.2 ms before the database",
        ),
        (
            comparison("pass", delayed(1.0, 1.18), delayed(5.0, 5.24)),
            "with a delay of 1.2 to 5.2 ms before the database",
        ),
        (
            comparison("pass", delayed(0.0), delayed(1.0, 1.18)),
            "with a delay of 1.2 ms before the database in 1 of 2 cells",
        ),
    ],
)
def test_the_delay_as_it_was_made_is_named(found: Comparison, words: str) -> None:
    assert beside_latencies(found) == words


def test_where_no_latency_was_taken_there_is_nothing_to_stand_beside() -> None:
    counted = STATES["queries-only-pass"]().cells[0]
    trip = delayed(1.0, 1.18).round_trip
    assert beside_latencies(comparison("pass", counted.model_copy(update={"round_trip": trip}))) == ""


def test_every_report_names_the_delay_above_the_latencies() -> None:
    found = STATES["measured-cost"]()
    assert f"\n{TITLE}\nendpoint" in render_terminal(found, width=100, colour=False)
    assert f"\n### {TITLE}\n" in render_markdown(found)
    assert f"<h2>{TITLE}</h2>" in render_html(found)


def test_a_list_of_findings_alone_still_names_the_delay() -> None:
    found = STATES["measured-cost"]()
    noisy = found.model_copy(update={"warnings": ["x" * 200] * 400})
    text = render_markdown(noisy)
    assert "only the findings are listed" in text
    assert "\nLatencies were taken with a delay of 1.0 ms before the database.\n" in text

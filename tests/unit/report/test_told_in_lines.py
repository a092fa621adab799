"""Lines about what ran and what was received: subjects that are no releases, telemetry."""

from __future__ import annotations

import pytest

from perf_matrix.compare.model import CellComparison, Subjects, Telemetry
from perf_matrix.record.model import SubjectInfo
from perf_matrix.report import render_html, render_markdown, render_terminal
from perf_matrix.report.subjects import resolved
from perf_matrix.report.telemetry import seen

from . import builders

NOTHING = {"exports": 0, "rejected": 0, "spans": 0, "points": 0, "records": 0, "events": 0}


def cell(**counts: int) -> CellComparison:
    telemetry = Telemetry.model_validate({**NOTHING, **counts})
    return CellComparison(id="it", variants={}, verdict="pass", endpoints=[], telemetry=telemetry)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"exports": 1200, "spans": 30_000}, "Telemetry: the sink got 30,000 spans in 1,200 exports."),
        (
            {"exports": 9, "spans": 1, "points": 2, "records": 3, "events": 4},
            "Telemetry: the sink got 1 span, 2 data points, 3 log records, 4 events in 9 exports.",
        ),
        (
            {"exports": 5, "rejected": 5},
            "Telemetry: the sink got nothing that it could read in 5 exports, 5 of which it could not read.",
        ),
    ],
)
def test_what_the_sink_got(counts: dict[str, int], line: str) -> None:
    assert list(seen([("", cell(**counts))])) == [line]


def test_a_silent_cell_says_nothing_and_another_is_named() -> None:
    cells = [("callbacks=none", cell()), ("callbacks=otel", cell(exports=1, spans=1))]
    assert list(seen(cells)) == ["Telemetry in callbacks=otel: the sink got 1 span in 1 export."]


def test_what_is_no_release_is_told_in_every_report() -> None:
    base = SubjectInfo(spec="git:main", version="1.80.5", commit="0123456789abcdef" * 2)
    head = SubjectInfo(
        spec="path:/it", version="1.81.0", content="fedcba9876543210", image="sha256:" + "ab" * 32
    )
    whole = builders.regression().model_copy(
        update={"subjects": Subjects(base=base, head=head), "backend": "compose"}
    )
    lines = [
        "Base: git:main is version 1.80.5, commit 0123456789ab.",
        "Head: path:/it is version 1.81.0, content fedcba987654, image abababababab.",
    ]
    assert list(resolved(whole)) == lines
    texts = [
        render_terminal(whole, width=200, colour=False, reproduce="again", report="report.html"),
        render_markdown(whole, reproduce="again"),
        render_html(whole, reproduce="again"),
    ]
    for text in texts:
        assert "commit 0123456789ab" in text
        assert "services on compose" in text


def test_a_release_tells_itself() -> None:
    assert list(resolved(builders.regression())) == []

"""What a publishing step leaves behind for the steps after it: outputs, summary, annotations as workflow commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from perf_matrix.compare.model import Comparison
from perf_matrix.github.outputs import SUMMARY_LIMIT, command
from perf_matrix.publish.publish import Published
from perf_matrix.report.escape import fence

ANNOTATIONS_SHOWN = 10
"""GitHub shows so many of a step's workflow commands; the rest it drops without a word."""


def outputs_of(published: Published) -> dict[str, str]:
    """What was published, as outputs of the step."""
    numbers = _numbers(published.comparison) if published.comparison else {}
    return {
        **numbers,
        "verdict": published.outcome.verdict,
        "accepted": str(published.accepted is not None).lower(),
        "exit-code": str(published.outcome.exit_code),
        "comment-url": published.comment_url,
        "check-url": published.check_url,
    }


def paths_of(folder: Path) -> dict[str, str]:
    """Where the run's files are, by output."""
    names = {"comparison": "comparison.json", "report": "report.html"}
    return {"folder": str(folder), **{output: str(folder / name) for output, name in names.items()}}


def workflow_commands(published: Published) -> Iterator[str]:
    """The annotations as lines for the job's log, where no check run holds them."""
    if not published.check_url:
        for each in published.annotations[:ANNOTATIONS_SHOWN]:
            yield command("warning", each.message, file=each.path, line=str(each.line), title=each.title)


def summary_of(published: Published) -> str:
    """The step's summary: what the comment says, then what was not published."""
    notes = "".join(f"\n\n{fence(note)}" for note in published.notes)
    text = published.markdown + notes
    return text if len(text.encode()) < SUMMARY_LIMIT else published.markdown


def _numbers(comparison: Comparison) -> dict[str, str]:
    """How much was found: findings that got worse and better, endpoints left open, cells that were not measured."""
    found = Counter(finding.verdict for finding in comparison.findings)
    endpoints = Counter(endpoint.verdict for cell in comparison.cells for endpoint in cell.endpoints)
    cells = Counter(cell.verdict for cell in comparison.cells)
    return {
        "regressions": str(found["regression"]),
        "improvements": str(found["improvement"]),
        "undecided": str(endpoints["inconclusive"]),
        "invalid": str(cells["invalid"]),
    }

"""Check runs: a verdict beside a commit, with notes on the lines of its diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from perf_matrix.github.client import GitHub
from perf_matrix.github.model import CheckRun, read

Conclusion = Literal["success", "failure", "neutral"]
MOST_AT_ONCE = 50
"""Annotations that GitHub takes in one request; those of several add up."""
MOST_SUMMARY_BYTES = 65_535
_MOST_MESSAGE_BYTES = 64 * 1024
_MOST_TITLE = 255
_CUT = "\n\n(The rest does not fit here.)"


class Annotation(Protocol):
    """A note on a line of the new version of a file."""

    @property
    def path(self) -> str:
        """The file's path in the repository."""

    @property
    def line(self) -> int:
        """The line's number, from 1."""

    @property
    def title(self) -> str:
        """A few words."""

    @property
    def message(self) -> str:
        """What there is to say, as plain text."""


def create_check(
    github: GitHub,
    repository: str,
    sha: str,
    *,
    name: str,
    conclusion: Conclusion,
    title: str,
    summary: str,
    annotations: Sequence[Annotation],
    details_url: str,
) -> CheckRun:
    """Put a finished check on the commit ``sha``, with all of ``annotations``.

    ``summary`` is Markdown, and is cut where it is longer than ``MOST_SUMMARY_BYTES``; ``details_url`` is where
    the link "Details" leads, empty for GitHub's own page. Raises what GitHub's methods do.
    """
    first, *others = batches(annotations)
    described = {"title": title, "summary": cut(summary, MOST_SUMMARY_BYTES)}
    finished = {
        "name": name,
        "head_sha": sha,
        "status": "completed",
        "conclusion": conclusion,
        "output": {**described, "annotations": first},
    }
    where = {"details_url": details_url} if details_url else {}
    check = read(
        CheckRun, github.post(f"/repos/{repository}/check-runs", {**finished, **where}), "the new check run"
    )
    for batch in others:
        github.patch(
            f"/repos/{repository}/check-runs/{check.id}", {"output": {**described, "annotations": batch}}
        )
    return check


def batches(annotations: Sequence[Annotation]) -> Iterator[list[dict[str, str | int]]]:
    """The annotations as GitHub takes them, ``MOST_AT_ONCE`` at a time; one empty batch where there are none."""
    for start in range(0, max(len(annotations), 1), MOST_AT_ONCE):
        yield [_described(annotation) for annotation in annotations[start : start + MOST_AT_ONCE]]


def cut(text: str, most_bytes: int) -> str:
    """``text``, cut to so many bytes of UTF-8 between two characters; a cut text says so at its end."""
    encoded = text.encode()
    if len(encoded) <= most_bytes:
        return text
    return encoded[: most_bytes - len(_CUT.encode())].decode(errors="ignore") + _CUT


def _described(annotation: Annotation) -> dict[str, str | int]:
    return {
        "path": annotation.path,
        "start_line": annotation.line,
        "end_line": annotation.line,
        "annotation_level": "warning",
        "title": annotation.title[:_MOST_TITLE],
        "message": cut(annotation.message, _MOST_MESSAGE_BYTES),
    }

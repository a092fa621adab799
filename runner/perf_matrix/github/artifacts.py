"""Workflow runs, and what they have uploaded. What is in an artifact was written by the code that the run ran."""

from __future__ import annotations

from pathlib import Path

from perf_matrix.github.client import GitHub
from perf_matrix.github.errors import TooLargeError
from perf_matrix.github.model import Artifact, Read, WorkflowRun, read


class _Page(Read):
    artifacts: list[Artifact]


def workflow_run(github: GitHub, repository: str, run_id: int) -> WorkflowRun:
    """The run as it is now, in its latest attempt. Raises what GitHub's methods do, as do all functions here."""
    return read(WorkflowRun, github.get(f"/repos/{repository}/actions/runs/{run_id}"), "the workflow run")


def artifact_of(github: GitHub, repository: str, run_id: int, name: str) -> Artifact | None:
    """The run's artifact of this name, the newest where several attempts have left one; None where there is none.

    One that has expired counts as none.
    """
    path = f"/repos/{repository}/actions/runs/{run_id}/artifacts"
    found = [
        artifact
        for page in github.pages(path, name=name)
        for artifact in read(_Page, page, "the artifacts").artifacts
        if artifact.name == name and not artifact.expired
    ]
    return max(found, key=lambda artifact: artifact.id, default=None)


def download(github: GitHub, repository: str, artifact: Artifact, file: Path, most_bytes: int) -> None:
    """Write the artifact's zip archive to ``file``.

    Raises TooLargeError for one of more than ``most_bytes``, and MeasurementError where the file cannot be written.
    """
    path = f"/repos/{repository}/actions/artifacts/{artifact.id}/zip"
    if artifact.size_in_bytes > most_bytes:
        size = f"the artifact has {artifact.size_in_bytes:,} bytes, and at most {most_bytes:,} are read"
        raise TooLargeError("GET", path, 0, size)
    github.download(path, file, most_bytes)

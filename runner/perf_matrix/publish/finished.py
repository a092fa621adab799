"""A finished run to publish: from a run folder of this job, or from the artifact of a run that is not trusted."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.compare.compare import compare
from perf_matrix.compare.model import Comparison
from perf_matrix.errors import InputError
from perf_matrix.github.artifacts import artifact_of, download, workflow_run
from perf_matrix.github.client import GitHub
from perf_matrix.github.event import Job
from perf_matrix.github.pulls import find_pull_request
from perf_matrix.publish.hostile import ARCHIVE_LIMIT, comparison_in
from perf_matrix.publish.source import Source
from perf_matrix.record.read import read_run

# Of a command for people: what names a place on the machine that measured, and is of no use on theirs.
_PLACES = ("--diff", "--checkout")


@dataclass(frozen=True)
class Finished:
    """A comparison, and where it comes from."""

    comparison: Comparison
    source: Source


def of_this_job(job: Job, folder: Path, report_url: str) -> Finished:
    """The run in ``folder``, which this job has measured or merged. Raises InputError where there is none."""
    record = read_run(folder)
    comparison = compare(record)
    pull_request = job.payload.pull_request
    source = Source(
        repository=job.repository,
        sha=pull_request.head.sha if pull_request else job.sha,
        base_sha=comparison.subjects.base.commit,
        number=pull_request.number if pull_request else None,
        run_id=job.run_id,
        run_attempt=job.run_attempt,
        run_url=job.run_url,
        reproduce=shlex.join(["perf-matrix", "compare", *without_places(record.info.arguments)]),
        report_url=report_url,
    )
    return Finished(comparison, source)


def of_another_run(job: Job, github: GitHub, artifact_name: str) -> Finished:
    """The run that a ``workflow_run`` event tells of: its commit as GitHub says, its figures from its artifact.

    Raises InputError where there is no such event or artifact, or where the artifact is not as it should be.
    """
    if job.payload.workflow_run is None:
        raise InputError(f"--workflow-run is for jobs on the event workflow_run; this one is on {job.event}")
    run = workflow_run(github, job.repository, job.payload.workflow_run.id)
    artifact = artifact_of(github, job.repository, run.id, artifact_name)
    if artifact is None:
        raise InputError(
            f"the run {run.html_url} has no artifact {artifact_name}: it measured nothing, or it has another id"
        )
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "artifact.zip"
        download(github, job.repository, artifact, archive, ARCHIVE_LIMIT)
        comparison = comparison_in(archive, run.head_sha)
    pull_request = find_pull_request(github, job.repository, run)
    source = Source(
        repository=job.repository,
        sha=run.head_sha,
        base_sha=comparison.subjects.base.commit,
        number=pull_request.number if pull_request else None,
        run_id=run.id,
        run_attempt=run.run_attempt,
        run_url=run.html_url,
    )
    return Finished(comparison, source)


def without_places(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command without the options that name places, and without their values."""
    kept, values = [], iter(arguments)
    for word in values:
        if word in _PLACES:
            next(values, None)
        else:
            kept.append(word)
    return kept

"""A finished run to publish: from a run folder of this job, or from the artifact of a run that is not trusted."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.compare.compare import compare
from perf_matrix.compare.model import Comparison
from perf_matrix.github.artifacts import download
from perf_matrix.github.client import GitHub
from perf_matrix.github.event import Job
from perf_matrix.github.model import Artifact, PullRequest, WorkflowRun
from perf_matrix.github.unpack import MOST_ARCHIVE_BYTES
from perf_matrix.publish.bisecting import bisect_command
from perf_matrix.publish.hostile import comparison_in
from perf_matrix.publish.source import Source
from perf_matrix.record.read import read_run

# Of a command for people: what names a place on the machine that measured, and is of no use on theirs.
_PLACES = ("--diff", "--checkout")
_SPEC = re.compile(r"[a-z0-9][A-Za-z0-9_.:=/@+-]{0,200}")


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
        bisect=bisect_command(comparison, record.info.arguments),
        report_url=report_url,
    )
    return Finished(comparison, source)


def of_another_run(
    repository: str, github: GitHub, run: WorkflowRun, artifact: Artifact, pull_request: PullRequest | None
) -> Finished:
    """The run that somebody else's code was part of: its commit is as GitHub says, its figures are the artifact's.

    Raises InputError where the artifact is not as it should be.
    """
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "artifact.zip"
        download(github, repository, artifact, archive, MOST_ARCHIVE_BYTES)
        comparison = comparison_in(archive, run.head_sha)
    source = Source(
        repository=repository,
        sha=run.head_sha,
        base_sha=comparison.subjects.base.commit,
        number=pull_request.number if pull_request else None,
        run_id=run.id,
        run_attempt=run.run_attempt,
        run_url=run.html_url,
        reproduce=_from_specs(comparison),
        bisect=bisect_command(comparison, []),
        measured_elsewhere=True,
    )
    return Finished(comparison, source)


def _from_specs(comparison: Comparison) -> str:
    """The command as far as specs tell it; empty where they are none, since people copy it into a shell."""
    specs = [comparison.subjects.base.spec, comparison.subjects.head.spec]
    if not all(_SPEC.fullmatch(spec) for spec in specs):
        return ""
    return shlex.join(["perf-matrix", "compare", *specs])


def without_places(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command without the options that name places, and without their values."""
    kept, values = [], iter(arguments)
    for word in values:
        if word in _PLACES:
            next(values, None)
        else:
            kept.append(word)
    return kept

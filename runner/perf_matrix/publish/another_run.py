"""On a ``workflow_run`` event: publishing what another run has left, which is not trusted."""

from __future__ import annotations

from datetime import datetime

from perf_matrix.errors import InputError
from perf_matrix.github.artifacts import artifact_of, workflow_run
from perf_matrix.github.client import GitHub
from perf_matrix.github.event import Job
from perf_matrix.github.model import PullRequest, WorkflowRun
from perf_matrix.github.pulls import find_pull_request
from perf_matrix.publish.accepting import accepted_by_label, publish_acceptance
from perf_matrix.publish.conversation import Conversation
from perf_matrix.publish.finished import of_another_run
from perf_matrix.publish.publish import Published, Publisher
from perf_matrix.publish.source import Wishes


def publish_another_run(
    job: Job, github: GitHub, wishes: Wishes, *, now: datetime, version: str
) -> Published:
    """Publish the result in the artifact of the finished run; where there is none, the acceptance that it was about.

    Raises InputError where there is no such event and no result, or where the artifact is not as it should be.
    """
    if job.payload.workflow_run is None:
        raise InputError(f"--workflow-run is for jobs on the event workflow_run; this one is on {job.event}")
    run = workflow_run(github, job.repository, job.payload.workflow_run.id)
    pull_request = find_pull_request(github, job.repository, run)
    name = f"perf-matrix-{wishes.id}"
    artifact = artifact_of(github, job.repository, run.id, name)
    if artifact is not None:
        finished = of_another_run(job.repository, github, run, artifact, pull_request)
        return Publisher(finished.comparison, finished.source, wishes, github, version=version).publish(now)
    published = _acceptance(job.repository, github, run, pull_request, wishes)
    if published is None:
        raise InputError(
            f"the run {run.html_url} has no artifact {name}: it measured nothing, or it has another id"
        )
    return published


def _acceptance(
    repository: str, github: GitHub, run: WorkflowRun, pull_request: PullRequest | None, wishes: Wishes
) -> Published | None:
    """A run that a label started measures nothing, and with a token that only reads it cannot note that either."""
    if pull_request is None:
        return None
    conversation = Conversation(github, repository, pull_request.number, id_=wishes.id, label=wishes.label)
    found = accepted_by_label(conversation, run.head_sha)
    return publish_acceptance(github, repository, found, wishes, run.html_url) if found else None

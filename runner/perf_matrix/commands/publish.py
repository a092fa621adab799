"""``perf-matrix publish``: what a finished run says, on the pull request that it is of."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

import perf_matrix
from perf_matrix.commands.jobs import (
    COMMENT,
    ID,
    LABEL,
    TOKEN_VARIABLE,
    leave_outputs,
    leave_summary,
    open_client,
)
from perf_matrix.errors import InputError
from perf_matrix.github.event import Job, read_job
from perf_matrix.publish.outcome import FailOn
from perf_matrix.publish.source import CommentWhen, Wishes

if TYPE_CHECKING:
    from perf_matrix.github.client import GitHub
    from perf_matrix.publish.publish import Published


@click.command(short_help="Publish a finished run on its pull request: comment, check, summary.")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--workflow-run",
    "of_another",
    is_flag=True,
    help="On a workflow_run event: the run is in the artifact of the workflow run that the event tells of, and is "
    "not trusted.",
)
@ID
@COMMENT
@click.option(
    "--fail-on",
    envvar="PERF_MATRIX_FAIL_ON",
    type=click.Choice(get_args(FailOn)),
    default="regression",
    show_default=True,
    help="What this command fails on. regression: also on cells that could not be measured. inconclusive: also on what "
    "stayed undecided.",
)
@click.option(
    "--check",
    envvar="PERF_MATRIX_CHECK",
    default="",
    metavar="NAME",
    help="Also make a check run of this name.",
)
@LABEL
@click.option(
    "--report-url",
    envvar="PERF_MATRIX_REPORT_URL",
    default="",
    metavar="URL",
    help="Where the whole report is.",
)
def publish(
    folder: Path | None,
    of_another: bool,  # noqa: FBT001 - a flag of the command line
    id_: str,
    comment: CommentWhen,
    fail_on: FailOn,
    check: str,
    label: str,
    report_url: str,
) -> None:
    """Publish the run in DIR on its pull request: a comment, a check run, annotations, the step summary.

    Runs in a job of GitHub Actions; the token is in the variable GITHUB_TOKEN. Without a token, and on an
    event that is not of a pull request, only summary and outputs are written. Without DIR the event has to be
    the label that accepts the result in the comment, and that is noted there.

    \b
    Exit codes, by --fail-on: 0 passes; 1 regression that nobody accepted; 3 a cell could not be measured;
    4 undecided. With --workflow-run 0 once it is published: the check run says what fails.
    """
    job = read_job(os.environ)
    wishes = Wishes(id=id_, comment=comment, fail_on=fail_on, check=check, label=label)
    with open_client(job) as github:
        if of_another:
            published = _publish_another(job, github, wishes)
        elif folder is not None:
            published = _publish(job, github, folder, wishes, report_url)
        else:
            published = _accept(job, github, wishes)
    _tell(published)
    # Nobody sees the job of another event: there, the check run is what fails.
    raise click.exceptions.Exit(0 if of_another else published.outcome.exit_code)


def _publish(job: Job, github: GitHub | None, folder: Path, wishes: Wishes, report_url: str) -> Published:
    # Statistics take seconds to import, and an error message or a help text should not wait for them.
    from perf_matrix.publish.finished import of_this_job  # noqa: PLC0415
    from perf_matrix.publish.publish import Publisher  # noqa: PLC0415
    from perf_matrix.publish.step_files import paths_of  # noqa: PLC0415

    finished = of_this_job(job, folder, report_url)
    leave_outputs(paths_of(folder))
    publisher = Publisher(
        finished.comparison, finished.source, wishes, github, version=perf_matrix.__version__
    )
    return publisher.publish(datetime.now(UTC))


def _publish_another(job: Job, github: GitHub | None, wishes: Wishes) -> Published:
    from perf_matrix.publish.another_run import publish_another_run  # noqa: PLC0415 - see above

    if github is None:
        raise InputError(
            f"--workflow-run reads the artifact of another run: set {TOKEN_VARIABLE} to a token that may"
        )
    return publish_another_run(job, github, wishes, now=datetime.now(UTC), version=perf_matrix.__version__)


def _accept(job: Job, github: GitHub | None, wishes: Wishes) -> Published:
    """Nothing was measured: the label that was set accepts what the comment shows."""
    from perf_matrix.publish.accepting import acceptable, publish_acceptance  # noqa: PLC0415 - see above

    found = acceptable(job, github, id_=wishes.id, label=wishes.label) if github else None
    if github is None or found is None:
        raise InputError(
            "publish needs DIR, the folder of the run: no label has just accepted the result that the comment shows"
        )
    return publish_acceptance(github, job.repository, found, wishes, job.run_url)


def _tell(published: Published) -> None:
    """Leave outputs and summary for the steps after this one, and say on the log what came of it."""
    from perf_matrix.publish.step_files import outputs_of, summary_of, workflow_commands  # noqa: PLC0415 - see above

    leave_outputs(outputs_of(published))
    leave_summary(summary_of(published))
    for line in workflow_commands(published):
        click.echo(line)
    for note in published.notes:
        click.echo(note, err=True)
    if published.comment_url:
        click.echo(f"The comment: {published.comment_url}", err=True)
    ends = "fails" if published.outcome.fails else "does not fail"
    accepted = f", accepted by {published.accepted.by}" if published.accepted else ""
    click.echo(f"{published.outcome.verdict}{accepted}: the check {ends} on this", err=True)

"""``perf-matrix action``: the steps of the GitHub Action that are no command for people."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perf_matrix.commands.jobs import COMMENT, ID, LABEL, TOKEN_VARIABLE, leave_outputs, open_client
from perf_matrix.github.event import read_job
from perf_matrix.publish.source import CommentWhen

if TYPE_CHECKING:
    from perf_matrix.github.client import GitHub
    from perf_matrix.github.event import Job
    from perf_matrix.publish.prepare import Prepared


@click.group(hidden=True)
def action() -> None:
    """The steps of the GitHub Action."""


@action.command()
@click.option("--base", envvar="PERF_MATRIX_BASE", default="", metavar="SPEC", help="What to compare with.")
@click.option("--head", envvar="PERF_MATRIX_HEAD", default="", metavar="SPEC", help="What to compare.")
@ID
@COMMENT
@LABEL
def prepare(base: str, head: str, id_: str, comment: CommentWhen, label: str) -> None:
    """Find the two versions that the event is about, and get their commits.

    \b
    Step outputs: base, head (specs), folder (of the run, not made yet), diff (a file, or empty), measure (false
    where a label accepts the result that the comment shows: `publish` without DIR notes that).
    """
    job = read_job(os.environ)
    with open_client(job) as github:
        accepted = github is not None and comment != "never" and _is_accepted(job, github, id_, label)
        prepared = None if accepted else _prepare(job, github, base.strip(), head.strip())
    scratch = Path(os.environ.get("RUNNER_TEMP") or tempfile.gettempdir())
    if prepared is None:
        click.echo(f"The label {label} accepts what the comment shows: nothing is measured", err=True)
        leave_outputs({"measure": "false"})
    else:
        click.echo(f"Comparing {prepared.words}", err=True)
        leave_outputs(_outputs(prepared, _new_place(scratch, id_)))


def _is_accepted(job: Job, github: GitHub, id_: str, label: str) -> bool:
    """Whether the event is the label that accepts the result in the comment."""
    from perf_matrix.github.errors import GitHubError  # noqa: PLC0415 - with requests, half a second
    from perf_matrix.publish.accepting import acceptable  # noqa: PLC0415

    try:
        return acceptable(job, github, id_=id_, label=label) is not None
    except GitHubError as error:
        click.echo(f"GitHub did not tell whether the label accepts a result ({error}): measuring", err=True)
        return False


def _prepare(job: Job, github: GitHub | None, base: str, head: str) -> Prepared:
    from perf_matrix.publish.commits import Checkout, Login  # noqa: PLC0415 - see above
    from perf_matrix.publish.prepare import common_commit, prepare  # noqa: PLC0415

    token = os.environ.get(TOKEN_VARIABLE, "")
    checkout = Checkout(Path(), os.environ, Login(job.server_url, token) if token else None)
    return prepare(
        job,
        base,
        head,
        checkout,
        common_commit(job, checkout, github, lambda words: click.echo(words, err=True)),
    )


def _new_place(scratch: Path, id_: str) -> Path:
    """A folder of its own for each run, since the action may be used twice in one job."""
    place = scratch / "perf-matrix"
    place.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{id_}-", dir=place))


def _outputs(prepared: Prepared, place: Path) -> dict[str, str]:
    diff = place / "change.diff"
    diff.write_text(prepared.diff, encoding="utf-8")
    return {
        "base": prepared.base,
        "head": prepared.head,
        "folder": str(place / "run"),
        "diff": str(diff) if prepared.diff.strip() else "",
        "measure": "true",
    }

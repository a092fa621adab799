"""What the commands for jobs of GitHub Actions have in common: the client of its API, and options."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from perf_matrix.github.outputs import write_outputs, write_summary
from perf_matrix.publish.source import CommentWhen
from perf_matrix.report.marker import is_id

if TYPE_CHECKING:
    from perf_matrix.github.client import GitHub
    from perf_matrix.github.event import Job

TOKEN_VARIABLE = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
_OUTPUT_VARIABLE = "GITHUB_OUTPUT"
_SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"


class _Id(click.ParamType[str]):
    """default; gateway-2."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_id(str(value)):
            self.fail(f"{value!r} is no id: write a-z, 0-9 and -, at most 39 characters", param, ctx)
        return str(value)


ID = click.option(
    "--id",
    "id_",
    envvar="PERF_MATRIX_ID",
    type=_Id(),
    default="default",
    show_default=True,
    help="Tells several comparisons in one workflow apart: each has a comment of its own.",
)
LABEL = click.option(
    "--label",
    envvar="PERF_MATRIX_LABEL",
    default="perf-accepted",
    show_default=True,
    metavar="NAME",
    help="The label that accepts a regression.",
)
COMMENT = click.option(
    "--comment",
    envvar="PERF_MATRIX_COMMENT",
    type=click.Choice(get_args(CommentWhen)),
    default="always",
    show_default=True,
    help="When to comment. on-change: not on a run without findings, unless an earlier comment is to be settled.",
)


@contextmanager
def open_client(job: Job) -> Iterator[GitHub | None]:
    """GitHub's API as the holder of $GITHUB_TOKEN; None where there is no token."""
    # These take half a second to import, and a help text should not wait for them.
    import requests  # noqa: PLC0415

    from perf_matrix.github.client import GitHub  # noqa: PLC0415

    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        yield None
        return
    with requests.Session() as session:
        yield GitHub(
            session,
            job.api_url,
            token,
            graphql_url=job.graphql_url,
            say=lambda words: click.echo(words, err=True),
        )


def leave_outputs(outputs: Mapping[str, str]) -> None:
    """Leave them for the steps after this one; outside of a step, print them."""
    if os.environ.get(_OUTPUT_VARIABLE):
        write_outputs(Path(os.environ[_OUTPUT_VARIABLE]), outputs)
        return
    for name, value in outputs.items():
        click.echo(f"{name}={value}")


def leave_summary(markdown: str) -> None:
    """Add to the step's summary, where there is one."""
    if os.environ.get(_SUMMARY_VARIABLE):
        write_summary(Path(os.environ[_SUMMARY_VARIABLE]), markdown)

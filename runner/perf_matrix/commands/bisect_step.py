"""``perf-matrix bisect step``: one step of git's own bisect."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from perf_matrix.cache import cache_root
from perf_matrix.commands.options import BACKEND, CELL, ENDPOINTS, MATRIX, METRICS
from perf_matrix.errors import PerfMatrixError
from perf_matrix.experiment.display import open_display
from perf_matrix.experiment.phases import Phases
from perf_matrix.experiment.request import BackendChoice
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.matrix.model import GatedMetric

# What git bisect run takes: 125 for a commit to skip, 128 to stop. Any other code but 0 would mean bad.
_CODES = {"good": 0, "bad": 1, "skip": 125}
STOP = 128


class _StepCommand(click.Command):
    """A command that never says bad by mistake: whatever goes wrong stops git bisect."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As usual; wrong usage stops git bisect, too."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            error.show()
            raise click.exceptions.Exit(STOP) from error


@click.command(cls=_StepCommand, short_help="One step of `git bisect run`.")
@click.option(
    "--on",
    multiple=True,
    required=True,
    metavar="ENDPOINT[/METRIC]",
    help="What makes a commit bad: 'chat-*/queries', 'search/p50'. May be repeated.",
)
@click.option("--good", metavar="REF", help="The good end, instead of the one that git bisect began with.")
@click.option("--bad", metavar="REF", help="The bad end, instead of the one that git bisect began with.")
@MATRIX
@CELL
@ENDPOINTS
@METRICS
@BACKEND
def step(
    on: tuple[str, ...],
    good: str | None,
    bad: str | None,
    matrix: str,
    cells: tuple[str, ...],
    endpoints: tuple[str, ...],
    metrics: tuple[GatedMetric, ...] | None,
    backend: BackendChoice,
) -> None:
    """Judge the commit that git bisect has checked out.

    The ends of the bisect are measured with the first step; what was measured is kept in the repository's .git
    folder. Prefer `perf-matrix bisect --repo`, which finds every culprit and needs fewer steps, unless git has to
    choose the commits.

    \b
    Examples:
      git bisect start BAD GOOD
      git bisect run perf-matrix bisect step --on users/queries

    \b
    Exit codes: 0 good; 1 bad; 125 it cannot be built, started or told;
    128 anything else, which stops git bisect.
    """
    sys.excepthook = _stop
    # Statistics take seconds to import, and an error message or a help text should not wait for them.
    from perf_matrix.bisect.git_session import read_session  # noqa: PLC0415
    from perf_matrix.bisect.starting import judge_commit  # noqa: PLC0415
    from perf_matrix.bisect.stepping import StepRequest  # noqa: PLC0415

    asked = StepRequest(on, matrix, cells, endpoints, metrics or (), backend)
    try:
        session = read_session(Path(), good, bad)
        with open_display(sys.stderr) as display:
            outside = Surroundings(cache=cache_root(), environ=os.environ, display=display, phases=Phases())
            found = judge_commit(session, asked, outside)
    except PerfMatrixError as error:
        click.echo(f"perf-matrix: {error}", err=True)
        raise click.exceptions.Exit(STOP) from error
    click.echo(f"{found.verdict}: {found.reason}", err=True)
    raise click.exceptions.Exit(_CODES[found.verdict])


def _stop(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End after a fault of the program itself: the status that Python gives it, 1, means bad."""
    sys.__excepthook__(kind, error, trace)
    raise SystemExit(STOP)

"""``perf-matrix bisect step``: one step of git's own bisect."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
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
            say(error.show)
            raise click.exceptions.Exit(STOP) from error
        except BrokenPipeError as error:
            raise _stopped() from error

    def invoke(self, ctx: click.Context) -> Any:
        """As usual; where nobody reads any more what it says, click would end with 1, which means bad."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _stopped() from error


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
    found = None
    try:
        session = read_session(Path(), good, bad)
        with open_display(sys.stderr) as display:
            outside = Surroundings(cache=cache_root(), environ=os.environ, display=display, phases=Phases())
            found = judge_commit(session, asked, outside)
    except PerfMatrixError as error:
        refusal = f"perf-matrix: {error}"
        say(lambda: click.echo(refusal, err=True))
        raise click.exceptions.Exit(STOP) from error
    except OSError:
        # Where the verdict is there already, only the display failed.
        if found is None:
            raise
    verdict = f"{found.verdict}: {found.reason}"
    say(lambda: click.echo(verdict, err=True))
    raise click.exceptions.Exit(_CODES[found.verdict])


def say(write: Callable[[], object]) -> None:
    """Write to standard error, where that can be written to: what cannot be said changes no exit code."""
    try:
        write()
    except OSError:
        _drop_what_is_unwritten()


def _stopped() -> click.exceptions.Exit:
    _drop_what_is_unwritten()
    return click.exceptions.Exit(STOP)


def _drop_what_is_unwritten() -> None:
    """Let the streams' buffers be written nowhere where they cannot be written to what they lead to.

    Python tries once more when it ends, and its status for that, 120, means bad.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _stop(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End after a fault of the program itself: the status that Python gives it, 1, means bad."""
    sys.__excepthook__(kind, error, trace)
    _drop_what_is_unwritten()
    raise SystemExit(STOP)

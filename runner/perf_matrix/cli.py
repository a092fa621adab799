"""The command line: parse, call, print, exit code. Nothing is decided here."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import click

import perf_matrix
from perf_matrix.commands.action import action
from perf_matrix.commands.bisect import bisect
from perf_matrix.commands.budget import budget
from perf_matrix.commands.clean import clean
from perf_matrix.commands.concluding import conclude
from perf_matrix.commands.merge import merge
from perf_matrix.commands.options import Chosen, measuring
from perf_matrix.commands.plan import plan
from perf_matrix.commands.prepare import prepare
from perf_matrix.commands.publish import publish
from perf_matrix.commands.running import Interrupted, interrupt_on_signals, new_folder, resume, start
from perf_matrix.errors import InputError, MeasurementError, PerfMatrixError
from perf_matrix.experiment.request import check
from perf_matrix.github.outputs import command
from perf_matrix.record.read import read_run

# What a shell reports of a command that a signal ended.
_SIGNALLED = 128


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(perf_matrix.__version__, prog_name="perf-matrix")
def cli() -> None:
    """Does this version of a Postgres-backed service do more work, or answer slower, than that one?

    perf-matrix starts both versions side by side on this machine, sends both the same requests, counts the
    SQL statements of each and compares their latencies, and says what changed and how sure it is.

    \b
    Exit codes: 0 nothing regressed; 1 regression; 2 wrong usage or input;
    3 the measurement failed or is invalid; 4 undecided, where the matrix file says that this fails.
    """


@cli.command(short_help="Compare two releases: SQL statements per request, and latency.")
@click.argument("base")
@click.argument("head")
@measuring
@click.option("--json", "as_json", is_flag=True, help="Print comparison.json on standard output.")
def compare(
    base: str,
    head: str,
    chosen: Chosen,
    as_json: bool,  # noqa: FBT001 - a flag of the command line
) -> None:
    """Compare the release HEAD with the release BASE: SQL statements per request, and latency.

    BASE and HEAD are releases on the package index, such as litellm==1.80.5. Both may be the same: an A/A
    run, which shows what the machine's noise alone looks like.

    \b
    Examples:
      perf-matrix compare litellm==1.80.5 litellm==1.81.0
      perf-matrix compare litellm==1.80.5 litellm==1.81.0 --endpoints 'chat-*' --time 2m
      perf-matrix compare litellm==1.80.5 litellm==1.81.0 --json > comparison.json

    A terminal report goes to standard error; comparison.json, report.md and everything that was recorded
    go to the run folder. Nothing is left running, and an interrupted run can be resumed.
    """
    order = check(chosen.wish({"base": base, "head": head}), datetime.now(UTC).date())
    folder = chosen.out or new_folder(order)
    start(order, folder, "compare")
    conclude(folder, as_json=as_json)


@cli.command()
@click.argument("base", required=False)
@click.argument("head", required=False)
@measuring
@click.option(
    "--resume",
    "unfinished",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Finish the interrupted run in DIR.",
)
def run(
    base: str | None,
    head: str | None,
    chosen: Chosen,
    unfinished: Path | None,
) -> None:
    """Measure, and record; or finish an interrupted run.

    \b
    Examples:
      perf-matrix run litellm==1.80.5 litellm==1.81.0 --out DIR && perf-matrix report DIR
      perf-matrix run --resume DIR

    A resumed `compare` also ends with its report and its exit code.
    """
    if unfinished is not None:
        _finish(unfinished)
        return
    if base is None or head is None:
        raise InputError("run needs BASE and HEAD, such as litellm==1.80.5 litellm==1.81.0, or --resume DIR")
    order = check(chosen.wish({"base": base, "head": head}), datetime.now(UTC).date())
    folder = chosen.out or new_folder(order)
    start(order, folder, "run")
    click.echo(f"Recorded in {folder}. Its report: perf-matrix report {shlex.quote(str(folder))}", err=True)


@cli.command(short_help="Write and print the report of a recorded run.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print comparison.json on standard output.")
def report(folder: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Compare what the run in DIR recorded, and write and print its report.

    Needs nothing but the folder: no network, no Postgres, no release installed.
    """
    conclude(folder, as_json=as_json)


cli.add_command(action)
cli.add_command(bisect)
cli.add_command(budget)
cli.add_command(clean)
cli.add_command(merge)
cli.add_command(plan)
cli.add_command(prepare)
cli.add_command(publish)


def main() -> None:
    """The command ``perf-matrix``."""
    interrupt_on_signals()
    sys.excepthook = _fail
    sys.exit(_exit_code_of(sys.argv[1:]))


def _fail(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End after a fault of the program itself: the status that Python gives it, 1, means a regression."""
    sys.__excepthook__(kind, error, trace)
    raise SystemExit(MeasurementError.exit_code)


def _exit_code_of(arguments: list[str]) -> int:
    try:
        # What a command raised as its Exit comes back as a number, from --help as 0; else None.
        return cli.main(arguments, prog_name="perf-matrix", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PerfMatrixError as error:
        _say(error)
        return error.exit_code
    except Interrupted as interruption:
        return _SIGNALLED + interruption.number


def _say(error: PerfMatrixError) -> None:
    """Show an error; in a job of GitHub Actions it shall be on the run's first page, too, not in the log alone."""
    click.echo(f"perf-matrix: {error}", err=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        click.echo(command("error", str(error), title="perf-matrix"), err=True)


def _finish(folder: Path) -> None:
    record = read_run(folder)
    resume(record, folder)
    if record.info.command == "compare":
        conclude(folder, as_json=False)
    if record.info.command == "budget":
        again = f"perf-matrix budget check --from {shlex.quote(str(folder))} (or budget update)"
        click.echo(f"Recorded in {folder}. Go on with: {again}", err=True)

"""The command line: parse, call, print, exit code. Nothing is decided here."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import click

import perf_matrix
from perf_matrix.cache import cache_root
from perf_matrix.compare.model import Comparison
from perf_matrix.errors import InputError, PerfMatrixError
from perf_matrix.experiment.display import open_display
from perf_matrix.experiment.phases import Phases
from perf_matrix.experiment.request import Order, Wish, check
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.matrix.quantities import seconds
from perf_matrix.record.layout import RUN_FILE
from perf_matrix.record.lines import cannot_write
from perf_matrix.record.read import read_run
from perf_matrix.report.exit_code import exit_code
from perf_matrix.report.markdown import render_markdown
from perf_matrix.report.summaries import closing_line
from perf_matrix.report.terminal import render_terminal

_RUNS = Path("perf-matrix-runs")
_WIDEST = 160
# What a shell reports of a command that a signal ended.
_SIGNALLED = 128


class Interrupted(BaseException):
    """The user or the system asked to stop: carries the signal's number.

    Not a KeyboardInterrupt: click turns those into failures of its own.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class _Duration(click.ParamType[float]):
    """90s, 6m, 1h30m."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return float(seconds(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _common(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that measures."""
    options = (
        click.option(
            "--matrix",
            default="smoke",
            show_default=True,
            metavar="FILE",
            help="Matrix file, or the name of a shipped one: which configurations to compare, with what workload.",
        ),
        click.option(
            "--cell", "cells", multiple=True, metavar="GLOB", help="Only these cells. May be repeated."
        ),
        click.option(
            "--endpoints",
            multiple=True,
            metavar="GLOB",
            help="Only these endpoints: 'chat-*,models'. May be repeated.",
        ),
        click.option(
            "--time",
            "time_s",
            type=_Duration(),
            metavar="TIME",
            help="Limit for one cell, instead of the matrix file's: 90s, 6m.",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Run folder. A new one under ./perf-matrix-runs unless told.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


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
@_common
@click.option("--json", "as_json", is_flag=True, help="Print comparison.json on standard output.")
def compare(
    base: str,
    head: str,
    matrix: str,
    cells: tuple[str, ...],
    endpoints: tuple[str, ...],
    time_s: float | None,
    out: Path | None,
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
    order = check(Wish(base, head, matrix, cells, endpoints, time_s), datetime.now(UTC).date())
    folder = out or _new_folder(order)
    _start(order, folder, "compare")
    _conclude(folder, as_json=as_json)


@cli.command()
@click.argument("base", required=False)
@click.argument("head", required=False)
@_common
@click.option(
    "--resume", type=click.Path(path_type=Path), metavar="DIR", help="Finish the interrupted run in DIR."
)
def run(
    base: str | None,
    head: str | None,
    matrix: str,
    cells: tuple[str, ...],
    endpoints: tuple[str, ...],
    time_s: float | None,
    out: Path | None,
    resume: Path | None,
) -> None:
    """Measure, and record; or finish an interrupted run.

    \b
    Examples:
      perf-matrix run litellm==1.80.5 litellm==1.81.0 --out DIR && perf-matrix report DIR
      perf-matrix run --resume DIR

    A resumed `compare` also ends with its report and its exit code.
    """
    if resume is not None:
        _resume(resume)
        return
    if base is None or head is None:
        raise InputError("run needs BASE and HEAD, such as litellm==1.80.5 litellm==1.81.0, or --resume DIR")
    order = check(Wish(base, head, matrix, cells, endpoints, time_s), datetime.now(UTC).date())
    folder = out or _new_folder(order)
    _start(order, folder, "run")
    click.echo(f"Recorded in {folder}. Its report: perf-matrix report {shlex.quote(str(folder))}", err=True)


@cli.command(short_help="Write and print the report of a recorded run.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print comparison.json on standard output.")
def report(folder: Path, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Compare what the run in DIR recorded, and write and print its report.

    Needs nothing but the folder: no network, no Postgres, no release installed.
    """
    _conclude(folder, as_json=as_json)


def main() -> None:
    """The command ``perf-matrix``."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.exit(_exit_code_of(sys.argv[1:]))


def _exit_code_of(arguments: list[str]) -> int:
    try:
        # What a command raised as its Exit comes back as a number, from --help as 0; else None.
        return cli.main(arguments, prog_name="perf-matrix", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PerfMatrixError as error:
        click.echo(f"perf-matrix: {error}", err=True)
        return error.exit_code
    except Interrupted as interruption:
        return _SIGNALLED + interruption.number


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # A second signal must not cut the clearing up short: it takes seconds, and leaves nothing behind.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def _resume(folder: Path) -> None:
    record = read_run(folder)
    from perf_matrix.experiment.run import resume_run  # noqa: PLC0415 - see _start

    _measure(folder, lambda outside: resume_run(record, folder, outside))
    if record.info.command == "compare":
        _conclude(folder, as_json=False)


def _start(order: Order, folder: Path, command: Literal["run", "compare"]) -> None:
    # Statistics take seconds to import, and an error message or a help text should not wait for them.
    from perf_matrix.experiment.run import start_run  # noqa: PLC0415

    _measure(folder, lambda outside: start_run(order, folder, command, outside))


def _measure(folder: Path, work: Callable[[Surroundings], None]) -> None:
    """Do the work under a display; an interruption is explained before it ends the command."""
    try:
        with open_display(sys.stderr) as display:
            work(Surroundings(cache=cache_root(), environ=os.environ, display=display, phases=Phases()))
    except Interrupted:
        click.echo(_after_interruption(folder), err=True)
        raise


def _after_interruption(folder: Path) -> str:
    if not (folder / RUN_FILE).exists():
        return "Interrupted before anything was recorded. Nothing is left running."
    again = shlex.join(["perf-matrix", "run", "--resume", str(folder)])
    return f"Interrupted. Nothing is left running, and what was measured is kept. Go on with: {again}"


def _new_folder(order: Order) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    versions = "-vs-".join(release.version for release in order.releases.values())
    return _RUNS / f"{moment}-{versions}"


def _conclude(folder: Path, *, as_json: bool) -> None:
    """Compare, write both files, print the report, exit with what it means."""
    from perf_matrix.compare.compare import compare as compare_record  # noqa: PLC0415 - see _start

    record = read_run(folder)
    comparison = compare_record(record)
    reproduce = shlex.join(["perf-matrix", "compare", *record.info.arguments])
    _write(folder / "comparison.json", comparison.model_dump_json(indent=2) + "\n")
    _write(folder / "report.md", render_markdown(comparison, reproduce=reproduce))
    _print(comparison, reproduce, folder)
    if as_json:
        click.echo(comparison.model_dump_json(indent=2))
    code = exit_code(comparison)
    click.echo(closing_line(comparison, str(folder / "report.md"), code), err=True)
    raise click.exceptions.Exit(code)


def _write(file: Path, text: str) -> None:
    """Replace a file as a whole or not at all. Raises MeasurementError where it cannot be written."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        unfinished.write_text(text)
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise cannot_write(file, error) from error


def _print(comparison: Comparison, reproduce: str, folder: Path) -> None:
    width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    text = render_terminal(
        comparison, width=width, colour=colour, reproduce=reproduce, report=str(folder / "report.md")
    )
    click.echo(text, err=True, color=colour)

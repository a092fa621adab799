"""Measuring from a command: the display, the folder of the run, and what an interruption says."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click

from perf_matrix.cache import cache_root
from perf_matrix.experiment.display import open_display
from perf_matrix.experiment.phases import Phases
from perf_matrix.experiment.request import Order
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.record.layout import RUN_FILE
from perf_matrix.record.model import Command, RunRecord

RUNS = Path("perf-matrix-runs")


class Interrupted(BaseException):
    """The user or the system asked to stop: carries the signal's number.

    Not a KeyboardInterrupt: click turns those into failures of its own.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def interrupt_on_signals() -> None:
    """From now on SIGINT and SIGTERM raise Interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def start(order: Order, folder: Path, command: Command) -> None:
    """Measure ``order`` into a new run folder."""
    # Statistics take seconds to import, and an error message or a help text should not wait for them.
    from perf_matrix.experiment.run import start_run  # noqa: PLC0415

    _measure(folder, lambda outside: start_run(order, folder, command, outside))


def resume(record: RunRecord, folder: Path) -> None:
    """Measure what the interrupted run in ``folder`` still lacks."""
    from perf_matrix.experiment.run import resume_run  # noqa: PLC0415 - see start

    _measure(folder, lambda outside: resume_run(record, folder, outside))


def new_folder(order: Order) -> Path:
    """The run folder where the user names none."""
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    versions = "-vs-".join(subject.label for subject in order.subjects.values())
    return RUNS / f"{moment}-{versions}"


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # A second signal must not cut the clearing up short: it takes seconds, and leaves nothing behind.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


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

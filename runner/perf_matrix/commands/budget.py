"""``perf-matrix budget``: the SQL statements that each endpoint may issue, written down and checked."""

from __future__ import annotations

import functools
import os
import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import click
from click.core import ParameterSource

from perf_matrix.budget.check import check as check_budget
from perf_matrix.budget.counted import Counted
from perf_matrix.budget.counting import count
from perf_matrix.budget.exit_code import exit_code
from perf_matrix.budget.faults import refuse_faulty
from perf_matrix.budget.read import BudgetFile, read_budget
from perf_matrix.budget.report import budget_report
from perf_matrix.budget.terminal import Printing, render_terminal
from perf_matrix.budget.unknown import refuse_unknown
from perf_matrix.budget.write import update as updated
from perf_matrix.commands.concluding import width, write_whole
from perf_matrix.commands.options import BACKEND, CHECKOUT, DEFAULT_MATRIX, ENDPOINTS, MATRIX, OUT
from perf_matrix.commands.running import new_folder, start
from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.experiment.request import BackendChoice, Wish, check
from perf_matrix.matrix.cells import matching
from perf_matrix.matrix.model import ARMS, Arm
from perf_matrix.record.model import RunInfo, RunRecord
from perf_matrix.record.read import read_run
from perf_matrix.report import plain, sql

_BRIEF = 90
_DEFAULT_BUDGET = Path("perf-budget.yml")


@dataclass(frozen=True)
class _Asked:
    """What both commands are asked: where the budget is, and of what version to take the counts."""

    subject: str | None
    budget: Path
    matrix: str
    endpoints: tuple[str, ...]
    backend: BackendChoice
    checkout: Path
    recorded: Path | None
    out: Path | None

    def update(self, recorded: Path | None) -> str:
        """The command line that writes the same counts, of all endpoints, into the budget file."""
        words = ["perf-matrix", "budget", "update"]
        words += [self.subject] if self.subject else []
        words += ["--budget", str(self.budget)] if self.budget != _DEFAULT_BUDGET else []
        words += ["--matrix", self.matrix] if self.matrix != DEFAULT_MATRIX and not recorded else []
        words += ["--from", str(recorded)] if recorded else []
        return shlex.join(words)

    def again(self, folder: Path) -> str:
        """The command line that writes what was asked for from the run in ``folder``."""
        chosen = [f" --endpoints {shlex.quote(globs)}" for globs in self.endpoints]
        return "".join([self.update(folder), *chosen])


@dataclass(frozen=True)
class _Counts:
    """What was counted, of which version, and the folder in which it is recorded."""

    info: RunInfo
    folder: Path
    subject: str
    counted: list[Counted]

    @property
    def inconclusive(self) -> Literal["warn", "fail"]:
        return self.info.matrix.gate.inconclusive

    @property
    def origin(self) -> str:
        """The command that measures this again anywhere: for a file that others read."""
        words = ["perf-matrix", "budget", "update", self.subject]
        options = self.info.arguments
        matrix = options[options.index("--matrix") + 1] if "--matrix" in options else DEFAULT_MATRIX
        return shlex.join([*words, "--matrix", matrix] if matrix != DEFAULT_MATRIX else words)


_OPTIONS = (
    click.argument("subject", required=False),
    click.option(
        "--budget",
        type=click.Path(path_type=Path),
        default=_DEFAULT_BUDGET,
        show_default=True,
        metavar="FILE",
        help="The budget file.",
    ),
    MATRIX,
    ENDPOINTS,
    BACKEND,
    CHECKOUT,
    click.option(
        "--from",
        "recorded",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Measure nothing: take the counts of SUBJECT, or of the newer version, from this run.",
    ),
    OUT,
)


def _asking(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the arguments of both, packed as ``asked``."""

    @functools.wraps(command)
    def packed(**arguments: Any) -> None:
        asked = _Asked(**{field.name: arguments.pop(field.name) for field in fields(_Asked)})
        if asked.recorded is not None:
            _refuse_given("matrix", "out")
        command(asked=asked, **arguments)

    wrapped: Callable[..., None] = packed
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def _refuse_given(*names: str) -> None:
    """InputError for an option that was given although nothing is to be measured."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise InputError(
                f"--{name} says how to measure, and --from DIR measures nothing: leave out one of them"
            )


@click.group()
def budget() -> None:
    """SQL statements that each endpoint may issue: written down once, checked on every push."""


@budget.command("check")
@_asking
@click.option("--json", "as_json", is_flag=True, help="Print the result on standard output, for machines.")
def check_command(asked: _Asked, as_json: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Fail where the version SUBJECT issues more SQL statements than the budget file allows.

    Needs one version only, nothing to compare it with, and about a minute.

    \b
    Examples:
      perf-matrix budget check litellm==1.81.0
      perf-matrix budget check litellm==1.81.0 --endpoints 'chat-*'
      perf-matrix budget check --from perf-matrix-runs/20260131-101500-1.80.5-vs-1.81.0

    \b
    Exit codes: 0 within; 1 over; 2 wrong input, or a budget for an endpoint that is no more;
    3 it could not be counted; 4 undecided, where the matrix file says that this fails.
    """
    file = read_budget(asked.budget)
    counts = _count(asked, file)
    result = check_budget(file.budget, counts.counted)
    report = budget_report(result, counts.subject, file.source)
    printing = Printing(width=width(), brief=_brief, update=asked.update(asked.recorded))
    click.echo(render_terminal(report, printing), err=True, nl=False)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    raise click.exceptions.Exit(exit_code(result, counts.inconclusive))


@budget.command()
@_asking
def update(asked: _Asked) -> None:
    """Write what SUBJECT issues into the budget file; everything else in it stays.

    \b
    Examples:
      perf-matrix budget update litellm==1.81.0
      perf-matrix budget update litellm==1.81.0 --endpoints user-list
    """
    target = Path(os.path.realpath(asked.budget))
    _refuse_unwritable(target)
    file = read_budget(asked.budget) if asked.budget.exists() else None
    counts = _count(asked, file)
    found = updated(file, counts.counted, counts.origin)
    for note in found.notes:
        click.echo(note, err=True)
    if file is not None and found.text == file.text:
        click.echo(f"{asked.budget}: nothing to change", err=True)
        return
    _write(target, found.text, asked.again(counts.folder))
    click.echo(f"{asked.budget}: written", err=True)


def _refuse_unwritable(file: Path) -> None:
    """InputError before anything is measured: what counts cannot be written is found by writing beside it."""
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f"{file.name}."):
            pass
    except OSError as error:
        raise InputError(
            f"{file}: cannot be written: {error.strerror}; name another file with --budget"
        ) from error


def _write(file: Path, text: str, again: str) -> None:
    try:
        write_whole(file, text)
    except MeasurementError as error:
        raise MeasurementError(
            f"{file}: cannot be written: {error.__cause__}. The counts are kept; when the cause is removed: {again}"
        ) from error


def _count(asked: _Asked, file: BudgetFile | None) -> _Counts:
    if asked.recorded is not None:
        return _recorded(asked, asked.recorded, file)
    if asked.subject is None:
        raise InputError("name a version, such as litellm==1.81.0, or a recorded run: --from DIR")
    wish = Wish(
        subjects={"head": asked.subject},
        matrix=asked.matrix,
        endpoints=asked.endpoints,
        backend=asked.backend,
        checkout=asked.checkout,
    )
    order = check(wish, datetime.now(UTC).date())
    if file is not None:
        refuse_unknown(file, order.known_endpoints)
    folder = asked.out or new_folder(order)
    start(order, folder, "budget")
    click.echo(f"Recorded in {folder}", err=True)
    return _counts(read_run(folder), "head", asked, folder)


def _recorded(asked: _Asked, folder: Path, file: BudgetFile | None) -> _Counts:
    record = read_run(folder)
    if file is not None:
        refuse_unknown(file, record.info.known_endpoints)
    return _counts(record, _arm_of(asked.subject, record), asked, folder)


def _arm_of(subject: str | None, record: RunRecord) -> Arm:
    """The arm that has the subject; the newer one where none is named."""
    if subject is None:
        return "head"
    specs = {arm: record.info.subjects[arm].spec for arm in reversed(ARMS) if arm in record.info.subjects}
    for arm, spec in specs.items():
        if spec == subject:
            return arm
    raise InputError(f"{subject} is not in this run: it measured {' and '.join(specs.values())}")


def _counts(record: RunRecord, arm: Arm, asked: _Asked, folder: Path) -> _Counts:
    refuse_faulty(record, shlex.join(["perf-matrix", "run", "--resume", str(folder)]))
    info = record.info
    names = matching([endpoint.name for endpoint in info.endpoints], asked.endpoints)
    return _Counts(info, folder, info.subjects[arm].spec, count(record, arm, names, _brief))


def _brief(statement: str) -> str:
    return plain.line(sql.brief(statement, _BRIEF))

"""``perf-matrix plan``: the cells of a matrix file and how long they take. Nothing is started."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime

import click
from tabulate import tabulate

from perf_matrix.commands.concluding import width
from perf_matrix.commands.options import CELL, ENDPOINTS, MATRIX, METRICS, TIME
from perf_matrix.experiment.forecast import OVERHEAD_S, Forecast, forecast
from perf_matrix.experiment.request import Wish, check
from perf_matrix.matrix.model import Cell, GatedMetric
from perf_matrix.report.numbers import ABSENT, duration


@click.command(short_help="List the cells of a matrix file, and how long they take.")
@MATRIX
@CELL
@ENDPOINTS
@METRICS
@TIME
@click.option(
    "--json", "as_json", is_flag=True, help="Print the job matrix of a GitHub workflow, on one line."
)
def plan(
    matrix: str,
    cells: tuple[str, ...],
    endpoints: tuple[str, ...],
    metrics: tuple[GatedMetric, ...] | None,
    time_s: float | None,
    as_json: bool,  # noqa: FBT001 - a flag of the command line
) -> None:
    """List the cells of a matrix file, and how long they take. Nothing is installed or started.

    \b
    Examples:
      perf-matrix plan --matrix nightly
      perf-matrix plan --matrix nightly --cell 'workers=four' --metrics queries
      echo "matrix=$(perf-matrix plan --matrix pr --json)" >> "$GITHUB_OUTPUT"

    With --json it is the job matrix of a GitHub workflow, for fromJSON(): a job for each cell, which has
    matrix.cell, matrix.name, matrix.seconds, and each variant by the name of its axis.
    """
    wish = Wish(
        subjects={},
        matrix=matrix,
        cells=cells,
        endpoints=endpoints,
        time_s=time_s,
        metrics=metrics or (),
    )
    expected = forecast(check(wish, datetime.now(UTC).date()))
    click.echo(job_matrix(expected) if as_json else listing(expected, width()))


def job_matrix(expected: Forecast) -> str:
    """The cells as GitHub's ``strategy.matrix``, in JSON on one line: a step's output is one line, too."""
    seconds = math.ceil(expected.each.whole_s)
    jobs = [
        _job(cell, name, seconds)
        for cell, name in zip(expected.cells, _short_names(expected.cells), strict=True)
    ]
    return json.dumps({"include": jobs})


def listing(expected: Forecast, columns: int) -> str:
    """The cells as a table for people, with the sums and how the times come about below it."""
    rows = _rows(expected)
    lines = [_table(rows)]
    if max(map(len, lines[0].splitlines())) > columns and expected.axes:
        # A name says again what the columns of the axes say.
        said = f"A cell is called by its variants, such as {expected.cells[0].id}."
        lines = [_table([row[1:] for row in rows]), "", *_wrapped(said, columns)]
    return "\n".join([*lines, "", _sum(expected), *_wrapped(_how(expected), columns)])


def _job(cell: Cell, name: str, seconds: int) -> dict[str, str | int]:
    job: dict[str, str | int] = {"cell": cell.id, "name": name, "seconds": seconds}
    return job | {axis: variant for axis, variant in cell.variants.items() if axis not in job}


def _short_names(cells: Sequence[Cell]) -> list[str]:
    """The variants of each cell without their axes; its id where another cell would be called the same."""
    short = [",".join(cell.variants.values()) or cell.id for cell in cells]
    return [name if short.count(name) == 1 else cell.id for cell, name in zip(cells, short, strict=True)]


def _rows(expected: Forecast) -> list[list[str]]:
    """The titles of the columns, then a row for each cell, which begins with its id."""
    times = [duration(expected.each.measuring_s), duration(expected.each.whole_s)]
    cells = [
        [cell.id, *(cell.variants.get(axis, ABSENT) for axis in expected.axes), *times]
        for cell in expected.cells
    ]
    return [["cell", *expected.axes, "measuring", "altogether"], *cells]


def _table(rows: list[list[str]]) -> str:
    text = tabulate(rows, headers="firstrow", tablefmt="simple", disable_numparse=True)
    return "\n".join(line.rstrip() for line in text.splitlines())


def _sum(expected: Forecast) -> str:
    number, each = len(expected.cells), expected.each
    cells = "1 cell" if number == 1 else f"{number} cells, one after the other"
    return (
        f"{cells}: {duration(number * each.whole_s)}, {duration(number * each.measuring_s)} of it measuring."
    )


def _how(expected: Forecast) -> str:
    each = expected.each
    starts = "1 start" if each.starts == 1 else f"{each.starts} starts"
    besides = f"and {duration(OVERHEAD_S)} for installing, seeding and stopping."
    if expected.limited:
        return f"Estimated: a cell takes all of its time, {starts} of {duration(each.start_s)} included, {besides}"
    return f"Estimated, on the low side: {starts} of {duration(each.start_s)}, the windows of each endpoint, {besides}"


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, columns, break_on_hyphens=False, break_long_words=False)

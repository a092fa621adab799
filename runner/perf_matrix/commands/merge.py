"""``perf-matrix merge``: the runs of a job matrix, one for each cell, as one run folder."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click

from perf_matrix.errors import InputError
from perf_matrix.record.folder import refuse_unless_empty
from perf_matrix.record.layout import RUN_FILE
from perf_matrix.record.merge import Merged
from perf_matrix.record.merge import merge as merged_of
from perf_matrix.record.merged_folder import write_merged
from perf_matrix.record.parts import find_runs, read_parts
from perf_matrix.record.planned import planned_cells


@click.command(short_help="Merge the runs of several machines into one.")
@click.argument(
    "places", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The run folder to write; a new or empty one.",
)
@click.option(
    "--plan",
    type=click.File(encoding="utf-8", errors="replace"),
    metavar="FILE",
    help="What perf-matrix plan --json printed ('-' for standard input): a cell of it that has no result is "
    "invalid, instead of being left out.",
)
def merge(places: tuple[Path, ...], out: Path, plan: TextIO | None) -> None:
    """Merge the runs in DIR... into one run folder, for one report over all their cells.

    Each DIR is a run folder, or holds run folders one or two levels below. All must be of the same versions,
    matrix and workload. A cell that two of them hold is taken from the later attempt of its job.

    \b
    Examples:
      perf-matrix merge results/ --out run && perf-matrix report run
      perf-matrix plan --matrix pr --json | perf-matrix merge results/ --plan - --out run

    What was recorded is copied, logs are not. The merged run cannot be resumed.
    """
    refuse_unless_empty(out)
    planned = planned_cells(plan.read(), "--plan") if plan else None
    merged = merged_of(read_parts(_found(places, planned)), planned)
    write_merged(out, merged, time.time())
    for line in _said(merged, out):
        click.echo(line, err=True)


def _found(places: Sequence[Path], planned: Sequence[str] | None) -> list[Path]:
    """The run folders at ``places``; InputError where there are none.

    With a plan it is the plan that tells what is missing, without one each of the places must have a run.
    """
    runs = find_runs(places)
    empty = [place for place in places if not find_runs([place])]
    if not runs or (empty and planned is None):
        looked = ", ".join(str(place) for place in empty)
        raise InputError(
            f"no run folder (one with a {RUN_FILE}) in {looked}, nor up to two levels below: name the folders"
            " that perf-matrix compare --out wrote, or those that they were downloaded to"
        )
    return runs


def _said(merged: Merged, out: Path) -> list[str]:
    """What was merged, and what a reader must know of it."""
    info, parts = merged.info, len(merged.parts)
    cells = "1 cell" if len(info.cells) == 1 else f"{len(info.cells)} cells"
    runs = "1 run" if parts == 1 else f"{parts} runs"
    notes = info.merged.notes if info.merged else []
    return [
        *notes,
        *(f"{cell}: {words}" for cell, words in merged.faults.items()),
        f"Merged {cells} from {runs} into {out}. Its report: perf-matrix report {shlex.quote(str(out))}",
    ]

"""Runs of several machines as one: which cells come from where, and the ``run.json`` of the whole.  (Pure.)

Nothing that was measured is changed, so a cell has the same figures as in its own run; the correction for
many tests is over the cells of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from perf_matrix.errors import InputError
from perf_matrix.matrix.cells import unfold
from perf_matrix.matrix.model import Cell
from perf_matrix.record.alike import RunPart, refuse_differing, shared_requests
from perf_matrix.record.differences import differences
from perf_matrix.record.model import Merger, Requests, RunInfo
from perf_matrix.record.shown import on_one_line, shown

NO_RESULT = (
    "no result came from its runner: see the log of the job that was to measure it, and run that again"
)
BROKE_OFF = "its runner ended before the cell was measured to its end: run the job that measures it again"


@dataclass(frozen=True)
class Merged:
    """A run that was put together from others."""

    info: RunInfo
    taken: Mapping[str, RunPart]
    """By cell: the run that its record comes from; none for a cell without a result."""
    faults: Mapping[str, str]
    """By cell: what keeps it from being valid, beside what its own record says."""

    @property
    def parts(self) -> list[RunPart]:
        """The runs that something was taken from."""
        return _distinct(self.taken.values())


def merge(parts: Sequence[RunPart], planned: Sequence[str] | None) -> Merged:
    """Put runs together; the cells of ``planned``, where there is a plan, are those of the whole.

    InputError where the runs are not parts of one comparison, where two of them measured a cell and neither
    is a later attempt of the other, or where plan, matrix and runs do not have the same cells.
    """
    chosen, notes = _choose(parts)
    used = _distinct(chosen.values())
    refuse_differing(used)
    cells = _cells(used[0], chosen, planned)
    taken = {cell.id: chosen[cell.id] for cell in cells if cell.id in chosen}
    notes += [*differences([part.info for part in used]), *(note for part in used for note in part.notes)]
    lost = {cell.id: NO_RESULT for cell in cells if cell.id not in taken}
    cut = {cell: BROKE_OFF for cell, part in taken.items() if cell in part.unfinished}
    return Merged(_whole(cells, taken, notes), taken, lost | cut)


def _choose(parts: Sequence[RunPart]) -> tuple[dict[str, RunPart], list[str]]:
    """The run that each cell is taken from, and a note for each cell that was measured more than once."""
    chosen: dict[str, RunPart] = {}
    attempts: dict[str, int] = {}
    for part in parts:
        _refuse_odd(part)
        for cell in part.info.cells:
            attempts[cell.id] = attempts.get(cell.id, 0) + 1
            chosen[cell.id] = _later(cell.id, chosen[cell.id], part) if cell.id in chosen else part
    again = [(cell, count) for cell, count in attempts.items() if count > 1]
    return chosen, [f"{cell}: its job ran {count} times; its last result is taken" for cell, count in again]


def _refuse_odd(part: RunPart) -> None:
    if part.info.merged:
        raise InputError(
            f"{on_one_line(part.folder)} was merged already: name the folders that it was merged from"
        )
    ids = [cell.id for cell in part.info.cells]
    twice = next((cell for cell in ids if ids.count(cell) > 1), None)
    if twice is not None:
        raise _unlike_any_run(part, f"it names the cell {shown(twice)} twice")


def _later(cell: str, one: RunPart, other: RunPart) -> RunPart:
    """The later of two attempts of a job; InputError where they are not that."""
    if _job(one.info) != _job(other.info) or one.info.started_at == other.info.started_at:
        raise InputError(
            f"{on_one_line(one.folder)} and {on_one_line(other.folder)} both hold the cell {shown(cell)},"
            " and neither is a later attempt of the same job: leave one of them out"
        )
    return max(one, other, key=lambda part: part.info.started_at)


def _job(info: RunInfo) -> tuple[list[str], dict[str, str]]:
    """What a job was told to do: the attempts that follow are told the same."""
    return [cell.id for cell in info.cells], {arm: subject.spec for arm, subject in info.subjects.items()}


def _cells(first: RunPart, chosen: Mapping[str, RunPart], planned: Sequence[str] | None) -> list[Cell]:
    """The cells of the whole, in the order of the matrix, which all runs agree on."""
    matrix = {cell.id: cell for cell in _unfolded(first)}
    for cell, part in chosen.items():
        if cell not in matrix:
            raise _unlike_any_run(part, f"its matrix has no cell {shown(cell)}")
        if planned is not None and cell not in planned:
            raise InputError(
                f"{on_one_line(part.folder)} holds the cell {cell}, which is not in the plan:"
                " make the plan with the --matrix and --cell that the jobs have"
            )
    unknown = next((cell for cell in planned or () if cell not in matrix), None)
    if unknown is not None:
        raise InputError(
            f"the plan has the cell {shown(unknown)}, which is not in the matrix of"
            f" {on_one_line(first.folder)}: make the plan with the --matrix that the jobs have"
        )
    wanted = chosen if planned is None else planned
    return [cell for cell in matrix.values() if cell.id in wanted]


def _unfolded(part: RunPart) -> list[Cell]:
    try:
        return unfold(part.info.matrix)
    except InputError as error:
        raise _unlike_any_run(part, f"its matrix cannot be: {shown(error)}") from error


def _unlike_any_run(part: RunPart, words: str) -> InputError:
    return InputError(
        f"{on_one_line(part.folder)}: {words}. Its run.json was damaged or edited: measure again"
    )


def _whole(cells: Sequence[Cell], taken: Mapping[str, RunPart], notes: list[str]) -> RunInfo:
    """The ``run.json`` of the whole: what the runs agree on is the first one's."""
    infos = [part.info for part in _distinct(taken.values())]
    first = infos[0]
    hosts = {cell: part.info.host for cell, part in taken.items()}
    return first.model_copy(
        update={
            "started_at": min(info.started_at for info in infos),
            "arguments": _arguments(first, cells),
            "own_requests": dict(_own_requests(first, taken)),
            "cells": list(cells),
            "tools": _tools(infos),
            "diff": next((info.diff for info in infos if info.diff), ""),
            "merged": Merger(runners=len(infos), hosts=hosts, notes=notes),
        }
    )


def _arguments(info: RunInfo, cells: Sequence[Cell]) -> list[str]:
    """The arguments that measure all of these cells on one machine."""
    subjects, rest = info.arguments[: len(info.subjects)], info.arguments[len(info.subjects) :]
    kept = [
        (option, value) for option, value in zip(rest[::2], rest[1::2], strict=False) if option != "--cell"
    ]
    chosen = [] if len(cells) == len(unfold(info.matrix)) else [("--cell", cell.id) for cell in cells]
    return [*subjects, *(word for option in (*kept, *chosen) for word in option)]


def _own_requests(first: RunInfo, taken: Mapping[str, RunPart]) -> Iterator[tuple[str, Requests]]:
    """The requests of cells that were sent others than the first run says, be it only for another day."""
    for cell, part in taken.items():
        requests = part.info.requests_of(cell)
        if requests != shared_requests(first):
            yield cell, requests


def _tools(infos: Iterable[RunInfo]) -> dict[str, str]:
    """Every tool with its version; with all of them, where the machines had different ones."""
    versions: dict[str, dict[str, None]] = {}
    for info in infos:
        for tool, version in info.tools.items():
            versions.setdefault(tool, {})[version] = None
    return {tool: " and ".join(each) for tool, each in versions.items()}


def _distinct(parts: Iterable[RunPart]) -> list[RunPart]:
    return list({part.folder: part for part in parts}.values())

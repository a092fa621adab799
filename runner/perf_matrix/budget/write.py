"""The text of a budget file, from what was counted: a new one, or the old one with other numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from perf_matrix.budget.counted import Counted, by_endpoint, needed
from perf_matrix.budget.edit import edited
from perf_matrix.budget.entry import Entry, measured_entry
from perf_matrix.budget.figures import on_one_line
from perf_matrix.budget.model import EndpointBudget
from perf_matrix.budget.read import BudgetFile
from perf_matrix.errors import MeasurementError

_HEADER = """\
# SQL statements that each endpoint may issue per request. Checked by `perf-matrix budget check`, written by
# `perf-matrix budget update`; raise a number by hand or by updating, in the pull request that needs it.
# per_row: for each further row of the answer. note: why, in your own words. Updating keeps notes and comments.
# First written by: {command}
version: 1
endpoints:"""


@dataclass(frozen=True)
class Updated:
    """The new text of the file, and what it does not say although it was to be measured."""

    text: str
    notes: tuple[str, ...]


def update(file: BudgetFile | None, counted: Sequence[Counted], command: str) -> Updated:
    """The budget that just allows what was counted in every cell; all else in ``file`` stays as it is.

    ``command`` is named in a new file only, so that an update changes nothing but what changed. Raises
    InputError where the file's layout allows no such update (see edited), MeasurementError where a new file would
    have no entry.
    """
    old = file.budget.endpoints if file else {}
    wanted = [needed(cells) for cells in by_endpoint(counted).values()]
    notes = [note for each in wanted for note in _notes(each, old)]
    entries = [measured_entry(old.get(each.endpoint), each) for each in wanted if each.exact]
    if not file and not entries:
        raise MeasurementError("\n".join(["no endpoint was counted exactly: no file is written", *notes]))
    return Updated(edited(file.text, file.source, entries) if file else _new(entries, command), tuple(notes))


def _new(entries: Sequence[Entry], command: str) -> str:
    header = _HEADER.format(command=on_one_line(command))
    lines = [each.line() for each in sorted(entries, key=lambda each: each.name)]
    return "\n".join([header, *lines]) + "\n"


def _notes(counted: Counted, old: Mapping[str, EndpointBudget]) -> Iterator[str]:
    if counted.exact:
        yield from (f"{counted.endpoint}: {on_one_line(why)}" for why in counted.no_slope)
        return
    what = "its entry is kept as it was" if counted.endpoint in old else "it gets no entry"
    where = f" in {counted.cell}" if counted.cell else ""
    because = on_one_line(counted.because)
    yield f"{counted.endpoint}: {what}, since its count is not exact{where}: {because}"

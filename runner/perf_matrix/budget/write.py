"""The text of a budget file, from what was counted: a new one, or the old one with other numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perf_matrix.budget.check import Counted
from perf_matrix.budget.edit import edited
from perf_matrix.budget.entry import Entry, measured_entry
from perf_matrix.budget.figures import on_one_line
from perf_matrix.budget.read import BudgetFile

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
    """The budget that just allows what was counted; everything else in ``file`` stays as it is.

    ``command`` is named in a new file only, so that an update changes nothing but what changed. Raises
    InputError where the file's layout allows no such update (see edited).
    """
    old = file.budget.endpoints if file else {}
    entries = [measured_entry(old.get(each.endpoint), each) for each in counted if each.exact]
    text = edited(file.text, file.source, entries) if file else _new(entries, command)
    notes = [_left_alone(each, known=each.endpoint in old) for each in counted if not each.exact]
    return Updated(text, tuple(notes))


def _new(entries: Sequence[Entry], command: str) -> str:
    header = _HEADER.format(command=on_one_line(command))
    if not entries:
        return f"{header} {{}}\n"
    lines = [each.line() for each in sorted(entries, key=lambda each: each.name)]
    return "\n".join([header, *lines]) + "\n"


def _left_alone(counted: Counted, *, known: bool) -> str:
    what = "its entry is kept as it was" if known else "it gets no entry"
    return f"{counted.endpoint}: {what}, since its count is not exact: {on_one_line(counted.because)}"

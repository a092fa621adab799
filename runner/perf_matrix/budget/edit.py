"""Changes numbers in the text of a budget file and leaves every other character as its author wrote it.

YAML's own marks say where a number starts and ends, so the file may be laid out in any way. A new entry gets a
line of its own, below the entries before it whose names are smaller: a sorted file stays sorted, and one
that somebody grouped by hand keeps its groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from perf_matrix.budget.entry import INDENT, Entry, gap
from perf_matrix.budget.figures import figure
from perf_matrix.budget.layout import Pair, Part, layout, place
from perf_matrix.matrix.problems import Problem, UnreadableError, input_error
from perf_matrix.matrix.yaml_tree import plain_scalar

_REST_OF_LINE = re.compile("[^\r\n\x85\u2028\u2029]*")
_BLANKS_BEFORE_COMMENT = re.compile(" +(?=#)")


@dataclass(frozen=True, slots=True)
class _Edit:
    """Characters ``start`` to ``end`` of the text become ``text``."""

    start: int
    end: int
    text: str


def edited(text: str, source: str, entries: Iterable[Entry]) -> str:
    """The text of a budget file with the numbers of these entries; those that it does not have are added.

    The caller has validated the text. Raises InputError for one in which nothing can be changed alone: with
    anchors, or with all endpoints between braces where one has to be added.
    """
    try:
        return _applied(text, _edits(text, layout(text), list(entries)))
    except UnreadableError as error:
        raise input_error(source, [error.problem]) from None


def _edits(text: str, root: Part, entries: Sequence[Entry]) -> Iterator[_Edit]:
    endpoints = root.pairs["endpoints"]
    present = endpoints.value.pairs
    for entry in entries:
        if entry.name in present:
            yield from _changes(text, present[entry.name].value, entry)
    added = sorted((each for each in entries if each.name not in present), key=lambda each: each.name)
    if added and endpoints.value.braces:
        yield _opened(text, root, endpoints.value, added[0])
    for entry in added:
        yield _addition(text, endpoints, entry)


def _changes(text: str, value: Part, entry: Entry) -> Iterator[_Edit]:
    """The edits of one entry: its numbers where they differ, and the blanks that keep its comment in place."""
    edits = [
        *_replaced(value.pairs["statements"].value, entry.budget.statements),
        *_slope(text, value, entry),
    ]
    yield from edits
    if value.braces and "\n" not in text[value.start : value.end]:
        yield from _aligned(text, value.end, sum(len(each.text) - (each.end - each.start) for each in edits))


def _slope(text: str, value: Part, entry: Entry) -> Iterator[_Edit]:
    wanted, statements = entry.budget.per_row, value.pairs["statements"]
    if wanted is None:
        return
    if "per_row" in value.pairs:
        yield from _replaced(value.pairs["per_row"].value, wanted)
    elif value.braces:
        yield _inserted(statements.value.end, f", per_row: {figure(wanted)}")
    else:
        line = f"{' ' * value.column}per_row: {figure(wanted)}"
        yield _line_below(text, statements.value.end, line)


def _replaced(number: Part, wanted: float) -> Iterator[_Edit]:
    if plain_scalar(number.written) != wanted:
        yield _Edit(number.start, number.end, figure(wanted))


def _aligned(text: str, end: int, growth: int) -> Iterator[_Edit]:
    """Keeps a comment in the column of comments, where it is in it; one that its author moved is let be."""
    blanks = _BLANKS_BEFORE_COMMENT.match(text, end)
    column = place(text, end).column - 1
    if blanks and growth and blanks[0] == gap(column):
        yield _Edit(blanks.start(), blanks.end(), gap(column + growth))


def _opened(text: str, root: Part, endpoints: Part, entry: Entry) -> _Edit:
    """Turns ``endpoints: {}`` into ``endpoints:``; UnreadableError where more than that is between braces."""
    if root.braces or endpoints.pairs:
        message = (
            f"an update cannot add {entry.name} between braces; write each endpoint on a line of its own "
            "below 'endpoints:', then update again"
        )
        raise UnreadableError(Problem(place(text, endpoints.start), message))
    return _Edit(len(text[: endpoints.start].rstrip(" ")), endpoints.end, "")


def _addition(text: str, endpoints: Pair, entry: Entry) -> _Edit:
    present = endpoints.value.pairs
    smaller = list(takewhile(lambda name: name < entry.name, present))
    indent = endpoints.value.column if present else INDENT
    top = endpoints.key if present else endpoints.value
    above = present[smaller[-1]].value if smaller else top
    return _line_below(text, above.end, entry.line(indent))


def _line_below(text: str, index: int, line: str) -> _Edit:
    rest = _REST_OF_LINE.match(text, index)
    newline = "\r\n" if "\r\n" in text else "\n"
    return _inserted(rest.end() if rest else index, newline + line)


def _inserted(at: int, text: str) -> _Edit:
    return _Edit(at, at, text)


def _applied(text: str, edits: Iterable[_Edit]) -> str:
    """Edits of one place keep their order; none overlap."""
    pieces, position = [], 0
    for edit in sorted(edits, key=lambda each: each.start):
        pieces += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*pieces, text[position:]])

"""SQL statements as they stand below a row or in a list: a mark, the statement, what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import (
    ChangedStatement,
    Elsewhere,
    GrownStatement,
    Line,
    Place,
    Queries,
    SlowerStatement,
    Statement,
)
from perf_matrix.matrix.model import Arm
from perf_matrix.report import numbers

Written = Callable[[str], str]

_COLUMNS_NAMED = 4

_ELSEWHERE: dict[Elsewhere, str] = {
    "first request": "issues it on the first request to the endpoint after a start only",
    "background": "issues it in the background",
    "deferred": "issues it later, in batches",
}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One SQL statement: how often or how slow it is, and what is known of it.

    ``mark`` is in ``unit``, which only whole lists repeat. ``columns`` are those that it names on head only,
    ``dropped`` those that it no longer names.
    """

    mark: str
    statement: str
    unit: str = ""
    remarks: Sequence[str] = ()
    places: Sequence[Place] = ()
    columns: Sequence[str] = ()
    dropped: Sequence[str] = ()


def changed_lines(queries: Queries) -> tuple[StatementLine, ...]:
    """Return every statement whose calls changed, the largest change first, then those that got slower.

    Where the endpoint's count did not repeat, no count of its statements is made to look exact.
    """
    written: Written = str if queries.stable else numbers.approximate
    shifts = [
        *((s.per_request, _only(s, "head", written)) for s in queries.added),
        *((s.head - s.base, _changed(s, written)) for s in queries.changed),
        *((-s.per_request, _only(s, "base", written)) for s in queries.removed),
    ]
    shifts.sort(key=lambda shift: -shift[0])
    return (*(shown for _, shown in shifts), *map(_slower, queries.slower))


def grown_line(grown: GrownStatement) -> StatementLine:
    """Return a statement that names other columns than before, marked with them: '+ "team_id"'."""
    changes = [*_named("+", grown.columns_added), *_named("-", grown.columns_removed)]
    return StatementLine(
        ", ".join(changes) or "other columns",
        grown.statement,
        columns=grown.columns_added,
        dropped=grown.columns_removed,
    )


def multiplying_lines(line: Line, row: str) -> tuple[StatementLine, ...]:
    """Return the statements that multiply with the rows: '1.00 per user'."""
    return tuple(
        StatementLine(f"{numbers.per_request(s.per_request)} per {row}", s.statement, places=s.places)
        for s in line.statements
    )


def place_words(place: Place) -> tuple[str, str, str]:
    """Return where a statement may come from: words, 'file:line', the rule that says so."""
    words = "likely from the line removed at" if place.removed else "likely from"
    return words, f"{place.file}:{place.line}", f"({place.rule})"


def _only(statement: Statement, arm: Arm, written: Written) -> StatementLine:
    """Return a statement that only one arm issues on every request: '+1.00', or '-1.00' where it is gone."""
    sign, other = ("+", "base") if arm == "head" else ("-", "head")
    return StatementLine(
        written(f"{sign}{numbers.per_request(statement.per_request)}"),
        statement.statement,
        "per request",
        tuple(_remarks(statement.elsewhere, other)),
        statement.places,
    )


def _remarks(elsewhere: Elsewhere, other: str) -> Iterator[str]:
    if elsewhere in _ELSEWHERE:
        yield f"{other} {_ELSEWHERE[elsewhere]}"


def _changed(statement: ChangedStatement, written: Written) -> StatementLine:
    base, head = (written(numbers.per_request(calls)) for calls in (statement.base, statement.head))
    return StatementLine(f"{base} → {head}", statement.statement, "per request", places=statement.places)


def _slower(statement: SlowerStatement) -> StatementLine:
    """Return a statement that takes the database longer: its time for one call, then how sure that is."""
    low, high = (numbers.percent(bound - 1) for bound in statement.ci)
    remark = (
        f"time for one call: {numbers.percent(statement.ratio - 1)} [{low}, {high}];"
        f" {numbers.signed_ms(statement.extra_ms_per_request)} per request"
    )
    mark = f"{numbers.significant(statement.base_ms)} → {numbers.significant(statement.head_ms)} ms"
    return StatementLine(mark, statement.statement, "per call", (remark,))


def _named(sign: str, columns: Sequence[str]) -> Iterator[str]:
    if columns:
        rest = len(columns) - _COLUMNS_NAMED
        named = ", ".join(f'"{column.strip(chr(34))}"' for column in columns[:_COLUMNS_NAMED])
        yield f"{sign} {named}" + (f" and {rest} more" if rest > 0 else "")

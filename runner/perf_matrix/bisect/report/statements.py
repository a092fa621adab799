"""SQL statements that came or went with a culprit: a mark, the statement, what is known of it."""

from __future__ import annotations

from collections.abc import Iterator

from perf_matrix.bisect.model import Culprit
from perf_matrix.compare.model import ChangedStatement, Elsewhere, Statement
from perf_matrix.report import numbers
from perf_matrix.report.statements import StatementLine

_UNIT = "per request"
_ELSEWHERE: dict[Elsewhere, str] = {
    "first request": "on the first request to the endpoint after a start only",
    "background": "in the background",
    "deferred": "later, in batches",
}


def statement_lines(culprit: Culprit) -> list[StatementLine]:
    """Return the statements whose calls changed, the largest change first, then those that got slower."""
    shifts = [
        *((each.per_request, _only(each, "+", "before it was sent")) for each in culprit.added),
        *((each.head - each.base, _changed(each)) for each in culprit.changed),
        *((-each.per_request, _only(each, "-", "now it is sent")) for each in culprit.removed),
    ]
    shown = [line for _, line in sorted(shifts, key=lambda shift: -shift[0])]
    return [*shown, *(StatementLine("slower", text, "to the database") for text in culprit.slower)]


def _only(statement: Statement, sign: str, other: str) -> StatementLine:
    """Return a statement that only one side sends with every request: '+1.00', or '-1.00' where it is gone."""
    return StatementLine(
        f"{sign}{numbers.per_request(statement.per_request)}",
        statement.statement,
        _UNIT,
        tuple(_remarks(statement, other)),
        statement.places,
    )


def _remarks(statement: Statement, other: str) -> Iterator[str]:
    if tables := _tables(statement):
        yield tables
    if statement.elsewhere in _ELSEWHERE:
        yield f"{other} {_ELSEWHERE[statement.elsewhere]}"


def _changed(statement: ChangedStatement) -> StatementLine:
    mark = f"{numbers.per_request(statement.base)} → {numbers.per_request(statement.head)}"
    remarks = tuple(filter(None, [_tables(statement)]))
    return StatementLine(mark, statement.statement, _UNIT, remarks, statement.places)


def _tables(statement: Statement | ChangedStatement) -> str:
    """Return the tables of a statement that names several: its short form may show but the first."""
    return f"tables: {', '.join(statement.tables)}" if len(statement.tables) > 1 else ""

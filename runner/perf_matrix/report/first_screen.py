"""What stands on the first screen of a comment: the worst few changes, narrow enough for a phone. Pure.

A row has its verdict in words below its name, and each change below its values, so that four columns fit a
phone. What explains a row stands in a list of its own: in a narrow column one statement would fill the screen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from perf_matrix.compare.model import Finding
from perf_matrix.report import escape, sql
from perf_matrix.report.columns import COMPACT, WORK, Column, Part, Text, grouped, verdict_text
from perf_matrix.report.markdown import emphasised
from perf_matrix.report.page import Page
from perf_matrix.report.plain import shortened
from perf_matrix.report.statements import StatementLine, place_words
from perf_matrix.report.table import Row, Table

_NAME_WIDTH = 60
_SQL_WIDTH = 160
_PLACE_WIDTH = 200
_LINE_WIDTH = 300
# The parts of a cell that has both values and a change: '4', '→', '54' and '▲', '+50'.
_VALUES, _ALL = 3, 5
_LEFT_OUT: frozenset[Part] = COMPACT | WORK | {("cell", "all")}


@dataclass(frozen=True, slots=True)
class Size:
    """How much there may be at most: rows, statements behind each of them, and lines of other things."""

    rows: int
    statements: int
    lines: int


@dataclass(frozen=True, slots=True)
class Behind:
    """What explains a row, or several in the same way: causes, statements, then notes."""

    rows: escape.Markdown
    lines: Sequence[escape.Markdown]


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """A table with its worst rows, a list for each cell; lines for what has no row; what is behind the rows.

    ``more`` counts the rows and lines that there is no room for.
    """

    title: str
    header: Sequence[escape.Markdown]
    rows: Sequence[Sequence[escape.Markdown]]
    lines: Sequence[escape.Markdown]
    behind: Sequence[Behind]
    more: int


def first_screen(page: Page, size: Size) -> FirstScreen:
    """Return the first screen of a page; everything from outside in it is escaped.

    Where ``size`` has no statements, nothing is said of what is behind the rows.
    """
    found, lines = [*page.changed.rows, *page.undecided.rows], list(_lines(page))
    table = Table(found[: size.rows], cells=page.changed.cells)
    groups = grouped(table, page.gate, _LEFT_OUT) if table.rows else []
    return FirstScreen(
        title=page.titled("What changed, worst first" if page.changed.rows else "Undecided"),
        header=[_below_each_other(escape.prose(column.header) for column in group) for group in groups],
        rows=[[_cell(row, group, table) for group in groups] for row in table.rows],
        lines=lines[: size.lines],
        behind=list(_behind(table, size.statements)) if size.statements else [],
        more=max(len(found) - size.rows, 0) + max(len(lines) - size.lines, 0),
    )


def _cell(row: Row, group: Sequence[Column], table: Table) -> escape.Markdown:
    if group[0].group == "endpoint":
        return _below_each_other((*_where(row, table), emphasised(verdict_text(row.verdict), row.verdict)))
    return _below_each_other(chain.from_iterable(_written(column.text(row)) for column in group))


def _where(row: Row, table: Table) -> Iterator[escape.Markdown]:
    yield _name(row.endpoint)
    if table.cells:
        yield escape.Markdown(f"in {_name(row.cell)}")


def _written(text: Text) -> Iterator[escape.Markdown]:
    """Yield the lines of a number: its values, then its change, where it has both."""
    lines = [text.parts[:_VALUES], text.parts[_VALUES:]] if len(text.parts) == _ALL else [text.parts]
    for parts in lines:
        yield emphasised(" ".join(parts), text.verdict)


def _behind(table: Table, statements: int) -> Iterator[Behind]:
    """Yield what explains the rows, those of which the same is to be said together."""
    rows: defaultdict[tuple[escape.Markdown, ...], list[str]] = defaultdict(list)
    for row in table.rows:
        rows[tuple(_explained(row, statements))].append(" ".join(_where(row, table)))
    for lines, where in rows.items():
        if lines:
            yield Behind(escape.Markdown(", ".join(where)), lines)


def _explained(row: Row, statements: int) -> Iterator[escape.Markdown]:
    for cause in filter(None, row.causes):
        yield escape.Markdown(f"**{_short(cause)}**")
    for statement in row.statements[:statements]:
        yield _statement(statement)
    if len(row.statements) > statements:
        rest = len(row.statements) - statements
        yield escape.prose(f"and {rest} more {'statement' if rest == 1 else 'statements'}")
    yield from map(_short, row.notes)


def _statement(line: StatementLine) -> escape.Markdown:
    """Return a statement with what is known of it, each on a line: how often, the SQL, the likeliest place."""
    mark = escape.prose(f"{line.mark} {line.unit}".strip())
    shown = escape.code(sql.brief(line.statement, _SQL_WIDTH, line.columns))
    return _below_each_other((escape.Markdown(f"{mark}: {shown}"), *_remarks(line)))


def _remarks(line: StatementLine) -> Iterator[escape.Markdown]:
    for remark in line.remarks:
        yield escape.Markdown(f"↳ {_short(remark)}")
    if line.places:
        words, where, rule = place_words(line.places[0])
        at = escape.code(shortened(where, _PLACE_WIDTH))
        yield escape.Markdown(f"↳ {words} {at} {_short(rule)}")


def _lines(page: Page) -> Iterator[escape.Markdown]:
    """Yield what is to be known at once and has no row, or cannot be seen in its row."""
    yield from (_finding(one, page) for one in page.findings if _has_no_row(one))
    for load in page.load:
        for words in (*load.words[:1], *load.failing) if load.telling else ():
            yield _line("Under load", load.cell, words)
    for missing in page.missing:
        yield _line("Missing", missing.cell, f"{missing.endpoint}: {missing.words}")
    for warning in page.warnings:
        yield _line("Warning", "", warning)


def _has_no_row(finding: Finding) -> bool:
    return finding.metric == "errors" or (not finding.endpoint and finding.metric != "load")


def _finding(finding: Finding, page: Page) -> escape.Markdown:
    cell = finding.cell if page.changed.cells and finding.endpoint else ""
    return _line(verdict_text(finding.verdict), cell, finding.summary)


def _line(what: str, cell: str, words: str) -> escape.Markdown:
    where = f" in {_name(cell)}" if cell else ""
    return escape.Markdown(f"{escape.prose(what)}{where}: {_short(words)}")


def _name(text: str) -> escape.Markdown:
    return escape.code(shortened(text, _NAME_WIDTH))


def _short(text: str) -> escape.Markdown:
    return escape.prose(shortened(text, _LINE_WIDTH))


def _below_each_other(lines: Iterable[escape.Markdown]) -> escape.Markdown:
    return escape.Markdown("<br>".join(filter(None, lines)))

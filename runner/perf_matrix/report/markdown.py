"""A comparison as GitHub's Markdown: for a comment, a step summary and ``report.md``.

What GitHub takes is limited, so a report that is too long is made again with less in it, in planned steps,
and says so: first without whole statements and logs, which the HTML report has; then without unchanged
endpoints and the table of the database's work; then only the findings, fewer and fewer of them; at last the
verdict alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_matrix.compare.model import Comparison
from perf_matrix.report import escape, sql
from perf_matrix.report.columns import COMPACT, LATENCY, UNDER_LOAD, Column, Text, grouped
from perf_matrix.report.page import Page, page
from perf_matrix.report.plain import shortened
from perf_matrix.report.statements import StatementLine, place_words
from perf_matrix.report.table import Row
from perf_matrix.report.templating import markdown_templates

if TYPE_CHECKING:
    from jinja2 import Environment

LIMIT = 65_536
LEAST_LIMIT = 6_000
_SQL_WIDTH = 120
_NAME_WIDTH = 80
_FINDING_WIDTH = 300
_FINDINGS_KEPT = (200, 50, 10, 3)
_PLACE_WIDTH = 200
_ADDRESS = re.compile(r"https://[A-Za-z0-9._~/?&=%#:-]{1,200}")
_STATEMENTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Step:
    """One degree of shortness: the template, and how many findings it may list."""

    template: str
    findings: int | None = None


_STEPS = (
    _Step("full.md.j2"),
    _Step("tables.md.j2"),
    _Step("compact.md.j2"),
    _Step("findings.md.j2"),
    *(_Step("findings.md.j2", kept) for kept in _FINDINGS_KEPT),
    _Step("verdict.md.j2"),
)


def render_markdown(
    comparison: Comparison, *, limit: int = LIMIT, reproduce: str = "", report: str = ""
) -> str:
    """Return the report in at most ``limit`` bytes of UTF-8, and so never in more characters either.

    ``reproduce`` is the command that runs the comparison again, ``report`` where the whole report is.
    Raises ValueError where ``limit`` is below ``LEAST_LIMIT``, which the verdict alone may need.
    """
    if limit < LEAST_LIMIT:
        raise ValueError(f"a report needs {LEAST_LIMIT} bytes or more, not {limit}")
    content = page(comparison, reproduce=reproduce, report=report)
    return next(text for text in _rendered(content) if len(text.encode()) <= limit)


def _rendered(content: Page) -> Iterator[str]:
    environment = _environment()
    for step in _STEPS:
        template = environment.get_template(step.template)
        yield template.render(page=content, findings=content.findings[: step.findings])


def _environment() -> Environment:
    """Return the templates' engine with the filters of these templates."""
    environment = markdown_templates()
    environment.filters |= {"code": escape.code, "fence": escape.fence, "name": _name, "short": _short}
    environment.filters |= {"cells": _cells, "header": _header, "place": _place, "brief": _brief}
    environment.filters |= {"remarks": _remarks, "sql": _sql}
    environment.globals |= {"groups": grouped, "compact": COMPACT, "latency": LATENCY}
    environment.globals |= {"under_load": UNDER_LOAD}
    return environment


def _name(text: str) -> escape.Markdown:
    return escape.code(shortened(text, _NAME_WIDTH))


def _place(report: str) -> escape.Markdown:
    """Return a link where the report is at a plain address, else its path as code."""
    if _ADDRESS.fullmatch(report):
        return escape.Markdown(f"[the whole report]({report})")
    return escape.code(shortened(report, _PLACE_WIDTH))


def _short(text: str) -> str:
    return shortened(text, _FINDING_WIDTH)


def _cells(row: Row, groups: Sequence[Sequence[Column]]) -> list[escape.Markdown]:
    return [_cell(row, group) for group in groups]


def _cell(row: Row, group: Sequence[Column]) -> escape.Markdown:
    """Return the columns of a group in one cell, below each other."""
    lines = [_written(column.text(row)) for column in group]
    if group[0].group == "endpoint":
        lines += _details(row)
    return escape.Markdown("<br>".join(filter(None, lines)))


def _written(text: Text) -> escape.Markdown:
    words = " ".join(text.parts)
    if text.outside:
        return _name(words)
    return emphasised(words, text.verdict)


def emphasised(words: str, verdict: str | None) -> escape.Markdown:
    """Return words that are not broken into lines; what got worse is set in bold."""
    unbroken = escape.Markdown(escape.prose(words).replace(" ", "\N{NO-BREAK SPACE}"))
    return escape.Markdown(f"**{unbroken}**") if unbroken and verdict == "regression" else unbroken


def _header(group: Sequence[Column]) -> escape.Markdown:
    return escape.Markdown("<br>".join(escape.prose(column.header) for column in group))


def _details(row: Row) -> list[escape.Markdown]:
    """Return the lines that explain a row: its causes, the SQL that changed, then notes."""
    lines = [escape.Markdown(f"**{escape.prose(cause)}**") for cause in row.causes]
    for statement in row.statements[:_STATEMENTS_SHOWN]:
        lines += [_brief(statement), *_remarks(statement)]
    rest = len(row.statements) - _STATEMENTS_SHOWN
    lines += [escape.prose(f"and {rest} more statements")] if rest > 0 else []
    return lines + [escape.prose(note) for note in row.notes]


def _brief(line: StatementLine) -> escape.Markdown:
    """Return a statement on one line behind its mark."""
    return escape.Markdown(f"{escape.prose(line.mark)} {_sql(line)}")


def _sql(line: StatementLine) -> escape.Markdown:
    return escape.code(sql.brief(line.statement, _SQL_WIDTH, line.columns))


def _remarks(line: StatementLine) -> list[escape.Markdown]:
    """Return what is known of a statement: how the other arm issues it, where it may come from."""
    remarks = [escape.Markdown(f"↳ {escape.prose(remark)}") for remark in line.remarks]
    if not line.places:
        return remarks
    words, where, rule = place_words(line.places[0])
    at, rule = escape.code(shortened(where, _PLACE_WIDTH)), escape.prose(shortened(rule, _PLACE_WIDTH))
    return [*remarks, escape.Markdown(f"↳ {words} {at} {rule}")]

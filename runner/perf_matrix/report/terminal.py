"""A comparison for a terminal: plain lines, colour as decoration only, never wider than asked."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import click

from perf_matrix.compare.model import Comparison, Verdict
from perf_matrix.report import sql
from perf_matrix.report.columns import COMPACT, LATENCY, UNDER_LOAD, Part
from perf_matrix.report.grid import Paint, figures, grid, unpainted
from perf_matrix.report.load import UnderLoad
from perf_matrix.report.page import Page, page
from perf_matrix.report.statements import StatementLine, place_words
from perf_matrix.report.table import Row, Table
from perf_matrix.report.work import Shared

_COLOURS: dict[Verdict, str] = {
    "regression": "red",
    "improvement": "green",
    "pass": "green",
    "inconclusive": "yellow",
    "invalid": "magenta",
}
_INDENT = "    "
_DEEPER = "      "
_STATEMENTS_SHOWN = 5
_LOG_LINES_SHOWN = 12
_LEAST_SQL = 40


def render_terminal(
    comparison: Comparison, *, width: int, colour: bool, reproduce: str = "", report: str = ""
) -> str:
    """Return the report as text of at most ``width`` columns, 80 or more, ending in a newline.

    Only commands and paths, which are to be copied, may be longer than that.
    ``reproduce`` is the command that runs the comparison again, ``report`` where the whole report is; both
    are left out where empty. ``colour`` adds ANSI colours, which never carry anything that words do not.
    """
    content = page(comparison, reproduce=reproduce, report=report)
    paint = _coloured if colour else unpainted
    sections = [_opening(content, comparison.verdict, width, paint), *_sections(content, width, paint)]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _sections(content: Page, width: int, paint: Paint) -> Iterator[list[str]]:
    for title, table, needless in _tables(content):
        yield _table(title, table, content, width, paint, needless)
    yield _load(content, width, paint)
    yield _per_row(content, width)
    yield _grown(content, width)
    yield _work(content, width, paint)
    yield _missing(content, width)
    yield _failed(content, width)
    yield _broken(content, width)
    yield _listed("The control moved: times of request pairs are invalid", content.disturbed, width)
    yield _listed("Warnings", content.warnings, width)
    yield _wrapped_all(_facts(content), width)
    if not content.quiet:
        yield ["What the words mean", *_wrapped_all(_glossary(content), width, "  ")]
    yield _pointers(content)


def _tables(content: Page) -> Iterator[tuple[str, Table, frozenset[Part]]]:
    """Yield the tables of endpoints, with what they need not show."""
    yield content.titled("What changed, worst first"), content.changed, content.elsewhere
    yield content.titled("Undecided"), content.undecided, content.elsewhere
    yield content.titled("Unchanged"), content.unchanged, content.elsewhere | COMPACT


def _opening(content: Page, verdict: Verdict, width: int, paint: Paint) -> list[str]:
    lines = [paint(text, verdict) for text in textwrap.wrap(content.headline, width, break_on_hyphens=False)]
    return lines + textwrap.wrap(f"Next: {content.step}", width)


def _table(
    title: str, table: Table, content: Page, width: int, paint: Paint, needless: frozenset[Part]
) -> list[str]:
    if not table.rows:
        return []
    (header, rule, *body), left_out = grid(table, content.gate, width, paint, needless)
    lines = [*_wrapped(title, width, ""), header, rule]
    for row, text in zip(table.rows, body, strict=True):
        lines += [text, *_details(row, width)]
    return [*lines, *_said(left_out, width)]


def _said(left_out: Sequence[str], width: int) -> list[str]:
    return textwrap.wrap(f"Left out at {width} columns: {', '.join(left_out)}.", width) if left_out else []


def _details(row: Row, width: int) -> Iterator[str]:
    """Yield the lines that explain a row: its causes, the SQL that changed, then notes."""
    yield from _wrapped_all(row.causes, width, _INDENT)
    yield from _statements(row.statements, width)
    yield from _wrapped_all(row.notes, width, _INDENT)


def _statements(statements: Sequence[StatementLine], width: int) -> Iterator[str]:
    """Yield the first few statements, their marks lined up, and below each what is known of it."""
    shown = statements[:_STATEMENTS_SHOWN]
    size = max((len(line.mark) for line in shown), default=0)
    for line in shown:
        start = f"{_INDENT}{line.mark:<{size}}  "
        yield start + sql.brief(line.statement, width - len(start), line.columns)
        yield from _wrapped_all([*line.remarks, *_place(line)], width, _DEEPER)
    if len(statements) > len(shown):
        yield f"{_INDENT}and {len(statements) - len(shown)} more statements"


def _place(line: StatementLine) -> list[str]:
    return [" ".join(place_words(line.places[0]))] if line.places else []


def _load(content: Page, width: int, paint: Paint) -> list[str]:
    lines = [line for one in content.load for line in _under_load(one, content, width, paint)]
    return [*_wrapped(content.titled("Under load"), width, ""), *lines] if lines else []


def _under_load(one: UnderLoad, content: Page, width: int, paint: Paint) -> Iterator[str]:
    if one.cell:
        yield from _wrapped(f"{one.cell}:", width, "")
    yield from _wrapped_all([*one.words, *one.failing, *one.examples], width, "  ")
    yield from figures(one.figures)
    yield from _table("Latencies under load, not gated", one.latencies, content, width, paint, UNDER_LOAD)
    yield from _wrapped_all(one.missing, width, "  ")
    yield from _wrapped(one.soak, width, "")


def _per_row(content: Page, width: int) -> list[str]:
    per_row = content.per_row
    lines = []
    for found in per_row.n_plus_one:
        lines += _wrapped(_of(found.cell, found.endpoint, found.words, ", "), width, "  ")
        lines += _statements(found.statements, width)
    others = [*per_row.no_line, *per_row.gentle, *(flat.brief for flat in per_row.flat)]
    lines += _wrapped_all(others, width, "  ")
    return [per_row.title, *lines] if lines else []


def _grown(content: Page, width: int) -> list[str]:
    """Return the statements that name other columns, but only where nothing else changed."""
    if not content.only_grown:
        return []
    lines = [text for shared in content.grown for text in _shared(shared, width)]
    return ["The same statements with other columns", *lines]


def _work(content: Page, width: int, paint: Paint) -> list[str]:
    work = content.work
    if not work.shown:
        return []
    table = _table("Database work per request", work.table, content, width, paint, LATENCY)
    lines = table or ["Database work per request"]
    for shared in work.later:
        lines += _shared(shared, width)
    return lines + _wrapped_all(work.surroundings, width, "  ")


def _shared(shared: Shared, width: int) -> Iterator[str]:
    """Yield a statement that several endpoints have in common, and which."""
    room = max(width - len(shared.line.mark) - len("  : "), _LEAST_SQL)
    line = shared.line
    yield from _wrapped(f"{line.mark}: {sql.brief(line.statement, room, line.columns)}", width, "  ")
    yield from _wrapped(f"by {shared.by}", width, _INDENT)


def _missing(content: Page, width: int) -> list[str]:
    return _listed("Missing endpoints", [_of(m.cell, m.endpoint, m.words) for m in content.missing], width)


def _failed(content: Page, width: int) -> list[str]:
    lines = []
    for failed in content.failed:
        lines += [_of(failed.cell, failed.endpoint, failed.words), *(f"  {text}" for text in failed.examples)]
    return _listed("Failed checks", lines, width)


def _of(cell: str, endpoint: str, words: str, then: str = ": ") -> str:
    return f"{endpoint}{f' in {cell}' if cell else ''}{then}{words}"


def _broken(content: Page, width: int) -> list[str]:
    lines = []
    for broken in content.broken:
        lines += [
            f"{broken.cell}: {broken.words}",
            *(f"  | {text}" for text in broken.log[-_LOG_LINES_SHOWN:]),
        ]
    return _listed("Could not be measured", lines, width)


def _facts(content: Page) -> list[str]:
    """Return what the run could see and where it ran; a quiet run says only the first."""
    took = f"Took {content.timings}" if content.timings else ""
    if content.quiet:
        return [text for text in (content.detectable, took) if text]
    tools = f"Tools: {content.tools}" if content.tools else ""
    return [
        text for text in (content.detectable, *content.rules, f"Host: {content.host}", tools, took) if text
    ]


def _glossary(content: Page) -> list[str]:
    return [f"{word}: {meaning}" for word, meaning in content.glossary]


def _pointers(content: Page) -> list[str]:
    """Return what is to be copied, unwrapped: a terminal wraps it without breaking it."""
    again = [f"Again: {content.reproduce}"] if content.reproduce else []
    return again + ([f"Whole report: {content.report}"] if content.report else [])


def _listed(title: str, items: Sequence[str], width: int) -> list[str]:
    return [title, *_wrapped_all(items, width, "  ")] if items else []


def _wrapped_all(items: Sequence[str], width: int, indent: str = "") -> list[str]:
    return [text for item in items for text in _wrapped(item, width, indent)]


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )


def _coloured(text: str, verdict: Verdict | None) -> str:
    return click.style(text, fg=_COLOURS[verdict]) if verdict else text

"""A comparison for a terminal: plain lines, colour as decoration only, never wider than asked."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

import click
from tabulate import tabulate

from perf_matrix.compare.model import Comparison, GateResult, Verdict
from perf_matrix.report import sql
from perf_matrix.report.columns import COMPACT, Column, Part, Text, columns, statement_mark, widths
from perf_matrix.report.page import Page, page
from perf_matrix.report.plain import shortened
from perf_matrix.report.table import Row, Table

Paint = Callable[[str, Verdict | None], str]

_COLOURS: dict[Verdict, str] = {
    "regression": "red",
    "improvement": "green",
    "pass": "green",
    "inconclusive": "yellow",
    "invalid": "magenta",
}
_INDENT = "    "
_STATEMENTS_SHOWN = 5
_LOG_LINES_SHOWN = 12
_LEAST_NAME = 8
_MOST_NAME = 32

# What is left out first where the terminal is narrow, with the words that say so.
_SHED: tuple[tuple[str, frozenset[Part]], ...] = (
    ("pairs/blocks", frozenset({("n", "all")})),
    ("p99", frozenset({("p99", "all")})),
    ("p", frozenset({("p50", "p"), ("p95", "p")})),
    ("p95 interval", frozenset({("p95", "interval")})),
    ("p95 values", frozenset({("p95", "values")})),
    ("p50 interval", frozenset({("p50", "interval")})),
    ("verdict", frozenset({("verdict", "all")})),
    ("p95", frozenset({("p95", "all")})),
    ("p50 values", frozenset({("p50", "values")})),
)


def render_terminal(
    comparison: Comparison, *, width: int, colour: bool, reproduce: str = "", report: str = ""
) -> str:
    """Return the report as text of at most ``width`` columns, 80 or more, ending in a newline.

    Only commands and paths, which are to be copied, may be longer than that.
    ``reproduce`` is the command that runs the comparison again, ``report`` where the whole report is; both
    are left out where empty. ``colour`` adds ANSI colours, which never carry anything that words do not.
    """
    content = page(comparison, reproduce=reproduce, report=report)
    paint = _coloured if colour else _plain
    sections = [_opening(content, comparison.verdict, width, paint), *_sections(content, width, paint)]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _sections(content: Page, width: int, paint: Paint) -> Iterator[list[str]]:
    yield _table("What changed, worst first", content.changed, content.gate, width, paint)
    yield _table("Undecided", content.undecided, content.gate, width, paint)
    yield _table("Unchanged", content.unchanged, content.gate, width, paint, COMPACT)
    yield _missing(content, width)
    yield _failed(content, width)
    yield _broken(content, width)
    yield _listed("Warnings", content.warnings, width)
    yield _wrapped_all(_facts(content), width)
    if not content.quiet:
        yield ["What the words mean", *_wrapped_all(_glossary(content), width, "  ")]
    yield _pointers(content)


def _opening(content: Page, verdict: Verdict, width: int, paint: Paint) -> list[str]:
    lines = [paint(text, verdict) for text in textwrap.wrap(content.headline, width, break_on_hyphens=False)]
    return lines + textwrap.wrap(f"Next: {content.step}", width)


def _table(
    title: str,
    table: Table,
    gate: GateResult,
    width: int,
    paint: Paint,
    needless: frozenset[Part] = frozenset(),
) -> list[str]:
    if not table.rows:
        return []
    left_out, chosen = _fitted(table, gate, width, needless)
    lines = [title, *_laid_out(table, chosen, _name_limit(table, chosen, width), width, paint)]
    if left_out:
        lines += textwrap.wrap(f"Left out at {width} columns: {', '.join(left_out)}.", width)
    return lines


def _fitted(
    table: Table, gate: GateResult, width: int, needless: frozenset[Part]
) -> tuple[list[str], list[Column]]:
    """Leave out one thing after another until the table fits; return what was left out, and the columns."""
    left_out: list[str] = []
    chosen = columns(table, gate, needless)
    for words, parts in _SHED:
        if _width(table, chosen) <= width:
            break
        needless |= parts
        fewer = columns(table, gate, needless)
        left_out += [words] if _headers(fewer) != _headers(chosen) else []
        chosen = fewer
    return left_out, chosen


def _headers(chosen: Sequence[Column]) -> list[str]:
    return [column.header for column in chosen]


def _width(table: Table, chosen: Sequence[Column]) -> int:
    return max(len(text) for text in _grid(table, chosen, None, _plain))


def _name_limit(table: Table, chosen: Sequence[Column], width: int) -> int | None:
    """Return how long names may be for the table to fit; None where they need not be shortened."""
    excess = _width(table, chosen) - width
    if excess <= 0:
        return None
    names = [column for column in chosen if column.group in ("cell", "endpoint")]
    longest = [min(max(len(column.text(row).parts[0]) for row in table.rows), _MOST_NAME) for column in names]
    return max((sum(longest) - excess) // len(names), _LEAST_NAME)


def _laid_out(
    table: Table, chosen: Sequence[Column], limit: int | None, width: int, paint: Paint
) -> list[str]:
    header, rule, *body = _grid(table, chosen, limit, paint)
    lines = [header.rstrip(), rule]
    for row, text in zip(table.rows, body, strict=True):
        lines += [text.rstrip(), *_details(row, width)]
    return lines


def _grid(table: Table, chosen: Sequence[Column], limit: int | None, paint: Paint) -> list[str]:
    """Return a line for the header, one for the rule below it and one for each row."""
    filled = [_filled(column, table.rows, limit, paint) for column in chosen]
    lines = list(zip(*filled, strict=True))
    return tabulate(lines, tablefmt="plain", disable_numparse=True, preserve_whitespace=True).splitlines()


def _filled(column: Column, rows: Sequence[Row], limit: int | None, paint: Paint) -> list[str]:
    """Return the header of a column, its rule and its cells, their parts lined up."""
    texts = [_limited(column.text(row), limit or _MOST_NAME) for row in rows]
    sizes = widths(texts, len(column.sides))
    aligned = [_aligned(text, column, sizes) for text in texts]
    rule = "-" * max(map(len, [column.header, *aligned]))
    return [column.header, rule, *map(paint, aligned, (text.verdict for text in texts))]


def _limited(text: Text, limit: int) -> Text:
    if not text.outside:
        return text
    return Text(tuple(shortened(part, limit) for part in text.parts), text.verdict, text.outside)


def _aligned(text: Text, column: Column, sizes: Sequence[int]) -> str:
    pairs = zip(text.parts, column.sides, sizes, strict=False)
    return " ".join(part.rjust(size) if side == "right" else part.ljust(size) for part, side, size in pairs)


def _details(row: Row, width: int) -> Iterator[str]:
    """Yield the lines that explain a row: the SQL that changed, then notes."""
    shown = row.statements[:_STATEMENTS_SHOWN]
    marks = [statement_mark(shift) for shift in shown]
    size = max(map(len, marks), default=0)
    for shift, mark in zip(shown, marks, strict=True):
        start = f"{_INDENT}{mark:<{size}}  "
        yield start + sql.brief(shift.statement, width - len(start))
    if len(row.statements) > len(shown):
        yield f"{_INDENT}and {len(row.statements) - len(shown)} more statements"
    for note in row.notes:
        yield from _wrapped(note, width, _INDENT)


def _missing(content: Page, width: int) -> list[str]:
    return _listed("Missing endpoints", [_of(m.cell, m.endpoint, m.words) for m in content.missing], width)


def _failed(content: Page, width: int) -> list[str]:
    lines = []
    for failed in content.failed:
        lines += [_of(failed.cell, failed.endpoint, failed.words), *(f"  {text}" for text in failed.examples)]
    return _listed("Failed checks", lines, width)


def _of(cell: str, endpoint: str, words: str) -> str:
    return f"{endpoint}{f' in {cell}' if cell else ''}: {words}"


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


def _plain(text: str, _verdict: Verdict | None) -> str:
    return text


def _coloured(text: str, verdict: Verdict | None) -> str:
    return click.style(text, fg=_COLOURS[verdict]) if verdict else text

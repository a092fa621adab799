"""Tables of a terminal: columns lined up, left out one after another until the table is narrow enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tabulate import tabulate

from perf_matrix.compare.model import GateResult, Verdict
from perf_matrix.report.columns import Column, Part, Text, columns, widths
from perf_matrix.report.load import Figure
from perf_matrix.report.plain import shortened
from perf_matrix.report.table import Row, Table

Paint = Callable[[str, Verdict | None], str]

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
    ("rows", frozenset({("rows", "all")})),
    ("SQL cold", frozenset({("cold", "all")})),
    ("DB share", frozenset({("share", "all")})),
    ("verdict", frozenset({("verdict", "all")})),
    ("p95", frozenset({("p95", "all")})),
    ("p50 values", frozenset({("p50", "values")})),
    ("DB time", frozenset({("db", "all")})),
)


def grid(
    table: Table, gate: GateResult, width: int, paint: Paint, needless: frozenset[Part]
) -> tuple[list[str], list[str]]:
    """Return the table's lines (header, rule, one for each row) and the names of what was left out."""
    left_out, chosen = _fitted(table, gate, width, needless)
    return _lines(table, chosen, _name_limit(table, chosen, width), paint), left_out


def figures(found: Sequence[Figure]) -> list[str]:
    """Return the lines of a small table, one for each number of both arms; none where there is none."""
    if not found:
        return []
    lines = [(one.name, one.base, "→", one.head, one.change) for one in found]
    sides = ("left", "right", "left", "right", "right")
    laid_out = tabulate(lines, tablefmt="plain", disable_numparse=True, colalign=sides)
    return [f"  {text.rstrip()}" for text in laid_out.splitlines()]


def unpainted(text: str, _verdict: Verdict | None) -> str:
    """Return the text as it is: what to paint with where there are no colours."""
    return text


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
    return max(len(text) for text in _lines(table, chosen, None, unpainted))


def _name_limit(table: Table, chosen: Sequence[Column], width: int) -> int | None:
    """Return how long names may be for the table to fit; None where they need not be shortened."""
    excess = _width(table, chosen) - width
    if excess <= 0:
        return None
    names = [column for column in chosen if column.group in ("cell", "endpoint")]
    longest = [min(max(len(column.text(row).parts[0]) for row in table.rows), _MOST_NAME) for column in names]
    return max((sum(longest) - excess) // len(names), _LEAST_NAME)


def _lines(table: Table, chosen: Sequence[Column], limit: int | None, paint: Paint) -> list[str]:
    """Return a line for the header, one for the rule below it and one for each row."""
    filled = [_filled(column, table.rows, limit, paint) for column in chosen]
    lines = list(zip(*filled, strict=True))
    laid_out = tabulate(lines, tablefmt="plain", disable_numparse=True, preserve_whitespace=True)
    return [text.rstrip() for text in laid_out.splitlines()]


def _filled(column: Column, rows: Sequence[Row], limit: int | None, paint: Paint) -> list[str]:
    """Return the header of a column, its rule and its cells, their parts lined up."""
    texts = [_limited(column.text(row), limit or _MOST_NAME) for row in rows]
    sizes = widths(texts, len(column.sides))
    aligned = [_aligned(text, column, sizes) for text in texts]
    rule = "-" * max(map(len, [column.header, *aligned]))
    painted = [_painted(words, text.verdict, paint) for words, text in zip(aligned, texts, strict=True)]
    return [column.header, rule, *painted]


def _painted(text: str, verdict: Verdict | None, paint: Paint) -> str:
    """Paint the text and not the blanks after it, which no line should end in."""
    bare = text.rstrip()
    return paint(bare, verdict) + text[len(bare) :]


def _limited(text: Text, limit: int) -> Text:
    if not text.outside:
        return text
    return Text(tuple(shortened(part, limit) for part in text.parts), text.verdict, text.outside)


def _aligned(text: Text, column: Column, sizes: Sequence[int]) -> str:
    pairs = zip(text.parts, column.sides, sizes, strict=False)
    return " ".join(part.rjust(size) if side == "right" else part.ljust(size) for part, side, size in pairs)

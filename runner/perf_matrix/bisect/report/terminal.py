"""A bisection for a terminal: plain lines, colour as decoration only, never wider than asked."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

import click
from tabulate import tabulate

from perf_matrix.bisect.model import Bisection
from perf_matrix.bisect.report.clean import cleaned
from perf_matrix.bisect.report.page import CulpritPart, FilePart, Page, SkippedPart, SymptomPart, page
from perf_matrix.bisect.report.versions import CULPRIT, LEGEND, Measured, Row, measured
from perf_matrix.report import sql
from perf_matrix.report.plain import shortened
from perf_matrix.report.statements import StatementLine, place_words

Paint = Callable[[str, str], str]

_COLOURS = {
    "regression": "red",
    "improvement": "green",
    "inconclusive": "yellow",
}
_INDENT = "  "
_DEEPER = "    "
_STATEMENTS_SHOWN = 5
_MERGED_SHOWN = 5
_LOG_LINES_SHOWN = 5
_LOGS_SHOWN = 3
_SKIPPED_SHOWN = 10
_ROWS_SHOWN = 40
_LEAST_SQL = 40
_NAME_LIMIT = 40
_HEADER_LIMIT = 18


def render_terminal(bisection: Bisection, *, width: int, colour: bool, report: str = "") -> str:
    """Return the report as text of at most ``width`` columns, 80 or more, ending in a newline.

    Only commands, addresses and paths, which are to be copied, may be longer than that. ``report`` is where the
    whole report is, left out where empty. ``colour`` adds ANSI colours, which never carry anything that words do not.
    """
    clean = cleaned(bisection)
    content = page(clean, report=report)
    paint = _coloured if colour else _unpainted
    sections = _sections(content, measured(clean, _ROWS_SHOWN), width, paint)
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _sections(content: Page, table: Measured, width: int, paint: Paint) -> Iterator[list[str]]:
    yield _opening(content, width, paint)
    yield _advice(content)
    for symptom in content.symptoms:
        yield list(_symptom(symptom, width, paint))
    yield _wrapped(content.unseen, width)
    yield _table(table, width, paint)
    yield _skipped(content.skipped, width)
    yield _listed("Warnings", content.warnings, width)
    yield _facts(content, width)
    yield _pointers(content)


def _opening(content: Page, width: int, paint: Paint) -> list[str]:
    first, *others = content.answers
    lines = [paint(text, content.mood) for text in _wrapped(first, width)]
    return [*lines, *_wrapped_all(others, width), *_wrapped(f"Searched: {content.range}.", width)]


def _advice(content: Page) -> list[str]:
    """Return the advice unwrapped: it may hold commands that are to be copied."""
    return [content.next, *(f"{_INDENT}- {text}" for text in content.advice)] if content.advice else []


def _symptom(symptom: SymptomPart, width: int, paint: Paint) -> Iterator[str]:
    """Yield a symptom: its title, what became of it, its culprits."""
    yield from _wrapped(f"{symptom.endpoint} · {symptom.metric} · {symptom.span}", width)
    yield from _wrapped_all([symptom.together, *symptom.words], width, _INDENT)
    for culprit in symptom.culprits:
        yield from _culprit(culprit, width, paint, _INDENT)
    yield from _wrapped(symptom.unseen, width, _INDENT)


def _culprit(culprit: CulpritPart, width: int, paint: Paint, indent: str) -> Iterator[str]:
    """Yield a culprit: what it did, who changed it, how sure that is, then what may explain it."""
    mood = "regression" if culprit.worse else "improvement"
    for text in _wrapped(f"{culprit.name} {culprit.move} ({culprit.sure})", width, indent):
        yield text[: len(indent)] + paint(text[len(indent) :], mood)
    deeper = f"{indent}{_INDENT}"
    said = [culprit.several, culprit.commit, culprit.confirmed, *_latency(culprit), *culprit.causes]
    yield from _wrapped_all(said, width, deeper)
    yield from _statements(culprit.statements, width, deeper)
    yield from _files(culprit, width, deeper)
    yield from (f"{deeper}{words}: {address}" for words, address in _addresses(culprit))
    yield from _inside(culprit, width, paint, deeper)
    if culprit.go_on:
        yield f"{deeper}Look closer: {culprit.go_on}"


def _latency(culprit: CulpritPart) -> list[str]:
    return [f"p50 side by side: {culprit.latency}"] if culprit.latency else []


def _statements(statements: Sequence[StatementLine], width: int, indent: str) -> Iterator[str]:
    """Yield the first few statements, their marks lined up, and below each what is known of it."""
    shown = statements[:_STATEMENTS_SHOWN]
    size = max((len(line.mark) for line in shown), default=0)
    for line in shown:
        start = f"{indent}{line.mark:<{size}}  "
        yield start + sql.brief(line.statement, max(width - len(start), _LEAST_SQL))
        yield from _wrapped_all([*line.remarks, *_place(line)], width, f"{indent}{_INDENT}")
    if len(statements) > len(shown):
        yield f"{indent}and {len(statements) - len(shown)} more statements"


def _place(line: StatementLine) -> list[str]:
    return [" ".join(place_words(line.places[0]))] if line.places else []


def _files(culprit: CulpritPart, width: int, indent: str) -> Iterator[str]:
    if culprit.files or culprit.more_files:
        yield f"{indent}Changed files, the likeliest first:"
    for file in culprit.files:
        yield from _wrapped(_file(file), width, f"{indent}{_INDENT}")
    if culprit.more_files:
        yield f"{indent}{_INDENT}and {culprit.more_files:,} more"


def _file(file: FilePart) -> str:
    return f"{file.path} {file.change}" + (f": {file.because}" if file.because else "")


def _addresses(culprit: CulpritPart) -> Iterator[tuple[str, str]]:
    if culprit.commit_url:
        yield "Commit", culprit.commit_url
    yield from ((link.text, link.url) for link in culprit.links if link.url)


def _inside(culprit: CulpritPart, width: int, paint: Paint, indent: str) -> Iterator[str]:
    """Yield what a merge commit brought in: the culprits among its commits, then those commits."""
    deeper = f"{indent}{_INDENT}"
    if culprit.inside or culprit.merge_note:
        yield f"{indent}Inside this merge commit:"
    yield from _wrapped(culprit.merge_note, width, deeper)
    for one in culprit.inside:
        yield from _culprit(one, width, paint, deeper)
    if culprit.merged:
        yield f"{indent}Commits that it merged, oldest first:"
    yield from _wrapped_all(culprit.merged[:_MERGED_SHOWN], width, deeper)
    if len(culprit.merged) > _MERGED_SHOWN:
        yield f"{deeper}and {len(culprit.merged) - _MERGED_SHOWN} more"


def _table(table: Measured, width: int, paint: Paint) -> list[str]:
    """Return the table of versions and symptoms, with as many columns of symptoms as there is room for."""
    if not table.headers:
        return []
    count = next(n for n in range(len(table.headers), 0, -1) if n == 1 or _fits(table, n, width))
    header, rule, *body = _grid(table, count)
    rows = [_painted(text, row, paint) for text, row in zip(body, table.rows, strict=True)]
    left = [f"{name} {metric}" for name, metric in table.headers[count:]]
    said = _wrapped(f"Left out at {width} columns: {', '.join(left)}.", width) if left else []
    title = "All that was measured, in the order of the history"
    return [title, header, rule, *rows, *_wrapped(f"{LEGEND}.", width), *said]


def _fits(table: Measured, count: int, width: int) -> bool:
    return max(map(len, _grid(table, count))) <= width


def _grid(table: Measured, count: int) -> list[str]:
    """Return a line for the header, the rule and each row, with the first ``count`` symptoms."""
    heads = [f"{shortened(name, _HEADER_LIMIT)} {metric}" for name, metric in table.headers[:count]]
    lines = [["version", *(["date"] if table.dated else []), *heads]]
    lines += [_line(row, count, table.dated) for row in table.rows]
    rule = ["-" * max(map(len, column)) for column in zip(*lines, strict=True)]
    laid_out = tabulate(
        [lines[0], rule, *lines[1:]], tablefmt="plain", disable_numparse=True, preserve_whitespace=True
    ).splitlines()
    return [text.rstrip() for text in laid_out[:2]] + [
        row.name if row.between else text.rstrip() for row, text in zip(table.rows, laid_out[2:], strict=True)
    ]


def _line(row: Row, count: int, dated: bool) -> list[str]:  # noqa: FBT001 - a fact of the table
    name = "…" if row.between else shortened(row.name, _NAME_LIMIT)
    return [name, *([row.date] if dated else []), *(_value(row, number) for number in range(count))]


def _value(row: Row, number: int) -> str:
    if row.between:
        return ""
    value = row.values[number]
    return f"{value.text} {CULPRIT}" if value.culprit else value.text


def _painted(text: str, row: Row, paint: Paint) -> str:
    return paint(text, "inconclusive") if any(value.culprit for value in row.values) else text


def _skipped(skipped: Sequence[SkippedPart], width: int) -> list[str]:
    lines = []
    for number, part in enumerate(skipped[:_SKIPPED_SHOWN]):
        lines += _wrapped(f"{part.names}: {part.reason}", width, _INDENT)
        log = part.log[-_LOG_LINES_SHOWN:] if number < _LOGS_SHOWN else []
        lines += [shortened(f"{_DEEPER}| {text}", width) for text in log]
    rest = len(skipped) - _SKIPPED_SHOWN
    lines += [f"{_INDENT}and {rest} more"] if rest > 0 else []
    return ["Could not be measured", *lines] if lines else []


def _facts(content: Page, width: int) -> list[str]:
    """Return what it took and where it ran."""
    tools = f"Tools: {content.tools}" if content.tools else ""
    return _wrapped_all([f"Took {content.spent}.", f"Host: {content.host}", tools], width)


def _pointers(content: Page) -> list[str]:
    """Return what is to be copied, unwrapped: a terminal wraps it without breaking it."""
    again = [f"Again: {content.again}"] if content.again else []
    return again + ([f"Whole report: {content.report}"] if content.report else [])


def _listed(title: str, items: Sequence[str], width: int) -> list[str]:
    bulleted = [
        line
        for item in items
        for line in textwrap.wrap(
            f"- {item}", width, initial_indent=_INDENT, subsequent_indent=_DEEPER, break_on_hyphens=False
        )
    ]
    return [title, *bulleted] if bulleted else []


def _wrapped_all(items: Sequence[str], width: int, indent: str = "") -> list[str]:
    return [text for item in items for text in _wrapped(item, width, indent)]


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Return the text in lines of at most ``width`` columns, none where it is empty."""
    deeper = f"{indent}{_INDENT}" if indent else ""
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=deeper, break_on_hyphens=False)


def _coloured(text: str, mood: str) -> str:
    return click.style(text, fg=_COLOURS[mood])


def _unpainted(text: str, _mood: str) -> str:
    return text

"""A bisection as GitHub's Markdown, to be pasted into an issue: short first, the details folded.

What GitHub takes is limited, so a report that is too long is made again with less in it, in planned steps, and
says so: first without whole statements and logs, then without the table of versions and the changed files, then
only the answers and the commands, at last the answers alone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import PackageLoader

from perf_matrix.bisect.model import Bisection
from perf_matrix.bisect.report.clean import cleaned
from perf_matrix.bisect.report.page import CulpritPart, Page, page
from perf_matrix.bisect.report.versions import CULPRIT, LEGEND, Row
from perf_matrix.report import escape, sql
from perf_matrix.report.plain import shortened
from perf_matrix.report.statements import StatementLine, place_words
from perf_matrix.report.templating import markdown_templates

if TYPE_CHECKING:
    from jinja2 import Environment

LIMIT = 65_536
LEAST_LIMIT = 12_000
_SQL_WIDTH = 120
_PLACE_WIDTH = 200
_WORDS_WIDTH = 600
_LINE_WIDTH = 300
_LOG_LINES_SHOWN = 40
_MENTION = re.compile(r"([@#]|GH-)(?=\w)", re.IGNORECASE)
_APART = "\N{ZERO WIDTH SPACE}"


@dataclass(frozen=True, slots=True)
class _Size:
    """One degree of shortness: how many symptoms, statements of each culprit and columns there are.

    ``command`` is how long a command may be; ``folds`` whether tables and files are there, ``whole`` also logs and
    statements in full.
    """

    symptoms: int
    statements: int
    columns: int
    command: int
    folds: bool
    whole: bool


_SIZES = (
    _Size(symptoms=100, statements=5, columns=20, command=4_000, folds=True, whole=True),
    _Size(symptoms=100, statements=5, columns=12, command=4_000, folds=True, whole=False),
    _Size(symptoms=30, statements=3, columns=6, command=2_000, folds=True, whole=False),
    _Size(symptoms=30, statements=2, columns=0, command=2_000, folds=False, whole=False),
    _Size(symptoms=8, statements=1, columns=0, command=1_000, folds=False, whole=False),
    _Size(symptoms=2, statements=0, columns=0, command=500, folds=False, whole=False),
    _Size(symptoms=0, statements=0, columns=0, command=0, folds=False, whole=False),
)


def render_markdown(bisection: Bisection, *, limit: int = LIMIT, report: str = "") -> str:
    """Return the report in at most ``limit`` bytes of UTF-8, and so never in more characters either.

    ``report`` is where the whole report is. Raises ValueError where ``limit`` is below ``LEAST_LIMIT``, which the
    answers alone may need.
    """
    if limit < LEAST_LIMIT:
        raise ValueError(f"a report needs {LEAST_LIMIT} bytes or more, not {limit}")
    content = page(cleaned(bisection), report=report)
    return next(text for text in _rendered(content) if len(text.encode()) <= limit)


def _rendered(content: Page) -> Iterator[str]:
    template = _environment().get_template("bisection.md.j2")
    for size in _SIZES:
        yield template.render(page=content, size=size, shortened=size is not _SIZES[0], legend=LEGEND)


@cache
def _environment() -> Environment:
    """Return the templates' engine with the filters of these templates."""
    environment = markdown_templates()
    environment.loader = PackageLoader("perf_matrix.bisect.report")
    environment.filters |= {"code": escape.code, "fence": escape.fence, "brief": _brief, "remarks": _remarks}
    environment.filters |= {"link": _link, "path": _path, "row": _row, "header": _header, "words": _words}
    environment.filters |= {"rest": _rest, "within": _within, "log": _log, "summary": _summary}
    return environment


def _words(text: str) -> str:
    return shortened(text, _WORDS_WIDTH)


def _link(text: str, url: str) -> escape.Markdown:
    """Return a link; an address is empty or plain, the page sees to that."""
    return escape.Markdown(f"[{escape.prose(text)}]({url})") if url else escape.prose(text)


def _path(path: str, url: str) -> escape.Markdown:
    return escape.Markdown(f"[{escape.code(path)}]({url})") if url else escape.code(path)


def _log(lines: Sequence[str]) -> escape.Markdown:
    """Return the last lines of a log in a block, indented as part of a list's item."""
    text = "\n".join(shortened(line, _LINE_WIDTH) for line in lines[-_LOG_LINES_SHOWN:])
    return escape.Markdown(escape.fence(text).replace("\n", "\n  "))


def _brief(line: StatementLine) -> escape.Markdown:
    """Return a statement on one line behind its mark."""
    return escape.Markdown(f"{escape.prose(line.mark)} {escape.code(sql.brief(line.statement, _SQL_WIDTH))}")


def _remarks(line: StatementLine) -> list[escape.Markdown]:
    """Return what is known of a statement: its tables, how it was sent before, where it may come from."""
    remarks = [escape.prose(remark) for remark in line.remarks]
    for place in line.places[:1]:
        words, where, rule = place_words(place)
        at = escape.code(shortened(where, _PLACE_WIDTH))
        remarks.append(escape.Markdown(f"{words} {at} {escape.prose(shortened(rule, _PLACE_WIDTH))}"))
    return remarks


def _header(headers: list[tuple[str, str]], columns: int) -> escape.Markdown:
    """Return the cells of the symptoms in the table's header."""
    cells = [f"{escape.prose(name)}<br>{escape.prose(metric)}" for name, metric in headers[:columns]]
    return escape.Markdown(" | ".join(cells))


def _row(row: Row, columns: int) -> escape.Markdown:
    """Return the cells of a row's symptoms; the culprit's are set in bold."""
    cells = [
        f"**{escape.prose(value.text)}** {CULPRIT}" if value.culprit else escape.prose(value.text)
        for value in row.values[:columns]
    ]
    return escape.Markdown(" | ".join(cells))


def _summary(text: str) -> escape.Markdown:
    """Return a text for the title of a fold, which is HTML: there Markdown's own escapes would be seen."""
    return escape.Markdown(html.escape(_MENTION.sub(rf"\1{_APART}", text)))


def _rest(shown: int, there: int) -> int:
    return max(there - shown, 0)


def _within(culprit: CulpritPart) -> list[CulpritPart]:
    """Return a culprit and those within it, if it is a merge."""
    return [culprit, *culprit.inside]

"""A comparison as one HTML file that needs nothing else: no script, no network, style inside.

The page's policy forbids scripts and every request; the only style that it allows is the one in the file,
by its hash, so that even text that got past the escaping could neither run nor load anything.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from perf_matrix.compare.model import Comparison
from perf_matrix.report import sql
from perf_matrix.report.columns import COMPACT, LATENCY, MARKS, UNDER_LOAD, grouped
from perf_matrix.report.page import page
from perf_matrix.report.plot import plot
from perf_matrix.report.statements import StatementLine, place_words
from perf_matrix.report.table import Row

_SQL_WIDTH = 160
_STYLE = "report.css"


@dataclass(frozen=True, slots=True)
class Bars:
    """The parts of the requests' time that each arm spends in the database, in percent: 0 to 100."""

    base: float
    head: float


def render_html(comparison: Comparison, *, reproduce: str = "", report: str = "") -> str:
    """Return the whole report as one HTML file.

    ``reproduce`` is the command that runs the comparison again, ``report`` where the whole report is; both are
    left out where empty.
    """
    environment = _environment()
    style = environment.get_template(_STYLE).render()
    return environment.get_template("report.html.j2").render(
        page=page(comparison, reproduce=reproduce, report=report),
        verdict=comparison.verdict,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def pieces(statement: str, columns: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Cut a statement where columns are first named, which is in its list; True marks their names."""
    done = 0
    for start, end in sorted(filter(None, (_first(statement, column) for column in columns))):
        if start >= done:
            yield statement[done:start], False
            yield statement[start:end], True
            done = end
    yield statement[done:], False


@cache
def _environment() -> Environment:
    """Return the templates' engine: everything is escaped, an unknown name is an error."""
    environment = Environment(
        loader=PackageLoader("perf_matrix.report"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"brief": _brief, "pieces": _pieces, "bars": _bars, "plot": plot}
    environment.filters |= {"place": place_words}
    environment.globals |= {"groups": grouped, "compact": COMPACT, "latency": LATENCY, "marks": MARKS}
    environment.globals |= {"under_load": UNDER_LOAD}
    return environment


def _first(statement: str, column: str) -> tuple[int, int] | None:
    """Return where a column is first named, in quotation marks or without."""
    name = re.escape(column.strip('"'))
    found = re.search(rf'"{name}"|(?<![\w"]){name}(?![\w"])', statement) if name else None
    return found.span() if found else None


def _pieces(line: StatementLine) -> list[tuple[str, bool]]:
    return list(pieces(line.statement, line.columns))


def _brief(line: StatementLine) -> str:
    return sql.brief(line.statement, _SQL_WIDTH, line.columns)


def _bars(row: Row) -> Bars | None:
    """Return the bars of a row, where the share was measured on both arms."""
    share = row.work.db_share if row.work else None
    if share is None or share.base is None or share.head is None:
        return None
    base, head = (round(100 * min(max(value, 0.0), 1.0), 1) for value in (share.base, share.head))
    return Bars(base, head)

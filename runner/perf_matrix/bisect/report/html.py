"""A bisection as one HTML file that needs nothing else: no script, no network, style and pictures inside.

The page's policy forbids scripts and every request; the only style that it allows is the one in the file,
by its hash, so that even text that got past the escaping could neither run nor load anything. Links to commits
and changes are there to be followed; they name no referrer.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from perf_matrix.bisect.model import Bisection, SymptomResult
from perf_matrix.bisect.report.clean import cleaned
from perf_matrix.bisect.report.drawing import NARROW, WIDE, Drawing, drawing
from perf_matrix.bisect.report.page import page
from perf_matrix.bisect.report.versions import CULPRIT, LEGEND, measured
from perf_matrix.report import sql
from perf_matrix.report.statements import StatementLine, place_words

_SQL_WIDTH = 160
_MOST_ROWS = 200
_STYLE = "bisection.css"


def render_html(bisection: Bisection, *, report: str = "") -> str:
    """Return the whole report as one HTML file; ``report`` is where the whole report is, left out where empty."""
    clean = cleaned(bisection)
    style = templates().get_template(_STYLE).render()
    return (
        templates()
        .get_template("bisection.html.j2")
        .render(
            page=page(clean, report=report),
            measured=measured(clean, _MOST_ROWS),
            pictures=[_pictures(clean, symptom) for symptom in clean.symptoms],
            legend=LEGEND,
            culprit_mark=CULPRIT,
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        )
    )


def _pictures(bisection: Bisection, symptom: SymptomResult) -> list[Drawing]:
    """Return a symptom's picture for wide and for narrow windows; none where there is nothing to see."""
    if symptom.state == "not reproduced":
        return []
    drawings = (drawing(bisection, symptom, layout) for layout in (WIDE, NARROW))
    return [each for each in drawings if each]


@cache
def templates() -> Environment:
    """Return the templates' engine: everything is escaped, an unknown name is an error."""
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader("perf_matrix.bisect.report"), PackageLoader("perf_matrix.report")]
        ),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"brief": _brief, "place": place_words}
    return environment


def _brief(line: StatementLine) -> str:
    return sql.brief(line.statement, _SQL_WIDTH)

"""The picture of a symptom as an SVG file of its own; in the HTML report the same shapes stand in the page."""

from __future__ import annotations

from perf_matrix.bisect.model import Bisection, SymptomResult
from perf_matrix.bisect.report.clean import cleaned
from perf_matrix.bisect.report.drawing import WIDE, drawing
from perf_matrix.bisect.report.html import templates


def picture(bisection: Bisection, symptom: SymptomResult) -> str:
    """Return the metric of one of the bisection's symptoms over all versions, as an SVG file without script.

    It follows the light or dark scheme of where it is shown. Raises ValueError where nothing of it was measured.
    """
    clean = cleaned(bisection)
    shapes = drawing(clean, clean.symptoms[bisection.symptoms.index(symptom)], WIDE)
    if shapes is None:
        raise ValueError(f"nothing of {symptom.endpoint}/{symptom.metric} was measured: there is no picture")
    return templates().get_template("picture_alone.svg.j2").render(shapes=shapes).strip() + "\n"

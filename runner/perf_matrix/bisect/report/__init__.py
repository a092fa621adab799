"""From a bisection to text: terminal, Markdown, HTML, and a picture for each symptom. Pure.

``names``, ``figures`` and ``sentences`` say each thing in words once, ``page`` says what stands on a page,
``versions`` is the table of what was measured, ``drawing`` the shapes of a picture; the renderers only lay out and
escape. Everything a report shows is in ``bisection.json``, so every report can be made again from it.
"""

from perf_matrix.bisect.report.html import render_html
from perf_matrix.bisect.report.markdown import render_markdown
from perf_matrix.bisect.report.picture import picture
from perf_matrix.bisect.report.sentences import answers, culprit_sentence
from perf_matrix.bisect.report.terminal import render_terminal

__all__ = ["answers", "culprit_sentence", "picture", "render_html", "render_markdown", "render_terminal"]

"""From a comparison to text: terminal, Markdown and HTML. Pure.

One table model (``table``) holds unrounded numbers with their units, ``columns`` says how each is written,
``page`` says what stands on a page; the renderers only lay it out. Everything a report shows is in the
comparison, so every report can be made again from ``comparison.json``.
"""

from perf_matrix.report.exit_code import exit_code
from perf_matrix.report.html import render_html
from perf_matrix.report.markdown import render_markdown
from perf_matrix.report.summaries import closing_line, headline, next_step
from perf_matrix.report.terminal import render_terminal

__all__ = [
    "closing_line",
    "exit_code",
    "headline",
    "next_step",
    "render_html",
    "render_markdown",
    "render_terminal",
]

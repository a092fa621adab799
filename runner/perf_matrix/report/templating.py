"""The engine of the Markdown templates."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from perf_matrix.report import escape


def markdown_templates() -> Environment:
    """Return the templates' engine: what is not Markdown already is escaped, an unknown name is an error."""
    return Environment(  # noqa: S701 - finalize escapes, for Markdown
        loader=PackageLoader("perf_matrix.report"),
        undefined=StrictUndefined,
        finalize=escape.finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

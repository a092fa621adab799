"""A bisection with every text in it harmless; done once, before anything is rendered."""

from __future__ import annotations

from typing import Any

from perf_matrix.bisect.model import Bisection
from perf_matrix.report.plain import block, line


def cleaned(bisection: Bisection) -> Bisection:
    """Return the bisection without control, invisible or direction-changing characters.

    Only SQL statements keep their lines: commit titles, authors, file names, reasons and log lines become one each.
    """
    return Bisection.model_validate(_walk(bisection.model_dump()))


def _walk(value: Any) -> Any:
    if isinstance(value, dict):
        return {line(key): block(item) if key == "statement" else _walk(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item) for item in value]
    return line(value) if isinstance(value, str) else value

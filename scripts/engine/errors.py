"""Why no engine, or no image for it, can be had."""

from __future__ import annotations

from perf_matrix.errors import PerfMatrixError


class NoEngineError(PerfMatrixError):
    """No engine can run here, or a base image can neither be pulled nor built. Says why: tests are skipped with it."""

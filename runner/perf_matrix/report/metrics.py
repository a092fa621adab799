"""What was measured: the latency quantiles in the order in which they are shown, or counts alone."""

from __future__ import annotations

from typing import Literal

from perf_matrix.compare.model import Comparison

Latency = Literal["p50", "p95", "p99"]

LATENCIES: tuple[Latency, ...] = ("p50", "p95", "p99")


def queries_only(comparison: Comparison) -> bool:
    """Tell whether SQL was counted and no latency was measured; then no report mentions latencies."""
    endpoints = [endpoint for cell in comparison.cells for endpoint in cell.endpoints]
    counted = any(endpoint.queries for endpoint in endpoints)
    return counted and not any(endpoint.paired or endpoint.load for endpoint in endpoints)

"""What is searched for: one metric of one endpoint in one cell.  (Pure.)"""

from __future__ import annotations

from dataclasses import dataclass

from perf_matrix.bisect.model import Metric

EXACT: frozenset[Metric] = frozenset(("queries", "answers"))
"""Metrics that are counted: one run tells the value, and it is the same every time."""


@dataclass(frozen=True, order=True)
class Symptom:
    """One metric of one endpoint in one cell."""

    cell: str
    endpoint: str
    metric: Metric

    @property
    def is_exact(self) -> bool:
        """Whether it is counted, not estimated."""
        return self.metric in EXACT

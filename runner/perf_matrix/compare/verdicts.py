"""How verdicts add up: parts to an endpoint, endpoints to a cell, cells to the run."""

from __future__ import annotations

from collections.abc import Iterable

from perf_matrix.compare.model import Verdict

WORST_FIRST: tuple[Verdict, ...] = ("regression", "invalid", "inconclusive", "improvement", "pass")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of the verdicts; 'pass' where there are none."""
    return min(verdicts, key=WORST_FIRST.index, default="pass")

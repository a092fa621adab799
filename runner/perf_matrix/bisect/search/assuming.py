"""What to assume of a noisy symptom before it is searched for: from how far apart the ends are.  (Pure.)"""

from __future__ import annotations

from collections.abc import Sequence

from perf_matrix.bisect.search.posterior import Assumptions, Observation
from perf_matrix.bisect.search.variances import merged

SMALLEST_SHARE = 0.2
"""Of the whole difference between the ends: a jump of less is not looked for, to find it takes many measurements."""

SPREAD = 0.75
"""Of the whole difference: levels between the ends and a little beyond them are what is expected."""


def assumptions_from(end: Sequence[Observation], least: float) -> Assumptions:
    """The assumptions for a symptom that was observed at the bad end. ``least``: the smallest jump that ever counts.

    Raises ValueError without any observation.
    """
    if not end:
        raise ValueError("the bad end was not observed yet; measure it first")
    whole = merged(end).estimate
    matters = max(least, SMALLEST_SHARE * abs(whole))
    return Assumptions(matters=matters, spread=max(SPREAD * abs(whole), 2.0 * matters), centre=whole / 2.0)

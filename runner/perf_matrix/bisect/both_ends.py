"""Comparing both ends: what their runs say, and a longer one where too few requests failed to decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from perf_matrix.bisect.ends import Wanted, suspected_failures, with_failures_of
from perf_matrix.bisect.laboratory import COUNTING, Measurement
from perf_matrix.bisect.prober import Prober
from perf_matrix.bisect.store import Purpose
from perf_matrix.compare.compare import compare
from perf_matrix.compare.model import Comparison

LOOKING_LONGER = "comparing both ends for longer: do requests fail?"
"""What is shown meanwhile."""


def compare_ends(
    both: Measurement, wanted: Wanted, prober: Prober, look_longer: Callable[[Measurement], None]
) -> Comparison:
    """What the last run of the ends says, which was ``both``; of failures that it cannot tell, what a longer one says.

    ``look_longer`` is given that longer measurement where there was none yet, and may leave it out.
    """
    compared = _last(prober, "ends")
    suspected = suspected_failures(compared, wanted)
    if suspected and both.instruments != COUNTING and not prober.trials("longer"):
        look_longer(replace(both, of=suspected, time_s=None))
    return with_failures_of(compared, _last(prober, "longer")) if prober.trials("longer") else compared


def _last(prober: Prober, purpose: Purpose) -> Comparison:
    return compare(prober.record(prober.trials(purpose)[-1]))

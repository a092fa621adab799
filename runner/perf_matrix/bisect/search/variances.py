"""How far a measurement may be off: the noise within runs, pooled over all of them, and that between starts.  (Pure.)

A run's own standard deviation comes from about 8 blocks and is off by a quarter; a run that looks precise by luck
would outweigh the others. The noise of a symptom is much the same in every run, so it is estimated from all of them,
each weighted with its degrees of freedom. What a fresh start adds (memory layout, placement) shows in no run's own
blocks; it is assumed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from perf_matrix.bisect.search.posterior import Observation

BETWEEN_STARTS = 0.01
"""Standard deviation of the logarithm of a latency ratio from one start to the next: 1 %."""

CLEAR_ENDS = 4.0
"""Standard errors that the difference between the ends should be: with less, steps between them drown in the noise."""

MOST_REPEATS = 16
"""Beyond so many measurements of one version its noise is not what more of them would cure."""

_FEWEST_FREEDOM = 3


@dataclass(frozen=True)
class NoisyReading:
    """One run of one version: the mean of its blocks, their variance, and how many they are."""

    version: int
    estimate: float
    block_variance: float
    blocks: int


def pooled_variances(
    readings: Sequence[NoisyReading], between_starts: float = BETWEEN_STARTS
) -> list[Observation]:
    """The readings of one symptom with the variances to search with, in the same order.

    ``between_starts``: a standard deviation, in the unit of the estimates.
    Raises ValueError if no reading has two blocks: there is nothing to tell the noise by.
    """
    if not readings:
        return []
    block = _block_variance(readings)
    return [
        Observation(each.version, each.estimate, block / each.blocks + between_starts**2) for each in readings
    ]


def repeats_from(end: Sequence[Observation]) -> int | None:
    """How many measurements of a version make one that is precise enough, by those of the bad end, in their order.

    As many as it took until the difference to the good end was `CLEAR_ENDS` standard errors, at most `MOST_REPEATS`;
    None where it needs more.
    """
    for count in range(1, min(len(end), MOST_REPEATS) + 1):
        one = merged(end[:count])
        if count == MOST_REPEATS or abs(one.estimate) >= CLEAR_ENDS * sqrt(one.variance):
            return count
    return None


def batched(observations: Sequence[Observation], size: int) -> list[Observation]:
    """The observations with every ``size`` of one version, in their order, as one; what is left over, too."""
    of_version: defaultdict[int, list[Observation]] = defaultdict(list)
    for each in observations:
        of_version[each.version].append(each)
    return [
        merged(found[begin : begin + size])
        for found in of_version.values()
        for begin in range(0, len(found), size)
    ]


def merged(observations: Sequence[Observation]) -> Observation:
    """Observations of one version as one: their mean, weighted by precision. There has to be one."""
    precision = sum(1.0 / each.variance for each in observations)
    estimate = sum(each.estimate / each.variance for each in observations) / precision
    return Observation(observations[0].version, estimate, 1.0 / precision)


def _block_variance(readings: Sequence[NoisyReading]) -> float:
    """The pooled variance of a block, as wide as Student's t with as many degrees of freedom."""
    freedom = sum(each.blocks - 1 for each in readings)
    if freedom < 1:
        raise ValueError("no reading has two blocks, so that their noise is unknown; measure more blocks")
    pooled = sum((each.blocks - 1) * each.block_variance for each in readings) / freedom
    counted = max(freedom, _FEWEST_FREEDOM)
    return pooled * counted / (counted - 2)

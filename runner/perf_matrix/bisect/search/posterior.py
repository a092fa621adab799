"""What noisy observations say about levels that are constant between changes: draws from the exact posterior.  (Pure.)

The model. Between neighbouring versions the level changes with probability p, independently of the others; after a
change it is anywhere, Normal(centre, spread^2). An observation is the level plus Normal(0, variance), the variance
known. The level of the good end is 0, since all comparisons are against it. Such a model, in which the parts between
changes are independent of each other, is a product partition model (D. Barry and J. A. Hartigan, "Product partition
models for change point problems", Annals of Statistics 20 (1992) 260-279). Its posterior needs no Markov chain: one
pass forward over where the current part may have begun, then independent draws backward (P. Fearnhead, "Exact and
efficient Bayesian inference for multiple changepoint problems", Statistics and Computing 16 (2006) 203-213).

Only measured versions matter. Between two of them with g boundaries nothing changes with probability (1 - p)^g; else
their levels are independent and the change is at any of the g boundaries, equally likely.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_LARGEST_P = 0.5


@dataclass(frozen=True)
class Observation:
    """One measurement: the difference to the good end (a logarithm of a ratio, say) and the variance of its error."""

    version: int
    estimate: float
    variance: float


@dataclass(frozen=True)
class Assumptions:
    """What is taken for granted, in the unit of the estimates.

    matters: the smallest jump that counts as a change. centre, spread: mean and standard deviation of the levels
    after a change, before anything is known. changes: how many are expected between the ends.
    """

    matters: float
    spread: float
    centre: float
    changes: float = 1.5


@dataclass(frozen=True)
class Nodes:
    """The measured versions and both ends, in order; K of them.

    versions: their numbers. places: the same, counted over the versions that can be measured. gaps: boundaries from
    each to the next, K - 1 of them. precision: the sum of 1/variance of a node's observations, 0 where there is none;
    weighted: that of (estimate - centre)/variance.
    """

    versions: Ints
    places: Ints
    precision: Floats
    weighted: Floats

    @property
    def gaps(self) -> Ints:
        """Boundaries between each node and the next."""
        return np.diff(self.places)


@dataclass(frozen=True)
class Draws:
    """D independent draws from the posterior, at K nodes; every array is D x K.

    starts: whether another part than the node's before begins here, the first column being true. levels: the drawn
    level. mean, variance: what the level's distribution is, given where the parts begin.
    """

    starts: Bools
    levels: Floats
    mean: Floats
    variance: Floats


@dataclass(frozen=True)
class _Parts:
    """For every part from node i to node j: log marginal likelihood, and its level's mean and variance; K x K."""

    evidence: Floats
    mean: Floats
    variance: Floats


def measurable_versions(measured: Iterable[int], skipped: Collection[int], count: int) -> Ints:
    """All versions but the skipped ones; what was measured can be measured, and the ends belong to it."""
    left_out = set(skipped) - set(measured) - {0, count - 1}
    return np.array([version for version in range(count) if version not in left_out], dtype=np.int64)


def gather(observations: Collection[Observation], measurable: Ints, centre: float) -> Nodes:
    """Merge the observations of each version; ``measurable``: the versions that can be measured, in order."""
    versions = np.array(
        sorted({int(measurable[0]), int(measurable[-1]), *(each.version for each in observations)}),
        dtype=np.int64,
    )
    where = np.searchsorted(versions, [each.version for each in observations]).astype(np.int64)
    precisions = np.array([1.0 / each.variance for each in observations])
    offsets = np.array([each.estimate for each in observations]) - centre
    return Nodes(
        versions=versions,
        places=np.searchsorted(measurable, versions).astype(np.int64),
        precision=_summed(where, precisions, len(versions)),
        weighted=_summed(where, precisions * offsets, len(versions)),
    )


def _summed(where: Ints, values: Floats, count: int) -> Floats:
    """The sums of the values that belong to each of ``count`` places."""
    sums = np.zeros(count)
    np.add.at(sums, where, values)
    return sums


def draw(nodes: Nodes, assumptions: Assumptions, size: int, rng: np.random.Generator) -> Draws:
    """Draw ``size`` histories of the level from the posterior."""
    parts = _parts(nodes, assumptions)
    weights = _forward(parts.evidence, *_gap_logs(nodes, assumptions))
    starts = _backward(weights, size, rng)
    first, last = _bounds(starts)
    mean, variance = parts.mean[first, last], parts.variance[first, last]
    # One deviate for each part: that of its first node.
    deviates = np.take_along_axis(rng.standard_normal(starts.shape), first, axis=1)
    return Draws(starts, mean + np.sqrt(variance) * deviates, mean, variance)


def _parts(nodes: Nodes, assumptions: Assumptions) -> _Parts:
    """Conjugate normal sums for every part at once, by differences of cumulative sums.

    The evidence leaves out the factor that every division into parts has in common.
    """
    precision, weighted = _between(nodes.precision), _between(nodes.weighted)
    prior = assumptions.spread**2
    shrink = 1.0 + precision * prior
    evidence = 0.5 * (weighted**2 * prior / shrink - np.log(shrink))
    mean = assumptions.centre + weighted * prior / shrink
    variance = prior / shrink
    # What contains the good end has level 0, whatever was observed.
    evidence[0] = -assumptions.centre * weighted[0] - 0.5 * assumptions.centre**2 * precision[0]
    mean[0] = variance[0] = 0.0
    return _Parts(evidence, mean, variance)


def _between(values: Floats) -> Floats:
    """The sums over nodes i to j, at [i, j] for j >= i; what is below the diagonal has no meaning and is 0."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return np.triu(sums[np.newaxis, 1:] - sums[:-1, np.newaxis])


def _gap_logs(nodes: Nodes, assumptions: Assumptions) -> tuple[Floats, Floats]:
    """For each gap the logarithm of the probability that it has no change, and that it has."""
    boundaries = int(nodes.places[-1])
    p = min(_LARGEST_P, assumptions.changes / max(1, boundaries))
    stay = nodes.gaps * np.log1p(-p)
    return stay, np.log(-np.expm1(stay))


def _forward(evidence: Floats, stay: Floats, change: Floats) -> Floats:
    """The cumulative probability that the part ending at node j began at node i or before, at [j, i]."""
    count = len(evidence)
    stayed = np.concatenate(([0.0], np.cumsum(stay)))
    begun = np.zeros(count)
    cumulative = np.ones((count, count))
    for end in range(count):
        terms = begun[: end + 1] + evidence[: end + 1, end]
        top = terms.max()
        sums = np.cumsum(np.exp(terms - top))
        cumulative[end, : end + 1] = sums / sums[-1]
        if end + 1 < count:
            # Of the terms so far each still lacks the gaps since its own beginning, which they share up to here.
            begun[end + 1] = top + np.log(sums[-1]) + stayed[end] + change[end] - stayed[end + 1]
    return cumulative


def _backward(cumulative: Floats, size: int, rng: np.random.Generator) -> Bools:
    """Draw where parts begin, from the last node to the first; size x K."""
    count = len(cumulative)
    starts = np.zeros((size, count), dtype=np.bool_)
    ends = np.full(size, count - 1)
    for end in range(count - 1, -1, -1):
        rows = np.flatnonzero(ends == end)
        begins = np.searchsorted(cumulative[end, :end], rng.random(len(rows)), side="right")
        starts[rows, begins] = True
        ends[rows] = begins - 1
    return starts


def _bounds(starts: Bools) -> tuple[Ints, Ints]:
    """For each node the first and the last node of its part."""
    count = starts.shape[1]
    nodes = np.arange(count)
    first = np.maximum.accumulate(np.where(starts, nodes, 0), axis=1)
    ends = np.concatenate((starts[:, 1:], np.ones((len(starts), 1), dtype=np.bool_)), axis=1)
    last = np.minimum.accumulate(np.where(ends, nodes, count - 1)[:, ::-1], axis=1)[:, ::-1]
    return first, last

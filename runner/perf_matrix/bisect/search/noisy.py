"""Noisy search: what is believed of a symptom's changes from estimates with errors, and what to measure next.  (Pure.)

Nothing is decided by one answer. Every measurement moves the posterior over all histories of the level (`posterior`);
the next one is taken where it is expected to teach most about where the changes are (`learning`), be that a new
version or one measured before; it is enough when one set of changes has the wanted probability.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from perf_matrix.bisect.search.learning import expected_learning
from perf_matrix.bisect.search.material import ChangeSets, change_sets, material_changes, spans
from perf_matrix.bisect.search.posterior import (
    Assumptions,
    Draws,
    Floats,
    Ints,
    Nodes,
    Observation,
    draw,
    gather,
    measurable_versions,
)

DRAWS = 2000
"""The standard error of a probability near 95 % is then half a percent."""

CANDIDATE = 0.02
"""A gap holds candidates if at least this share of the draws has a change in it."""

CLEAR = 2.0
"""Standard deviations of one measurement: a jump of so many is told from none by a few of them."""

OF_LARGEST = 1 / 3
"""A jump that is not clear is looked for if it is at least this share of the largest."""

UNBUILT = 0.9
"""A version that must be built first is worth this much of what it teaches."""

_BAND_DRAWS = 500
"""Enough for a picture."""


@dataclass(frozen=True)
class BelievedChange:
    """A change of the most probable set; levels and jump in the unit of the estimates, low and high for 95 %.

    probability: that there is a change at just this boundary. suspects: skipped versions between the two.
    """

    parent: int
    version: int
    suspects: tuple[int, ...]
    jump: float
    low: float
    high: float
    before: float
    after: float
    probability: float


@dataclass(frozen=True)
class Band:
    """What is believed of the level at each version, measured or not: mean and 95 % credible interval."""

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Posterior:
    """The draws that a belief was made from. measurable: the versions that can be measured; count: of all."""

    count: int
    measurable: Ints
    nodes: Nodes
    draws: Draws


@dataclass(frozen=True)
class Belief:
    """What is believed of one symptom.

    changes: the most probable set of changes that matter; may be empty. confidence: the probability of the whole
    set: these changes, at these boundaries, and no others of at least ``smallest``. candidates: versions that may
    carry a change. learning: nats that one more measurement is expected to teach, by version; 0 for skipped ones.
    """

    changes: tuple[BelievedChange, ...]
    confidence: float
    smallest: float
    candidates: tuple[int, ...]
    learning: Floats
    posterior: Posterior = field(repr=False)

    def band(self) -> Band:
        """The level at each version, from the draws; at a skipped one as at the last before that is not."""
        return _band(self.posterior)


def believe(
    observations: Sequence[Observation],
    skipped: Collection[int],
    count: int,
    assumptions: Assumptions,
    rng: np.random.Generator,
    noise: float | None = None,
) -> Belief:
    """What ``observations`` of one symptom say about its changes between the versions 0 and count - 1.

    ``noise``: the variance of the next measurement; the mean of those so far unless given. The same ``rng`` in the
    same state gives the same belief. Raises ValueError for an observation that is impossible: of a version that does
    not exist, or with a variance that is not positive; for assumptions whose smallest jump or spread is not.
    """
    _check(observations, count, assumptions)
    measurable = measurable_versions((each.version for each in observations), skipped, count)
    nodes = gather(observations, measurable, assumptions.centre)
    draws = draw(nodes, assumptions, DRAWS, rng)
    variance = noise or _mean(observations)
    smallest = _smallest_told(draws, assumptions.matters, variance)
    sets = change_sets(material_changes(draws.levels, smallest), nodes.gaps)
    return Belief(
        changes=_changes(measurable, nodes, sets, draws),
        confidence=float(sets.probability[0]),
        smallest=smallest,
        candidates=_candidates(measurable, nodes, sets),
        learning=_learning(count, measurable, expected_learning(nodes, draws, sets, variance)),
        posterior=Posterior(count, measurable, nodes, draws),
    )


def next_version(beliefs: Sequence[Belief], ready: Collection[int] = ()) -> int | None:
    """Where one measurement teaches most about all the symptoms together, or None if nowhere anything.

    ``beliefs``: of the symptoms that are not decided yet. ``ready``: versions that are built already, preferred to
    others that teach little more (`UNBUILT`). A version may be measured again. Of alike ones the lowest.
    """
    if not beliefs:
        return None
    worth = np.sum([belief.learning for belief in beliefs], axis=0)
    unbuilt = np.ones(len(worth), dtype=np.bool_)
    unbuilt[list(ready)] = False
    worth[unbuilt] *= UNBUILT
    best = int(worth.argmax())
    return best if worth[best] > 0 else None


def _check(observations: Sequence[Observation], count: int, assumptions: Assumptions) -> None:
    if not (assumptions.matters > 0 and assumptions.spread > 0):
        raise ValueError(f"what matters and the spread of the levels must be positive: {assumptions}")
    for each in observations:
        if not 0 <= each.version < count:
            raise ValueError(f"an observation of version {each.version}, but versions are 0 to {count - 1}")
        if not each.variance > 0:
            raise ValueError(f"an observation of version {each.version} has the variance {each.variance}")


def _mean(observations: Sequence[Observation]) -> float:
    """The mean variance; 1 if there is nothing to take it from."""
    return float(np.mean([each.variance for each in observations])) if observations else 1.0


def _smallest_told(draws: Draws, matters: float, variance: float) -> float:
    """The smallest jump to tell from none: what matters, unless that drowns in the noise.

    To exclude a jump of half a standard deviation anywhere takes a hundred measurements. So a jump below
    `CLEAR` deviations of one measurement is only looked for if it is not small beside the largest (`OF_LARGEST`).
    """
    largest = float(np.median(np.abs(np.diff(draws.levels, axis=1)).max(axis=1, initial=0.0)))
    return max(matters, min(CLEAR * sqrt(variance), OF_LARGEST * largest))


def _learning(count: int, measurable: Ints, values: Floats) -> Floats:
    learning = np.zeros(count)
    learning[measurable] = values
    return learning


def _changes(measurable: Ints, nodes: Nodes, sets: ChangeSets, draws: Draws) -> tuple[BelievedChange, ...]:
    """The changes of the most probable set, with the levels of the draws that have just this set."""
    gaps = np.flatnonzero(sets.gaps[0])
    levels = _part_levels(draws.levels[sets.of_draw == 0], gaps, spans(nodes))
    chance = sets.share @ sets.gaps / nodes.gaps
    return tuple(
        _change(measurable, nodes, int(gap), levels[:, part : part + 2], float(chance[gap]))
        for part, gap in enumerate(gaps)
    )


def _part_levels(levels: Floats, gaps: Ints, weights: Floats) -> Floats:
    """The mean level of each part between the changes, each node weighted with the versions it stands for."""
    begins = np.concatenate(([0], gaps + 1))
    mean: Floats = np.add.reduceat(levels * weights, begins, axis=1) / np.add.reduceat(weights, begins)
    return mean


def _change(measurable: Ints, nodes: Nodes, gap: int, levels: Floats, probability: float) -> BelievedChange:
    """The change in a gap, in the middle of it; ``levels`` before and after it in each draw."""
    place = nodes.places[gap] + (nodes.gaps[gap] - 1) // 2
    parent, version = int(measurable[place]), int(measurable[place + 1])
    before, after = levels.mean(axis=0)
    low, high = np.quantile(levels[:, 1] - levels[:, 0], (0.025, 0.975))
    return BelievedChange(
        parent=parent,
        version=version,
        suspects=tuple(range(parent + 1, version)),
        jump=float(after - before),
        low=float(low),
        high=float(high),
        before=float(before),
        after=float(after),
        probability=probability,
    )


def _candidates(measurable: Ints, nodes: Nodes, sets: ChangeSets) -> tuple[int, ...]:
    """The versions of every gap that may hold a change; in a wide gap each alone may be improbable."""
    chance = sets.share @ sets.gaps
    return tuple(
        int(version)
        for gap in np.flatnonzero(chance >= CANDIDATE)
        for version in measurable[nodes.places[gap] + 1 : nodes.places[gap + 1] + 1]
    )


def _band(posterior: Posterior) -> Band:
    """Mean and quantiles over the draws; a change in a gap comes at each of its boundaries in as many draws."""
    draws, nodes = posterior.draws.levels[:_BAND_DRAWS], posterior.nodes
    places = np.searchsorted(posterior.measurable, np.arange(posterior.count), side="right") - 1
    left = np.searchsorted(nodes.places, places, side="right") - 1
    right = np.minimum(left + 1, len(nodes.places) - 1)
    width = np.maximum(nodes.places[right] - nodes.places[left], 1)
    # Draws are in no order, so that even shares of them are as good as random ones.
    shares = (np.arange(len(draws)) + 0.5)[:, np.newaxis] / len(draws)
    levels = np.where(shares < (places - nodes.places[left]) / width, draws[:, right], draws[:, left])
    low, high = np.quantile(levels, (0.025, 0.975), axis=0)
    return Band(levels.mean(axis=0), low, high)

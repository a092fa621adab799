"""How much one more measurement is expected to teach about where the changes are.  (Pure.)

What is searched for is the set of changes, so a measurement is worth its mutual information with that set: the
entropy of what would be measured, less the entropy that would be left if the set were known. Measuring where that is
largest is what probabilistic bisection does for one change point and answers that are only left or right (M.
Horstein, IEEE Transactions on Information Theory 9 (1963) 136-143; R. Waeber, P. I. Frazier and S. G. Henderson,
"Bisection search with noisy responses", SIAM Journal on Control and Optimization 51 (2013) 2261-2279). Here an answer
is a number, and levels are unknown, too: a measurement that only tells a level better is worth what this does for
telling the sets apart, and nothing where all sets agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perf_matrix.bisect.search.material import ChangeSets
from perf_matrix.bisect.search.posterior import Bools, Draws, Floats, Ints, Nodes

_SETS = 32
"""The most frequently drawn sets are told apart; the others hardly weigh."""

_PLACES_IN_GAP = 15
"""Of a wide gap, every sixteenth is looked at: the best of them is nearly as good as the best of all."""

_PULL = 5
"""Draws. The mean of fewer drawn levels is mostly chance and is pulled to what is expected."""

_GRID = 48
"""Points of the numerical integral."""

_LARGEST_SIGNAL = 16.0
"""Of the noise: levels further apart are told apart by one measurement anyway; it keeps the grid fine enough."""


@dataclass(frozen=True)
class _Groups:
    """What is believed at each node if a set is the right one: G sets at K nodes."""

    weight: Floats
    gaps: Bools
    mean: Floats
    variance: Floats


@dataclass(frozen=True)
class _Places:
    """C places to measure at, each between the nodes ``left`` and ``right``, ``along`` the share of the way.

    position: counted over the versions that can be measured.
    """

    position: Ints
    left: Ints
    right: Ints
    along: Floats


def expected_learning(nodes: Nodes, draws: Draws, sets: ChangeSets, noise: float) -> Floats:
    """Nats that one measurement with variance ``noise`` is expected to teach, at each measurable version."""
    if not len(nodes.gaps):
        return np.zeros(nodes.places[-1] + 1)
    groups = _groups(draws, sets)
    places = _places(nodes, groups)
    values = _information(groups, places, noise)
    order = np.argsort(places.position)
    return np.interp(np.arange(nodes.places[-1] + 1), places.position[order], values[order])


def _groups(draws: Draws, sets: ChangeSets) -> _Groups:
    """Mean and variance of the levels under each of the most frequent sets."""
    chosen = np.argsort(-sets.share, kind="stable")[:_SETS]
    order = np.argsort(sets.of_draw, kind="stable")
    begins = np.searchsorted(sets.of_draw[order], np.arange(len(sets.share)))
    counts = np.bincount(sets.of_draw)[:, np.newaxis]
    mean = np.add.reduceat(draws.mean[order], begins) / counts
    square = np.add.reduceat((draws.variance + draws.mean**2)[order], begins) / counts
    variance = np.maximum(square - mean**2, 0.0)
    # Which set a draw has may hang on its levels, too, where a jump is about as large as what matters.
    drawn = np.add.reduceat((draws.levels - draws.mean)[order], begins) / (counts + _PULL)
    weight = sets.share[chosen] / sets.share[chosen].sum()
    return _Groups(weight, sets.gaps[chosen], (mean + drawn)[chosen], variance[chosen])


def _places(nodes: Nodes, groups: _Groups) -> _Places:
    """Every node, the middle of every gap that has one, and more of the gaps that may hold a change."""
    position, left, along = [nodes.places], [np.arange(len(nodes.places))], [np.zeros(len(nodes.places))]
    chance = groups.weight @ groups.gaps
    for gap, boundaries in enumerate(nodes.gaps):
        parts = _PLACES_IN_GAP + 1 if chance[gap] > 0 else 2
        steps = np.unique(np.rint(np.linspace(0, boundaries, parts + 1)).astype(np.int64))[1:-1]
        position.append(nodes.places[gap] + steps)
        left.append(np.full(len(steps), gap))
        along.append(steps / boundaries)
    lefts, share = np.concatenate(left), np.concatenate(along)
    return _Places(np.concatenate(position), lefts, np.where(share > 0, lefts + 1, lefts), share)


def _information(groups: _Groups, places: _Places, noise: float) -> Floats:
    """Mutual information of a measurement at each place with the set of changes, C.

    Given the set, a measurement in a gap with a change is one of the left level or of the right one, depending on
    which side of the place the change is; without a change the level lies between those of the nodes.
    """
    left, right = groups.mean[:, places.left].T, groups.mean[:, places.right].T
    along = places.along[:, np.newaxis]
    changed = (along > 0) & groups.gaps[:, np.minimum(places.left, groups.gaps.shape[1] - 1)].T
    middle = (1.0 - along) * left + along * right
    mean = np.concatenate((np.where(changed, left, middle), np.where(changed, right, middle)), axis=1)
    variance = np.concatenate((groups.variance[:, places.left].T, groups.variance[:, places.right].T), axis=1)
    weight = np.concatenate((groups.weight * (1.0 - along), groups.weight * along), axis=1)
    return _mutual(weight, mean, np.sqrt(variance + noise))


def _mutual(weight: Floats, mean: Floats, deviation: Floats) -> Floats:
    """Entropy of each row's mixture of normals, less the mean entropy of its components."""
    reach = mean.max(axis=1, keepdims=True) - mean.min(axis=1, keepdims=True)
    deviation = np.maximum(deviation, reach / _LARGEST_SIGNAL)
    inner = (weight * np.log(deviation)).sum(axis=1) + 0.5 * np.log(2.0 * np.pi * np.e)
    low, high = (mean - 4.5 * deviation).min(axis=1), (mean + 4.5 * deviation).max(axis=1)
    grid = np.linspace(low, high, _GRID, axis=1)
    offsets = (grid[:, :, np.newaxis] - mean[:, np.newaxis]) / deviation[:, np.newaxis]
    scaled = weight / deviation / np.sqrt(2.0 * np.pi)
    density = np.einsum("cgk,ck->cg", np.exp(-0.5 * offsets**2), scaled)
    outer: Floats = -(density * np.log(np.maximum(density, 1e-300))).sum(axis=1) * (high - low) / (_GRID - 1)
    known: Floats = np.maximum(outer - inner, 0.0)
    return known

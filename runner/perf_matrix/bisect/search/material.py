"""Drawn histories reduced to the changes that matter, and how often each set of them was drawn.  (Pure.)"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perf_matrix.bisect.search.posterior import Bools, Floats, Ints, Nodes


@dataclass(frozen=True)
class ChangeSets:
    """The different sets of changes among D draws, S of them, the most probable first.

    gaps: whether a set has a change between each node and the next, S x (K - 1). share: how many of the draws had
    it. probability: that of the set with its changes at certain boundaries; a change in a gap of g boundaries is at
    each of them with 1/g. of_draw: which set each draw had, D.
    """

    gaps: Bools
    share: Floats
    probability: Floats
    of_draw: Ints


def material_changes(levels: Floats, matters: float) -> Bools:
    """In which gaps each drawn history of ``levels``, D x K, has a change that matters; D x (K - 1).

    A jump of at least ``matters`` is a change. Smaller ones add up until the level is as far as that from where it
    was after the last change; they are then one change, at the largest of them in the direction it went. So a small
    step beside a large one belongs to it, a ramp is one change, and what comes and goes in small steps is none.
    """
    changed = np.zeros((levels.shape[0], levels.shape[1] - 1), dtype=np.bool_)
    jumps = np.diff(levels, axis=1)
    # Only where some draw has a step at all is there anything to look at.
    pending = _Pending.at(levels[:, 0])
    for gap in np.flatnonzero(jumps.any(axis=0)).tolist():
        pending.step(gap, jumps[:, gap])
        large = np.abs(jumps[:, gap]) >= matters
        rows = np.flatnonzero(large | (np.abs(levels[:, gap + 1] - pending.reference) >= matters))
        changed[rows, np.where(large, gap, pending.steepest(levels[:, gap + 1]))[rows]] = True
        pending.restart(rows, levels[:, gap + 1])
    return changed


@dataclass(frozen=True)
class _Pending:
    """What each draw did since its last change. The largest step down and up, and in which gap: 2 x D; changes."""

    reference: Floats
    largest: Floats
    where: Ints

    @classmethod
    def at(cls, level: Floats) -> _Pending:
        """Nothing yet, from this level."""
        return cls(level.copy(), np.zeros((2, len(level))), np.zeros((2, len(level)), dtype=np.int64))

    def step(self, gap: int, jump: Floats) -> None:
        """Remember a step if it is the largest in its direction."""
        larger = np.stack((-jump, jump)) > self.largest
        self.where[larger] = gap
        np.maximum(self.largest, np.stack((-jump, jump)), out=self.largest)

    def steepest(self, level: Floats) -> Ints:
        """The gap of the largest step in the direction in which the level went."""
        gaps: Ints = np.where(level > self.reference, self.where[1], self.where[0])
        return gaps

    def restart(self, rows: Ints, level: Floats) -> None:
        """These draws had a change, and are now at this level."""
        self.reference[rows] = level[rows]
        self.largest[:, rows] = 0.0


def change_sets(changed: Bools, gaps: Ints) -> ChangeSets:
    """Count the different rows of ``changed`` (D x (K - 1)); ``gaps``: boundaries of each gap, K - 1.

    Equally probable sets are in an order that does not depend on that of the draws.
    """
    # A leading column of ones: something to compare even where there is no gap.
    packed = np.packbits(np.column_stack((np.ones(len(changed), dtype=np.bool_), changed)), axis=1)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, of_draw, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    sets = changed[first]
    probability = counts / len(changed) / np.where(sets, gaps, 1).prod(axis=1, dtype=np.float64)
    order = np.argsort(-probability, kind="stable")
    rank = np.argsort(order)
    return ChangeSets(sets[order], counts[order] / len(changed), probability[order], rank[of_draw])


def spans(nodes: Nodes) -> Floats:
    """How many versions each node stands for: half of each gap beside it, and itself."""
    half = (nodes.gaps - 1) / 2.0
    return 1.0 + np.concatenate((half, [0.0])) + np.concatenate(([0.0], half))

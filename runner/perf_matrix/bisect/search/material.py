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


def material_changes(starts: Bools, levels: Floats, spans: Floats, matters: float) -> tuple[Bools, Floats]:
    """In which gaps each draw has a change of at least ``matters``, D x (K - 1), and the levels then, D x K.

    Smaller jumps are taken away one by one, the smallest first. The parts on both sides are then one, whose level
    is their mean, weighted with how many versions each stands for (``spans``, K). So a short ramp adds up to one
    change at its steepest place, and a slow drift to one once it has come far enough.
    """
    kept, smooth = starts[:, 1:].copy(), levels.copy()
    rows = np.arange(len(kept))
    while len(rows) and kept.shape[1]:
        jumps = np.where(kept[rows], np.abs(np.diff(smooth[rows], axis=1)), np.inf)
        smallest = jumps.argmin(axis=1)
        tiny = jumps[np.arange(len(rows)), smallest] < matters
        rows, gaps = rows[tiny], smallest[tiny]
        kept[rows, gaps] = False
        smooth[rows] = _merged(kept[rows], smooth[rows], spans, gaps)
    return kept, smooth


def _merged(kept: Bools, levels: Floats, spans: Floats, gaps: Ints) -> Floats:
    """Each row's levels after the parts around its gap have become one."""
    part = np.concatenate((np.zeros((len(kept), 1), dtype=np.int64), np.cumsum(kept, axis=1)), axis=1)
    here = part == np.take_along_axis(part, gaps[:, np.newaxis], axis=1)
    weight = here * spans
    mean = (weight * levels).sum(axis=1) / weight.sum(axis=1)
    return np.where(here, mean[:, np.newaxis], levels)


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

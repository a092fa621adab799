"""Which combinations of variants a matrix has, before anything is merged.

``exclude`` and ``include`` do what GitHub's do in a job matrix, as far as a file can say it in which every
variant belongs to an axis: docs/MATRIX.md tells where the two cannot be the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod

from perf_matrix.matrix.model import MatrixFile

Combination = Mapping[str, str]


def size(matrix: MatrixFile) -> int:
    """Number of all combinations, before ``exclude`` and ``include``."""
    return prod(len(variants) for variants in matrix.axes.values())


def combinations(matrix: MatrixFile) -> list[dict[str, str]]:
    """Axis -> variant of each cell: the product of the axes less ``exclude``, then what ``include`` adds.

    The product comes in the order of the axes and of their variants, the last axis fastest; what is added
    comes after it, in the order of its entries, and has no axes but those that its entry names.
    """
    every = (dict(zip(matrix.axes, names, strict=True)) for names in product(*matrix.axes.values()))
    kept = [one for one in every if not any(_fits(entry, one) for entry in matrix.exclude)]
    added: list[dict[str, str]] = []
    for entry in matrix.include:
        # As GitHub has it, an entry joins combinations of the product only, never what another entry added.
        if not any(_fits(entry, one) for one in kept) and entry not in added:
            added.append(_in_order(entry, matrix))
    return kept + added


def _fits(entry: Combination, combination: Combination) -> bool:
    """Whether the combination has all that the entry names: then the entry has nothing to add to it."""
    return entry.items() <= combination.items()


def _in_order(entry: Combination, matrix: MatrixFile) -> dict[str, str]:
    return {axis: entry[axis] for axis in matrix.axes if axis in entry}


def cell_id(combination: Combination) -> str:
    """``callbacks=none,workers=one``, or ``default`` where there are no axes."""
    return ",".join(f"{axis}={variant}" for axis, variant in combination.items()) or "default"

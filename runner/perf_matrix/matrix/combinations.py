"""Which combinations of variants a matrix has, before anything is merged."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod

from perf_matrix.matrix.model import MatrixFile

Combination = Mapping[str, str]


def size(matrix: MatrixFile) -> int:
    """Number of all combinations, before ``exclude``."""
    return prod(len(variants) for variants in matrix.axes.values())


def combinations(matrix: MatrixFile) -> list[dict[str, str]]:
    """Axis -> variant, in the order of the axes and of their variants, the last axis fastest.

    ``exclude`` removes what it matches in part, as GitHub's does; ``include`` keeps it all the same.
    """
    every = (dict(zip(matrix.axes, names, strict=True)) for names in product(*matrix.axes.values()))
    return [one for one in every if one in matrix.include or not _matches_any(one, matrix.exclude)]


def _matches_any(combination: Combination, partials: list[dict[str, str]]) -> bool:
    return any(partial.items() <= combination.items() for partial in partials)


def cell_id(combination: Combination) -> str:
    """``callbacks=none,workers=one``, or ``default`` where there are no axes."""
    return ",".join(f"{axis}={variant}" for axis, variant in combination.items()) or "default"

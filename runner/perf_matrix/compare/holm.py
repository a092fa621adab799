"""Correction for asking many questions at once.

Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
Statistics 6 (1979) 65-70. It assumes nothing about how the tests depend on each other.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class PValues:
    """One-sided p-values of one question: of head being worse than base, and of head being better."""

    worse: float
    better: float


NEVER = PValues(worse=1.0, better=1.0)
"""For what is in no family: it cannot be significant."""


def holm_each_way(family: Sequence[PValues]) -> list[PValues]:
    """Adjusted p-values in the given order; for the worse and for the better are families of their own."""
    worse, better = holm([p.worse for p in family]), holm([p.better for p in family])
    return [PValues(worse=w, better=b) for w, b in zip(worse, better, strict=True)]


def adjusted(family: Mapping[Key, PValues]) -> dict[Key, PValues]:
    """The same for questions with names."""
    return dict(zip(family, holm_each_way(list(family.values())), strict=True))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the given order: comparing each with alpha keeps the family's error at alpha."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(value) for value in adjusted]

"""Is there a difference at all? Two exact tests on the same units, and how they become one p-value.

Mann-Whitney U compares the arms' units as two heaps: it needs few units (8 against 8 can give 0.00008),
but whatever moves both arms from block to block buries the difference. The signed-rank test compares
within units: drift cancels, but 8 units cannot give less than 0.004. The smaller p-value, doubled
(Bonferroni over the two), keeps the level and is close to the better of both.
"""

from __future__ import annotations

from perf_matrix.compare import hodges_lehmann, mann_whitney, signed_rank
from perf_matrix.compare.blocks import Units
from perf_matrix.compare.holm import PValues

TESTS = 2


def p_values(units: Units) -> PValues:
    """Of head being slower and of head being faster, both tests together. Needs one unit."""
    ratios = units.log_ratios
    return PValues(
        worse=_together(mann_whitney.p_greater(units.head, units.base), signed_rank.p_greater(ratios)),
        better=_together(mann_whitney.p_greater(units.base, units.head), signed_rank.p_greater(-ratios)),
    )


def smallest_p(units: int) -> float:
    """The p-value when every unit of one arm is above every unit of the other."""
    return TESTS * mann_whitney.smallest_p(units)


def units_needed(alpha: float) -> int:
    """The fewest units with which a p-value of ``alpha`` can be reached at all."""
    units = 1
    while smallest_p(units) > alpha:
        units += 1
    return units


def critical_u(units: int, alpha: float) -> int | None:
    """The Mann-Whitney U from which a p-value is at most ``alpha``; None where none is."""
    return mann_whitney.critical_u(units, alpha / TESTS)


def critical_average(units: int, alpha: float) -> int | None:
    """Which Walsh average, from below, must be above zero for ``alpha`` by the paired test; or None."""
    position, attained = hodges_lehmann.interval_position(units, 1 - 2 * alpha / TESTS)
    return position if attained >= 1 - 2 * alpha / TESTS else None


def _together(*p: float) -> float:
    return min(1.0, TESTS * min(p))

"""Which versions to start next, so that as few different ones as possible are started for all symptoms.  (Pure.)

A version that is started is measured for every symptom. So it is worth what it tells about all of them together: the
sum, over the open stretches that it lies in, of the information gained if the change is equally likely at each
boundary. Information alone could divide 1 : 9 twice where 5 : 5 once was enough; so only versions are considered that
halve at least one stretch as well as plain bisection must. Each start then takes one step off the steps that plain
bisection would still need for some change of some symptom, and the sum of those is never exceeded:
ceil(log2(boundaries)) for each change.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from perf_matrix.bisect.search.exact import Readings, Stretch, open_stretches

ALIKE = 0.02
"""Bits. A version that is built already is taken if it tells at most this much less than the best: dividing 42 : 58
instead of 50 : 50 costs 0.02 bits, a build costs minutes."""


@dataclass(frozen=True)
class _Division:
    """An open stretch with the versions that can divide it."""

    stretch: Stretch
    inside: tuple[int, ...]

    def gains(self) -> dict[int, float]:
        """Bits that each version tells: the entropy of how it divides the boundaries."""
        boundaries = len(self.inside) + 1
        return {version: _entropy(place / boundaries) for place, version in enumerate(self.inside, start=1)}

    def halving(self) -> set[int]:
        """The versions that leave parts no larger than the next power of two below: a step of plain bisection."""
        boundaries = len(self.inside) + 1
        largest = 1 << ((boundaries - 1).bit_length() - 1)
        return set(self.inside[boundaries - largest - 1 : largest])

    def overlaps(self, other: _Division) -> bool:
        """Whether a boundary belongs to both."""
        return self.stretch.first < other.stretch.last and other.stretch.first < self.stretch.last


def next_versions(
    readings_of: Sequence[Readings],
    skipped: Collection[int],
    count: int,
    at_most: int,
    ready: Collection[int] = (),
) -> list[int]:
    """The versions to start next, at most ``at_most``, the most telling first; none when nothing is open.

    ``readings_of``: one for each symptom. ``ready``: versions that are built already, preferred among alike ones.
    Every further version divides a stretch apart from those that the earlier ones divide, so that it is needed
    whatever they turn out to be; there may be fewer than ``at_most``. Never a version that every open symptom has
    measured, nor a skipped one. Raises as `change_points`.
    """
    divisions = _divisions(readings_of, skipped, count)
    chosen: list[int] = []
    while divisions and len(chosen) < at_most:
        version = _best(divisions, ready)
        chosen.append(version)
        divided = [one for one in divisions if version in one.inside]
        divisions = [one for one in divisions if not any(one.overlaps(other) for other in divided)]
    return chosen


def likely_next(
    readings_of: Sequence[Readings],
    skipped: Collection[int],
    count: int,
    version: int,
    ready: Collection[int] = (),
) -> list[int]:
    """What would be asked for after ``version``, the likelier first: for building ahead while it is measured.

    Two outcomes are looked at: every symptom is there as at its last measured version before, or as at its first
    one after. The change is likelier in the larger part. Raises as `change_points`.
    """
    divisions = _divisions(readings_of, skipped, count)
    outcomes = [
        next_versions(
            [_supposed(readings, version, near) for readings in readings_of], skipped, count, 1, ready
        )
        for near in (_latest_before, _first_after)
    ]
    if _boundaries_before(divisions, version) > _boundaries_after(divisions, version):
        outcomes.reverse()
    return list(dict.fromkeys(found for outcome in outcomes for found in outcome))


def scan_versions(readings_of: Sequence[Readings], skipped: Collection[int], count: int) -> list[int]:
    """Every version that some symptom has not measured, in an order that is useful wherever it is stopped.

    The widest gap between versions that all symptoms have measured is halved first, the earlier of alike ones.
    """
    missing = [
        version
        for version in range(count)
        if version not in skipped and any(version not in readings for readings in readings_of)
    ]
    done = {version for version in range(count) if all(version in readings for readings in readings_of)}
    return _by_halving(_gaps(missing, done))


def _divisions(readings_of: Iterable[Readings], skipped: Collection[int], count: int) -> list[_Division]:
    return [
        _Division(stretch, tuple(stretch.inside(skipped)))
        for readings in readings_of
        for stretch in open_stretches(readings, skipped, count)
    ]


def _best(divisions: Sequence[_Division], ready: Collection[int]) -> int:
    """The most telling version of those that halve a stretch; a built one if it tells nearly as much."""
    gains = _summed(division.gains() for division in divisions)
    fair = {version: gains[version] for division in divisions for version in division.halving()}
    limit = max(fair.values()) - ALIKE
    built = {version: gain for version, gain in fair.items() if version in ready and gain >= limit}
    # Sums of logarithms that are equal on paper may differ in the last digit.
    return min(built or fair, key=lambda version: (-round(fair[version], 9), version))


def _summed(gains: Iterable[Mapping[int, float]]) -> dict[int, float]:
    total: dict[int, float] = {}
    for each in gains:
        for version, gain in each.items():
            total[version] = total.get(version, 0.0) + gain
    return total


def _supposed(readings: Readings, version: int, near: Callable[[Readings, int], int | None]) -> Readings:
    """The readings as they would be if ``version`` had the value of a measured version near it."""
    neighbour = near(readings, version)
    return readings if neighbour is None else {**readings, version: readings[neighbour]}


def _latest_before(readings: Readings, version: int) -> int | None:
    return max((measured for measured in readings if measured < version), default=None)


def _first_after(readings: Readings, version: int) -> int | None:
    return min((measured for measured in readings if measured > version), default=None)


def _boundaries_before(divisions: Iterable[_Division], version: int) -> int:
    return sum(one.inside.index(version) + 1 for one in divisions if version in one.inside)


def _boundaries_after(divisions: Iterable[_Division], version: int) -> int:
    return sum(len(one.inside) - one.inside.index(version) for one in divisions if version in one.inside)


def _gaps(missing: Iterable[int], done: Collection[int]) -> list[tuple[int, ...]]:
    """The missing versions, cut where a version is done."""
    borders = sorted(done)
    by_gap: dict[int, list[int]] = {}
    for version in missing:
        by_gap.setdefault(bisect_left(borders, version), []).append(version)
    return [tuple(gap) for gap in by_gap.values()]


def _by_halving(gaps: Iterable[tuple[int, ...]]) -> list[int]:
    """The middle of the widest gap, again and again; a gap's middle is the lower one of two."""
    waiting = [(-len(gap), gap) for gap in gaps]
    heapq.heapify(waiting)
    order = []
    while waiting:
        _, gap = heapq.heappop(waiting)
        middle = (len(gap) - 1) // 2
        order.append(gap[middle])
        for part in (gap[:middle], gap[middle + 1 :]):
            if part:
                heapq.heappush(waiting, (-len(part), part))
    return order


def _entropy(share: float) -> float:
    """Bits of a choice between two that is taken with ``share``, strictly between 0 and 1."""
    return -share * log2(share) - (1.0 - share) * log2(1.0 - share)

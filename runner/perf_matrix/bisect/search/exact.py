"""Exact search: what readings that are the same every time say about where a value changed.  (Pure.)

Every stretch whose ends differ holds at least one change; whichever versions are measured in it, every part with
different ends is followed. A history that rises twice, or rises and partly falls, is no special case. What cannot be
seen this way is a change together with its opposite between two alike readings: `unseen` names those stretches.

Versions are numbered 0 to count - 1 in the order of the history; 0 is the good end, count - 1 the bad one.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

Readings = Mapping[int, Hashable]
"""What one symptom was at the versions measured so far. Equal values are one value; round before, if at all."""


@dataclass(frozen=True, order=True)
class Stretch:
    """Two measured versions, none measured between them."""

    first: int
    last: int

    def inside(self, skipped: Collection[int]) -> list[int]:
        """The versions between the two that can be measured, in their order."""
        return [version for version in range(self.first + 1, self.last) if version not in skipped]


@dataclass(frozen=True)
class Change:
    """Two neighbouring measured versions that differ. ``resolved``: nothing between them can be measured."""

    parent: int
    version: int
    before: Hashable
    after: Hashable
    resolved: bool

    @property
    def suspects(self) -> tuple[int, ...]:
        """The versions between the two. Of a resolved change all of them are skipped: it may be one of them."""
        return tuple(range(self.parent + 1, self.version))

    @property
    def stretch(self) -> Stretch:
        """Where it happened."""
        return Stretch(self.parent, self.version)


def change_points(readings: Readings, skipped: Collection[int], count: int) -> list[Change]:
    """Every change seen so far, in the order of the history; those not resolved are still to be divided.

    A version that is in ``readings`` counts as measured even if it is in ``skipped``, too.
    Raises ValueError for a reading of a version that is not one of 0 to count - 1.
    """
    return [
        Change(
            parent=stretch.first,
            version=stretch.last,
            before=readings[stretch.first],
            after=readings[stretch.last],
            resolved=not stretch.inside(skipped),
        )
        for stretch in _stretches(readings, count)
        if readings[stretch.first] != readings[stretch.last]
    ]


def open_stretches(readings: Readings, skipped: Collection[int], count: int) -> list[Stretch]:
    """The stretches that surely hold a change and have a version to divide them at. Raises as `change_points`."""
    return [change.stretch for change in change_points(readings, skipped, count) if not change.resolved]


def unseen(readings: Readings, skipped: Collection[int], count: int) -> list[Stretch]:
    """The stretches with alike ends that were not looked into. Raises as `change_points`.

    A change and its opposite within one would not have been seen.
    """
    return [
        stretch
        for stretch in _stretches(readings, count)
        if readings[stretch.first] == readings[stretch.last] and stretch.inside(skipped)
    ]


def _stretches(readings: Readings, count: int) -> Iterator[Stretch]:
    """Neighbouring measured versions, in their order."""
    measured = sorted(readings)
    if measured and not 0 <= measured[0] <= measured[-1] < count:
        raise ValueError(f"readings of {measured[0]} to {measured[-1]}, but versions are 0 to {count - 1}")
    return (Stretch(first, last) for first, last in pairwise(measured))

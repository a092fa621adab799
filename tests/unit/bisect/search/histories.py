"""Simulated histories, and the loop that a bisect runs over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from perf_matrix.bisect.search.exact import Change, Readings, change_points
from perf_matrix.bisect.search.planning import next_versions


@dataclass(frozen=True)
class History:
    """One value for each version; those in ``skipped`` cannot be measured."""

    values: tuple[int, ...]
    skipped: frozenset[int]

    def scanned(self) -> list[Change]:
        """What measuring every version shows."""
        readings = {at: value for at, value in enumerate(self.values) if at not in self.skipped}
        return change_points(readings, self.skipped, len(self.values))

    def ends(self) -> dict[int, int]:
        return {at: self.values[at] for at in (0, len(self.values) - 1)}


def values_of(count: int, changes: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """0 until the first change; a change is the version that has a new value first, and this value."""
    values = [0] * count
    for version, value in sorted(changes):
        values[version:] = [value] * (count - version)
    return tuple(values)


@st.composite
def values(draw: st.DrawFn, count: int) -> tuple[int, ...]:
    """Up to 4 changes, up or down."""
    if count == 1:
        return (0,)
    changes = st.tuples(st.integers(1, count - 1), st.integers(0, 4))
    return values_of(count, draw(st.lists(changes, max_size=4, unique_by=lambda change: change[0])))


@st.composite
def skips(draw: st.DrawFn, count: int) -> frozenset[int]:
    """Some stretches that cannot be measured, never an end."""
    stretches = draw(st.lists(st.tuples(st.integers(1, count), st.integers(1, 1 + count // 4)), max_size=3))
    return frozenset(
        version
        for first, length in stretches
        for version in range(first, first + length)
        if 0 < version < count - 1
    )


counts = st.one_of(st.integers(1, 12), st.integers(13, 1000))


@st.composite
def histories(draw: st.DrawFn) -> History:
    count = draw(counts)
    return History(draw(values(count)), draw(skips(count)))


def searched(
    symptoms: Sequence[History], at_most: int = 1, ready: frozenset[int] = frozenset()
) -> tuple[list[dict[int, int]], list[int]]:
    """Measure until nothing is open: the readings of each symptom, and the versions in the order of their starts."""
    count, skipped = len(symptoms[0].values), symptoms[0].skipped
    readings_of = [symptom.ends() for symptom in symptoms]
    started: list[int] = []
    while versions := next_versions(readings_of, skipped, count, at_most, ready):
        assert len(versions) <= at_most
        started += versions
        for readings, symptom in zip(readings_of, symptoms, strict=True):
            readings |= {version: symptom.values[version] for version in versions}
    return readings_of, started


def steps_of_bisection(readings: Readings, skipped: frozenset[int], count: int) -> int:
    """The most that plain bisection may need: for each change, as often as the boundaries can be halved."""
    boundaries = count - 1 - len(skipped)
    return len(change_points(readings, skipped, count)) * max(0, boundaries - 1).bit_length()

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.bisect.search.exact import Readings, change_points, open_stretches
from perf_matrix.bisect.search.planning import likely_next, next_versions, scan_versions

from .histories import History, counts, searched, skips, steps_of_bisection, values, values_of

bounded = settings(max_examples=100, deadline=None)


@st.composite
def several(draw: st.DrawFn) -> list[History]:
    """Some symptoms of one history."""
    count = draw(counts)
    skipped = draw(skips(count))
    return [History(each, skipped) for each in draw(st.lists(values(count), min_size=1, max_size=4))]


@bounded
@given(several(), st.integers(1, 3))
def test_sharing_never_needs_more_starts_than_the_bisections_may_one_by_one(
    symptoms: list[History], at_most: int
) -> None:
    count, skipped = len(symptoms[0].values), symptoms[0].skipped
    readings_of, started = searched(symptoms, at_most)
    assert len(started) == len(set(started)) <= max(0, count - 2 - len(skipped))
    assert len(started) <= sum(steps_of_bisection(readings, skipped, count) for readings in readings_of)
    assert not any(open_stretches(readings, skipped, count) for readings in readings_of)


@settings(max_examples=400, deadline=None)
@given(several())
def test_sharing_starts_what_separate_bisections_start_and_each_version_once(symptoms: list[History]) -> None:
    # All symptoms are measured at every start, so that their stretches are the same ones or apart. A start for one may
    # show a change of another that this one's own search would not have seen; it is then searched for, too.
    alone = [searched([symptom]) for symptom in symptoms]
    separate = {version for _, started in alone for version in started}
    readings_of, shared = searched(symptoms)
    assert separate <= set(shared)
    seen_alone = [
        changes(readings, symptom) for ((readings,), _), symptom in zip(alone, symptoms, strict=True)
    ]
    seen = [changes(readings, symptom) for readings, symptom in zip(readings_of, symptoms, strict=True)]
    assert all(before <= after for before, after in zip(seen_alone, seen, strict=True))
    assert seen != seen_alone or separate == set(shared)


def changes(readings: Readings, symptom: History) -> set[int]:
    """The culprits that the readings show."""
    return {change.version for change in change_points(readings, symptom.skipped, len(symptom.values))}


def test_symptoms_of_one_culprit_cost_as_much_as_one() -> None:
    history = History(values_of(100, [(37, 1)]), frozenset())
    assert searched([history] * 5)[1] == searched([history])[1]


@bounded
@given(several(), st.integers(1, 4))
def test_versions_started_together_divide_stretches_apart(symptoms: list[History], at_most: int) -> None:
    count, skipped = len(symptoms[0].values), symptoms[0].skipped
    readings_of = [symptom.ends() for symptom in symptoms]
    while versions := next_versions(readings_of, skipped, count, at_most):
        divided = [
            {stretch for readings in readings_of for stretch in open_stretches(readings, skipped, count)
             if stretch.first < version < stretch.last}
            for version in versions
        ]  # fmt: skip
        assert all(divided)
        for one, other in ((one, other) for i, one in enumerate(divided) for other in divided[:i]):
            assert all(a.last <= b.first or b.last <= a.first for a in one for b in other)
        for readings, symptom in zip(readings_of, symptoms, strict=True):
            readings |= {version: symptom.values[version] for version in versions}


def test_one_version_serves_two_symptoms_where_it_can() -> None:
    # Alone they would be divided at 50 and 40; anything between halves both well enough.
    (version,) = next_versions([{0: 0, 100: 1}, {0: 0, 80: 1}], (), 101, 1)
    assert 40 < version < 50


def test_the_second_version_comes_from_another_stretch() -> None:
    readings = {0: 0, 8: 1, 16: 1, 24: 2}
    assert next_versions([readings], (), 25, 2) == [4, 20]
    assert next_versions([readings], (), 25, 3) == [4, 20]


def test_a_built_version_is_preferred_to_one_that_tells_little_more() -> None:
    assert next_versions([{0: 0, 100: 1}], (), 101, 1) == [50]
    assert next_versions([{0: 0, 100: 1}], (), 101, 1, ready=[30, 45]) == [45]
    assert next_versions([{0: 0, 100: 1}], (), 101, 1, ready=[30]) == [50]


def test_a_built_version_is_not_bought_with_a_step() -> None:
    # Of 64 boundaries only the middle leaves five more steps whatever it shows.
    assert next_versions([{0: 0, 64: 1}], (), 65, 1, ready=[31]) == [32]


def test_the_lower_of_two_middles_is_taken() -> None:
    assert next_versions([{0: 0, 3: 1}], (), 4, 1) == [1]


def test_next_to_a_skipped_version_is_fine() -> None:
    assert next_versions([{0: 0, 10: 1}], (4, 5, 6), 11, 1) == [3]


@pytest.mark.parametrize("readings", [{0: 0, 1: 1}, {0: 0}, {}, {0: 7, 9: 7}])
def test_nothing_is_started_where_nothing_is_open(readings: dict[int, int]) -> None:
    assert next_versions([readings], (), 10, 2) == []


def test_builds_ahead_what_either_outcome_asks_for() -> None:
    assert likely_next([{0: 0, 9: 1}], (), 10, 3) == [6, 1]
    assert likely_next([{0: 0, 9: 1}], (), 10, 6) == [3, 7]
    assert likely_next([{0: 0, 2: 1}], (), 3, 1) == []


@bounded
@given(several())
def test_what_is_asked_for_next_was_built_ahead_if_there_is_one_symptom(symptoms: list[History]) -> None:
    symptom = History(tuple(min(1, value) for value in symptoms[0].values), symptoms[0].skipped)
    count, readings = len(symptom.values), symptom.ends()
    while found := next_versions([readings], symptom.skipped, count, 1):
        expected = likely_next([readings], symptom.skipped, count, found[0])
        readings[found[0]] = symptom.values[found[0]]
        assert set(next_versions([readings], symptom.skipped, count, 1)) <= set(expected)


@bounded
@given(st.integers(1, 60).flatmap(lambda count: st.tuples(st.just(count), skips(count), st.data())))
def test_a_scan_halves_the_widest_gap_again_and_again(
    drawn: tuple[int, frozenset[int], st.DataObject],
) -> None:
    count, skipped, data = drawn
    measured = data.draw(st.frozensets(st.sampled_from(range(count))))
    readings = dict.fromkeys(measured - skipped, 0)
    order = scan_versions([readings, dict.fromkeys(range(count), 0)], skipped, count)
    assert sorted(order) == [version for version in range(count) if version not in measured | skipped]
    done = set(measured - skipped)
    for version in order:
        gap = next(gap for gap in gaps(count, done, skipped) if version in gap)
        assert len(gap) == max(map(len, gaps(count, done, skipped)))
        assert abs(2 * gap.index(version) - (len(gap) - 1)) <= 1
        done.add(version)


def gaps(count: int, done: set[int], skipped: frozenset[int]) -> Iterator[list[int]]:
    """The runs of versions to be measured between those that are, skipped ones left out."""
    gap: list[int] = []
    for version in range(count):
        if version in done:
            yield gap
            gap = []
        elif version not in skipped:
            gap.append(version)
    yield gap


def test_scanning_covers_what_any_symptom_lacks() -> None:
    assert sorted(scan_versions([{0: 0, 1: 0, 3: 1}, {0: 0, 2: 0, 3: 0}], (), 4)) == [1, 2]

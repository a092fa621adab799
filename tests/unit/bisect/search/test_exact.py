from __future__ import annotations

import pytest
from hypothesis import given, settings

from perf_matrix.bisect.search.exact import Change, Stretch, change_points, open_stretches, unseen

from .histories import History, histories, searched, steps_of_bisection, values_of

bounded = settings(max_examples=150, deadline=None)


def seen_as(history: History) -> list[tuple[int, int]]:
    """Culprit and new value of every change that a search of the history ends with."""
    (readings,), _ = searched([history])
    return [
        (change.version, int(str(change.after)))
        for change in change_points(readings, history.skipped, len(history.values))
    ]


@bounded
@given(histories())
def test_finds_what_a_full_scan_finds_except_where_it_says_that_it_did_not_look(history: History) -> None:
    count = len(history.values)
    (readings,), _ = searched([history])
    found = change_points(readings, history.skipped, count)
    hidden = unseen(readings, history.skipped, count)
    scanned = history.scanned()
    assert all(change.resolved for change in found)
    assert [change for change in scanned if not any(within(change, stretch) for stretch in hidden)] == found


def within(change: Change, stretch: Stretch) -> bool:
    return stretch.first <= change.parent and change.version <= stretch.last


@bounded
@given(histories())
def test_what_was_not_seen_cancels_out(history: History) -> None:
    (readings,), _ = searched([history])
    for stretch in unseen(readings, history.skipped, len(history.values)):
        assert history.values[stretch.first] == history.values[stretch.last]
        assert set(range(stretch.first + 1, stretch.last)).isdisjoint(readings)


@bounded
@given(histories())
def test_starts_no_more_versions_than_plain_bisection_for_each_change(history: History) -> None:
    (readings,), started = searched([history])
    assert len(started) == len(set(started)) <= max(0, len(history.values) - 2 - len(history.skipped))
    assert len(started) <= steps_of_bisection(readings, history.skipped, len(history.values))
    assert history.skipped.isdisjoint(started)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([(400, 1)], id="one"),
        pytest.param([(400, 1), (600, 3)], id="0, 1, 3"),
        pytest.param([(400, 3), (600, 1)], id="up, then partly down"),
        pytest.param([(1, 1), (2, 2), (3, 3), (999, 4)], id="one after the other, and at the very end"),
    ],
)
def test_finds_all_changes_of_a_thousand_versions(changes: list[tuple[int, int]]) -> None:
    assert seen_as(History(values_of(1000, changes), frozenset())) == changes


def test_one_change_of_a_thousand_takes_ten_starts() -> None:
    most = max(len(searched([History(values_of(1000, [(at, 1)]), frozenset())])[1]) for at in range(1, 1000))
    assert most == 10


def test_a_change_among_skipped_versions_has_them_as_suspects() -> None:
    history = History(values_of(20, [(9, 1)]), frozenset(range(6, 12)))
    (readings,), _ = searched([history])
    assert change_points(readings, history.skipped, 20) == [
        Change(parent=5, version=12, before=0, after=1, resolved=True)
    ]
    assert change_points(readings, history.skipped, 20)[0].suspects == (6, 7, 8, 9, 10, 11)


def test_what_is_not_measured_between_different_values_is_still_to_be_divided() -> None:
    readings = {0: "a", 4: "b", 5: "c", 9: "c"}
    assert open_stretches(readings, (), 10) == [Stretch(0, 4)]
    assert [change.resolved for change in change_points(readings, (), 10)] == [False, True]
    assert unseen(readings, (), 10) == [Stretch(5, 9)]


def test_skipped_versions_between_alike_ones_hide_nothing_that_could_be_seen() -> None:
    assert unseen({0: 1, 3: 1}, (1, 2), 4) == []
    assert unseen({0: 1, 3: 1}, (1,), 4) == [Stretch(0, 3)]


@pytest.mark.parametrize("absent", [None, "no such endpoint"])
def test_an_endpoint_that_appears_midway_has_a_value_before(absent: object) -> None:
    assert change_points({0: absent, 1: absent, 2: 4}, (), 3) == [Change(1, 2, absent, 4, resolved=True)]


@pytest.mark.parametrize("count", [1, 2])
def test_without_versions_between_the_ends_there_is_nothing_to_measure(count: int) -> None:
    history = History((0, 1)[:count], frozenset())
    (readings,), started = searched([history])
    assert started == []
    assert len(change_points(readings, (), count)) == count - 1
    assert unseen(readings, (), count) == []


def test_alike_ends_leave_everything_unseen() -> None:
    (readings,), started = searched([History((1,) * 9, frozenset())])
    assert started == []
    assert unseen(readings, (), 9) == [Stretch(0, 8)]


def test_nothing_is_concluded_from_nothing() -> None:
    assert change_points({}, (), 5) == []
    assert unseen({}, (), 5) == []


@pytest.mark.parametrize("version", [-1, 5])
def test_a_reading_of_no_version_is_an_error(version: int) -> None:
    with pytest.raises(ValueError, match="versions are 0 to 4"):
        change_points({0: 0, version: 1}, (), 5)

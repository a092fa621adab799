"""Which releases are near one that is not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from perf_matrix.subjects.index import ever_further, nearest_versions

KNOWN = ["1.10.0", "1.9.1", "1.9.0", "1.8.0", "1.8.0rc1", "1.7.2"]
versions = st.builds("{}.{}.{}".format, *[st.integers(0, 12)] * 3)


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [
        ("1.9.5", ["1.9.0", "1.9.1", "1.10.0"]),
        ("1.9.0.post1", ["1.9.0", "1.9.1", "1.10.0"]),
        ("1.8.0.dev1", ["1.7.2", "1.8.0rc1", "1.8.0"]),
        ("0.1", ["1.7.2", "1.8.0rc1", "1.8.0"]),
        ("99", ["1.9.0", "1.9.1", "1.10.0"]),
        # An image's tag: its numbers count.
        ("1.8.0-stable", ["1.8.0rc1", "1.8.0", "1.9.0"]),
        ("v1.8.0-stable", ["1.8.0rc1", "1.8.0", "1.9.0"]),
        ("latest", ["1.9.0", "1.9.1", "1.10.0"]),
        ("", ["1.9.0", "1.9.1", "1.10.0"]),
    ],
)
def test_the_nearest(wanted: str, nearest: list[str]) -> None:
    assert nearest_versions(wanted, KNOWN, count=3) == nearest


def test_no_releases_at_all() -> None:
    assert nearest_versions("1.0", []) == []


def test_what_is_listed_and_no_version_is_passed_over() -> None:
    assert nearest_versions("1.0", ["2004d-old", "1.0", "2.0"]) == ["1.0", "2.0"]


@given(wanted=versions, known=st.lists(versions, max_size=30), count=st.integers(1, 6))
def test_none_that_is_left_out_lies_between(wanted: str, known: list[str], count: int) -> None:
    found = [Version(version) for version in nearest_versions(wanted, known, count)]
    every = {Version(version) for version in known}
    assert found == sorted(set(found))
    assert len(found) == min(count, len(every))
    assert set(found) <= every
    if not found:
        return
    # A stretch of what there is without a gap, and the wanted one in it or beside it.
    assert {version for version in every if found[0] <= version <= found[-1]} == set(found)
    assert not any(found[-1] < version <= Version(wanted) for version in every)
    assert not any(Version(wanted) <= version < found[0] for version in every - {Version(wanted)})


def test_ever_further_goes_both_ways_in_growing_steps() -> None:
    known = [f"1.{number}.0" for number in range(100)]
    tried = [int(version.split(".")[1]) - 50 for version in ever_further("1.50.0", known)]
    assert tried == [-1, 1, -2, 2, -3, 3, -5, 5, -8, 8, -13, 13, -21, 21, -34, 34]


def test_ever_further_names_no_release_candidates() -> None:
    assert ever_further("1.9.0", KNOWN) == ["1.8.0", "1.9.1", "1.7.2", "1.10.0"]


@given(wanted=versions, known=st.lists(versions, max_size=60))
def test_ever_further_is_quick_and_leaves_the_wanted_one_out(wanted: str, known: list[str]) -> None:
    tried = ever_further(wanted, known)
    assert len(tried) == len(set(tried)) <= 22
    assert wanted not in tried
    assert set(tried) <= set(known)

"""Which releases lie between two, and what is said where the two do not fit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from perf_matrix.bisect.history.candidate import Candidate, History
from perf_matrix.bisect.history.releases import ReleaseChoice, release_history, releases_between
from perf_matrix.errors import InputError
from perf_matrix.subjects.index import Listing
from perf_matrix.subjects.spec import Release

LISTED = (
    *("1.10.0", "1.9.2", "1.9.1.post1", "1.9.1", "1.9.0", "1.9.0rc2", "1.9.0rc1", "1.9.0.dev3"),
    *("1.8.1", "1.8.0", "1.7.0"),
)
DEFAULT = ReleaseChoice()


def release(version: str) -> Release:
    return Release("litellm", version)


def allowed(version: str) -> str | None:
    return None


def between(
    good: str,
    bad: str,
    choice: ReleaseChoice = DEFAULT,
    listed: Sequence[str] = LISTED,
    yanked: Sequence[str] = (),
) -> History:
    listing = Listing(tuple(listed), tuple(yanked))
    return releases_between(release(good), release(bad), listing, choice, allowed)


def labels(history: History) -> list[str]:
    return [candidate.label for candidate in history.candidates]


def refused(good: str, bad: str, choice: ReleaseChoice = DEFAULT) -> str:
    with pytest.raises(InputError) as told:
        between(good, bad, choice)
    return str(told.value)


def test_final_and_post_releases_in_the_order_of_versions() -> None:
    history = between("1.8.0", "1.10.0")
    assert labels(history) == ["1.8.0", "1.8.1", "1.9.0", "1.9.1", "1.9.1.post1", "1.9.2", "1.10.0"]
    assert history.kind == "releases"
    assert history.candidates[1] == Candidate("litellm==1.8.1", "1.8.1")
    assert history.notes == ("3 pre-releases between the two are not tested: --pre tests them too",)


def test_pre_releases_where_they_are_asked_for() -> None:
    history = between("1.8.1", "1.9.1", ReleaseChoice(pre=True))
    assert labels(history) == ["1.8.1", "1.9.0.dev3", "1.9.0rc1", "1.9.0rc2", "1.9.0", "1.9.1"]
    assert history.notes == ()


def test_ends_that_would_not_be_chosen_themselves() -> None:
    assert labels(between("1.9.0rc1", "1.9.1", ReleaseChoice(exclude=("1.9.0*",)))) == ["1.9.0rc1", "1.9.1"]


def test_excluded_ones() -> None:
    choice = ReleaseChoice(exclude=("1.9.1*", "1.8.?"))
    assert labels(between("1.7.0", "1.10.0", choice)) == ["1.7.0", "1.9.0", "1.9.2", "1.10.0"]


def test_neighbours() -> None:
    assert labels(between("1.8.0", "1.8.1")) == ["1.8.0", "1.8.1"]


def test_an_end_that_was_yanked_is_tested_and_another_is_not() -> None:
    history = between("1.8.0", "1.9.1", listed=("1.9.1", "1.9.0"), yanked=("1.8.0",))
    assert labels(history) == ["1.8.0", "1.9.0", "1.9.1"]
    assert history.notes == (
        "litellm==1.8.0 has been yanked from the index: it is tested because it was named",
    )


def test_a_release_that_must_not_be_installed_is_left_out() -> None:
    history = releases_between(
        release("1.8.0"),
        release("1.9.1"),
        Listing(LISTED),
        DEFAULT,
        lambda version: "never" if version == "1.8.1" else None,
    )
    assert labels(history) == ["1.8.0", "1.9.0", "1.9.1"]
    assert "left out, as they must not be installed: 1.8.1" in history.notes


def test_an_end_that_must_not_be_installed_is_not_even_asked_about() -> None:
    def list_releases(package: str, named: Sequence[str]) -> Listing:
        pytest.fail("the index was asked about it")

    with pytest.raises(InputError, match=r"^litellm==1\.9\.0: it is bad$"):
        release_history(
            release("1.8.0"),
            release("1.9.0"),
            DEFAULT,
            lambda version: "it is bad" if version == "1.9.0" else None,
            list_releases,
        )


def test_the_index_is_asked_about_both_ends() -> None:
    asked: list[tuple[str, Sequence[str]]] = []

    def list_releases(package: str, named: Sequence[str]) -> Listing:
        asked.append((package, named))
        return Listing(LISTED)

    history = release_history(release("1.8.0"), release("1.8.1"), DEFAULT, allowed, list_releases)
    assert labels(history) == ["1.8.0", "1.8.1"]
    assert asked == [("litellm", ("1.8.0", "1.8.1"))]


def test_the_wrong_order() -> None:
    assert refused("1.9.0", "1.8.0") == (
        "GOOD has to be the older release, and litellm==1.9.0 is newer than litellm==1.8.0. "
        "Write the older one first, whichever is the faster: litellm==1.8.0 litellm==1.9.0"
    )


def test_the_same_release_twice() -> None:
    assert refused("1.9.0", "1.9.0").startswith("GOOD and BAD are the same release, litellm==1.9.0")


@pytest.mark.parametrize("version", ["1.8.7", "no-version"])
def test_one_that_is_not_listed(version: str) -> None:
    told = refused("1.8.0", version)
    assert told.startswith(
        f"the package index offers no release litellm=={version} for this Python. The nearest"
    )
    assert "litellm==1." in told


def test_the_nearest_are_those_around_it() -> None:
    assert refused("1.7.0", "1.8.7").endswith(
        "litellm==1.8.0, litellm==1.8.1, litellm==1.9.0.dev3, litellm==1.9.0rc1"
    )


def test_a_pattern_that_matches_nothing_between() -> None:
    told = refused("1.8.0", "1.9.2", ReleaseChoice(exclude=("1.9.1", "1.10.*")))
    assert told.startswith("--exclude 1.10.*: matches no release between litellm==1.8.0 and litellm==1.9.2; ")
    assert told.endswith("the nearest to it are: 1.9.0rc2, 1.9.0, 1.9.1, 1.9.1.post1")


def test_a_pattern_where_nothing_is_between() -> None:
    assert refused("1.8.0", "1.8.1", ReleaseChoice(exclude=("1.*",))).endswith("; there are none")


def test_a_pattern_for_pre_releases_that_are_not_tested_anyway() -> None:
    assert labels(between("1.8.1", "1.9.0", ReleaseChoice(exclude=("*rc*",)))) == ["1.8.1", "1.9.0"]


versions = st.builds(
    "{}.{}.{}{}".format, *[st.integers(0, 4)] * 3, st.sampled_from(["", "", "rc1", ".post1"])
)


@given(
    listed=st.sets(versions, min_size=2, max_size=40),
    choice=st.builds(ReleaseChoice, pre=st.booleans()),
    data=st.data(),
)
def test_every_chosen_release_between_the_ends_and_nothing_else(
    listed: set[str], choice: ReleaseChoice, data: st.DataObject
) -> None:
    ordered = sorted(listed, key=Version)
    places = st.lists(st.sampled_from(range(len(ordered))), min_size=2, max_size=2, unique=True)
    first, last = sorted(data.draw(places))
    found = labels(between(ordered[first], ordered[last], choice, ordered[::-1]))
    middle = [one for one in ordered[first + 1 : last] if choice.pre or not Version(one).is_prerelease]
    assert found == [ordered[first], *middle, ordered[last]]

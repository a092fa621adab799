"""Which tags of an image lie between two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.bisect.history.candidate import History
from perf_matrix.bisect.history.images import familiar, images_between, name_of
from perf_matrix.errors import InputError
from perf_matrix.subjects.spec import Image

NAME = "ghcr.io/berriai/litellm"


def between(good: str, bad: str, *known: str) -> History:
    return images_between(Image(f"{NAME}:{good}"), Image(f"{NAME}:{bad}"), known)


def tags(good: str, bad: str, *known: str) -> list[str]:
    return [candidate.label for candidate in between(good, bad, *known).candidates]


def refused(good: str, bad: str) -> str:
    with pytest.raises(InputError) as told:
        images_between(Image(good), Image(bad), [])
    return str(told.value)


def test_tags_of_the_same_series_in_the_order_of_versions() -> None:
    known = [
        "v1.80.10-stable",
        "v1.80.9-stable",
        "v1.80.9-nightly",
        "v1.80.8",
        "main-v1.80.9-stable",
        "latest",
    ]
    found = between("v1.80.5-stable", "v1.81.3-stable", *known, "v1.81.3-stable", "v1.79.0-stable")
    assert [one.label for one in found.candidates] == [
        *("v1.80.5-stable", "v1.80.9-stable", "v1.80.10-stable", "v1.81.3-stable")
    ]
    assert found.kind == "images"
    assert found.candidates[1].spec == f"image:{NAME}:v1.80.9-stable"
    assert found.notes == ()


def test_a_patch_of_a_series_follows_what_it_patches() -> None:
    known = ["v1.80.5-stable.10", "v1.80.5-stable.2", "v1.80.5.rc.1", "v1.80.6-stable"]
    assert tags("v1.80.5-stable", "v1.80.7-stable", *known) == [
        *("v1.80.5-stable", "v1.80.5-stable.2", "v1.80.5-stable.10", "v1.80.6-stable", "v1.80.7-stable")
    ]


def test_ends_of_two_series_and_two_tags_of_one_version() -> None:
    known = ["v1.1-nightly", "v1.1-stable", "v1.2-nightly", "v1.3"]
    assert tags("v1.0-stable", "v1.4-nightly", *known) == [
        *("v1.0-stable", "v1.1-stable", "v1.2-nightly", "v1.4-nightly")
    ]


def test_whole_numbers_and_other_words_in_front() -> None:
    assert tags("main-v1-alpine", "main-v3-alpine", "main-v2-alpine", "v2-alpine", "main-v2") == [
        *("main-v1-alpine", "main-v2-alpine", "main-v3-alpine")
    ]


def test_words_with_digits_in_front() -> None:
    assert tags("py3-v1.9", "py3-v1.11", "py3-v1.10", "py2-v1.10") == ["py3-v1.9", "py3-v1.10", "py3-v1.11"]


def test_nothing_between_says_what_to_do() -> None:
    history = between("v1.0", "v1.2")
    assert len(history.candidates) == 2
    assert history.notes == (
        (
            "this machine has no image between the two: to test more, pull the images first (docker pull), "
            "or list them in a file, oldest first: --list FILE"
        ),
    )


def test_a_host_with_a_port_and_the_hub_by_its_name() -> None:
    found = images_between(Image("localhost:5000/a:1.0"), Image("localhost:5000/a:1.2"), ["1.1"])
    assert found.candidates[1].spec == "image:localhost:5000/a:1.1"
    hub = images_between(Image("docker.io/library/a:1.0"), Image("a:1.2"), ["1.1"])
    assert hub.candidates[1].spec == "image:docker.io/library/a:1.1"
    assert familiar("index.docker.io/a/b") == "a/b"
    assert familiar("example.org/library/b") == "example.org/library/b"


@pytest.mark.parametrize(
    "reference", ["a", "a:latest", "a:stable", f"a@sha256:{'0' * 64}", f"a:1.0@sha256:{'0' * 64}"]
)
def test_no_version(reference: str) -> None:
    told = refused(reference, "a:1.2")
    assert told.startswith(f"image:{reference}: has no tag that is a version")
    assert "--list FILE" in told


def test_other_names_and_the_wrong_order() -> None:
    assert "images of different names" in refused("a:1.0", "b:1.2")
    assert refused("a:1.2", "a:1.0").endswith("whichever is the faster: image:a:1.0 image:a:1.2")
    assert "are the same version" in refused("a:1.0-x", "a:1.0-y")


def test_the_name_without_the_tag() -> None:
    assert name_of(Image("localhost:5000/a")) == "localhost:5000/a"
    assert name_of(Image("localhost:5000/a:1.0")) == "localhost:5000/a"


@given(st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", fullmatch=True)))
def test_any_tags_give_the_ends_and_no_tag_twice(known: list[str]) -> None:
    found = tags("v1.0", "v9.0", *known)
    assert (found[0], found[-1]) == ("v1.0", "v9.0")
    assert set(found[1:-1]) <= set(known)
    assert len(set(found)) == len(found)

"""What is a subject and what is not, and the exact words about it."""

from __future__ import annotations

import pytest

from perf_matrix.errors import InputError
from perf_matrix.subjects.spec import Release, parse_subject


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("litellm==1.80.5", "1.80.5"),
        ("  litellm==1.80.5\n", "1.80.5"),
        ("LiteLLM==1.80.5", "1.80.5"),
        ("litellm==1.81.0rc1", "1.81.0rc1"),
        ("litellm==1.81.0-rc.1", "1.81.0rc1"),
        ("litellm==1.80.5.dev1", "1.80.5.dev1"),
        ("litellm==1!1.80.5", "1!1.80.5"),
        ("litellm==1.80.5+local", "1.80.5+local"),
        ("litellm==1.80", "1.80"),
        ("litellm==1.2.3.4", "1.2.3.4"),
        # One spelling for each version, so that none gets past a check of another.
        ("litellm==v1.80.5", "1.80.5"),
        ("litellm==1.080.05", "1.80.5"),
        ("litellm==1.80.5.0.0", "1.80.5"),
        # No version: the package index says what there is instead.
        ("litellm==1.80.5-stable", "1.80.5-stable"),
        ("litellm==latest", "latest"),
    ],
)
def test_a_release(text: str, version: str) -> None:
    release = parse_subject(text, "litellm")
    assert release == Release("litellm", version)
    assert release.spec == f"litellm=={version}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "litellm",
        "1.80.5",
        "litellm==",
        "==1.80.5",
        "litellm=1.80.5",
        "litellm>=1.80.5",
        "litellm==1.80.*",
        "litellm[proxy]==1.80.5",
        "litellm==1.80.5; python_version > '3'",
        "litellm==1.80.5 --index-url=http://example.com",
        "litellm==1.80.5\n--index-url=x",
        "litellm==../../etc",
        "-r==1",
        "git:main",
    ],
)
def test_not_a_subject(text: str) -> None:
    with pytest.raises(InputError) as told:
        parse_subject(text, "litellm")
    assert str(told.value) == f"{text!r} is not a subject: write a release, such as litellm==1.2.3"


def test_the_release_of_another_package() -> None:
    with pytest.raises(InputError) as told:
        parse_subject("litelm==1.80.5", "litellm")
    assert str(told.value) == "'litelm==1.80.5' is not a release of litellm: write litellm==1.80.5"


def test_a_package_may_be_written_with_underscores() -> None:
    assert parse_subject("My_Service==1.0.0", "my-service") == Release("my-service", "1.0.0")

"""What is a subject and what is not, and the exact words about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perf_matrix.errors import InputError
from perf_matrix.subjects.spec import Commit, Folder, Image, Release, Subject, parse_subject

SHA = "1a2b3c4d" + "0" * 32


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
    "reference",
    [
        "litellm",
        "litellm:1.80.5",
        "berriai/litellm",
        "ghcr.io/berriai/litellm:v1.80.5-stable",
        "localhost:5000/litellm",
        "localhost:5000/litellm:5000",
        "127.0.0.1:5000/a/b/c:x",
        "[::1]:5000/litellm:1",
        "Registry.Example/litellm",
        "my__image.name-is--long:_tag",
        f"litellm@sha256:{'0a' * 32}",
        f"ghcr.io/berriai/litellm:v1@sha256:{'0a' * 32}",
        "litellm:" + "t" * 128,
        "n" * 255,
    ],
)
def test_an_image(reference: str) -> None:
    image = parse_subject(f" image:{reference} ", "litellm")
    assert image == Image(reference)
    assert image.spec == f"image:{reference}"


@pytest.mark.parametrize(
    "reference",
    [
        "",
        ":1.80.5",
        "LiteLLM:1.80.5",
        "berriai/LiteLLM",
        "litellm:",
        "litellm:-tag",
        "litellm:a:b",
        "litellm:1.80+5",
        "litellm@sha256:0a",
        "litellm@sha256",
        f"litellm@SHA256:{'0a' * 32}",
        "/litellm",
        "litellm/",
        "a//b",
        "lite llm",
        "litellm:1 --privileged",
        "--privileged",
        "litellm:1\nx",
        "lite_-llm",
        "a___b",
        ".litellm",
        "litellm:" + "t" * 129,
        "n" * 256,
    ],
)
def test_no_image(reference: str) -> None:
    with pytest.raises(InputError) as told:
        parse_subject(f"image:{reference}", "litellm")
    assert "not the name of an image: write image:NAME:TAG or image:NAME@DIGEST" in str(told.value)


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
        "main",
        "GIT:main",
        "https://example.com/litellm",
        "./litellm",
    ],
)
def test_not_a_subject(text: str) -> None:
    with pytest.raises(InputError) as told:
        parse_subject(text, "litellm")
    assert str(told.value) == (
        f"{text!r} is not a subject: write a release, such as litellm==1.2.3, a commit, git:REF, "
        "a folder, path:DIR, or a container image, image:NAME:TAG"
    )


def test_the_release_of_another_package() -> None:
    with pytest.raises(InputError) as told:
        parse_subject("litelm==1.80.5", "litellm")
    assert str(told.value) == "'litelm==1.80.5' is not a release of litellm: write litellm==1.80.5"


def test_a_package_may_be_written_with_underscores() -> None:
    assert parse_subject("My_Service==1.0.0", "my-service") == Release("my-service", "1.0.0")


@pytest.mark.parametrize(
    ("subject", "label"),
    [
        (Release("litellm", "1.80.5"), "1.80.5"),
        (Release("litellm", "1!1.80.5+local"), "1-1.80.5-local"),
        (Commit(Path("/r"), "main", SHA), "main-1a2b3c4d"),
        (Commit(Path("/r"), "origin/fix/the thing", SHA), "origin-fix-the-thing-1a2b3c4d"),
        (Commit(Path("/r"), "HEAD~2", SHA), "HEAD-2-1a2b3c4d"),
        (Commit(Path("/r"), "@", SHA), "subject-1a2b3c4d"),
        (Commit(Path("/r"), "../../etc", SHA), "etc-1a2b3c4d"),
        # A hash says no more when it is said twice.
        (Commit(Path("/r"), "1A2B3", SHA), "1a2b3c4d"),
        (Commit(Path("/r"), SHA, SHA), "1a2b3c4d"),
        (Commit(Path("/r"), "b" * 60, SHA), "b" * 40 + "-1a2b3c4d"),
        (Folder(Path("/home/me/my litellm")), "my-litellm-HASH"),
        (Folder(Path("/")), "subject-HASH"),
        (Image("ghcr.io/berriai/litellm:v1.80.5"), "litellm-v1.80.5-HASH"),
        (Image(f"localhost:5000/litellm@sha256:{'0a' * 32}"), "litellm-HASH"),
    ],
)
def test_labels(subject: Subject, label: str) -> None:
    assert re.fullmatch(re.escape(label).replace("HASH", "[0-9a-f]{8}"), subject.label)


def test_subjects_of_one_name_have_labels_of_their_own() -> None:
    subjects: list[Subject] = [
        *(Image(f"{host}/litellm:1") for host in ("ghcr.io", "docker.io", "docker.io/berriai")),
        *(Folder(Path(place) / "litellm") for place in ("/a", "/b")),
    ]
    assert len({subject.label for subject in subjects}) == 5

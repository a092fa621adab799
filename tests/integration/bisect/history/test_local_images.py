"""The tags that a real Docker engine has of an image."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perf_matrix.bisect.history.images import images_between
from perf_matrix.bisect.history.local_images import local_tags
from perf_matrix.stacks.compose.engine import find_engine
from perf_matrix.subjects.spec import Image
from tests.engine import Engine

pytestmark = pytest.mark.docker

NAME = "perf-matrix-tests.example/bisected/it"
TAGS = ("v1.0", "v1.1", "v1.2", "v1.1-nightly", "latest")


@pytest.fixture
def tagged(engine: Engine) -> Iterator[Engine]:
    """The engine with one image that has several tags, and another name that begins alike."""
    references = [*(f"{NAME}:{tag}" for tag in TAGS), f"{NAME}-other:v1.1"]
    try:
        for reference in references:
            engine.run("docker", "tag", engine.base_image, reference)
        yield engine
    finally:
        engine.run("docker", "rmi", *references)


def test_the_tags_of_one_name(tagged: Engine) -> None:
    client = find_engine(tagged.environ).client
    assert sorted(local_tags(client, NAME)) == sorted(TAGS)
    assert local_tags(client, f"{NAME}-there-is-none") == []


def test_the_images_between_two(tagged: Engine) -> None:
    tags = local_tags(find_engine(tagged.environ).client, NAME)
    history = images_between(Image(f"{NAME}:v1.0"), Image(f"{NAME}:v1.2"), tags)
    assert [candidate.label for candidate in history.candidates] == ["v1.0", "v1.1", "v1.2"]

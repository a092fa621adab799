"""Images that cannot be had: said before anything is started, with the words of whoever refuses."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from perf_matrix.errors import InputError
from perf_matrix.stacks.compose.engine import Engine
from perf_matrix.subjects.spec import Folder, Image, Release, Subject
from perf_matrix.targets.base import Target
from perf_matrix.targets.litellm import LiteLLM
from tests.engine import Engine as SharedEngine
from tests.integration.stacks.compose.backends import Lab
from tests.integration.stacks.compose.small_image import ContainerTarget

pytestmark = pytest.mark.docker

NOWHERE = "perf-matrix-tests/none:1"
EMPTY = "perf-matrix-tests/empty:1"


@pytest.fixture
def empty(found: Engine) -> Iterator[str]:
    """An image without any file."""
    archive = io.BytesIO()
    tarfile.open(fileobj=archive, mode="w").close()
    repository, _, tag = EMPTY.partition(":")
    found.client.api.import_image_from_data(archive.getvalue(), repository=repository, tag=tag)
    yield EMPTY
    found.client.api.remove_image(EMPTY)


def refused(lab: Lab, head: Subject, target: Target | None = None) -> tuple[str, list[str]]:
    """What a backend says of a head that cannot be had, and what it said that it does before."""
    said: list[str] = []
    base = Image(lab.images["1.1.1"]) if target is None else head
    with lab.backend(target=target) as backend, pytest.raises(InputError) as told:
        backend.prepare({"base": base, "head": head}, said.append)
    return str(told.value), said


def test_an_image_that_there_is_not(lab: Lab) -> None:
    told, said = refused(lab, Image(NOWHERE))
    assert told.startswith(f"image:{NOWHERE} is neither on this machine nor can it be pulled: ")
    assert told.endswith(". Check its name and tag, or log in first: docker login")
    assert said[-1] == f"fetching {NOWHERE}"
    assert not any("looking into" in line for line in said)


def test_an_image_of_postgres_that_there_is_not(lab: Lab) -> None:
    told = rf"^{NOWHERE} \(POSTGRES_IMAGE\) is neither on this machine nor can it be pulled: "
    with lab.backend(environ={"POSTGRES_IMAGE": NOWHERE}) as backend, pytest.raises(InputError, match=told):
        lab.prepare(backend)


def test_an_image_without_the_package(lab: Lab, engine: SharedEngine) -> None:
    told, _ = refused(lab, Image(engine.base_image))
    first, *rest = told.splitlines()
    assert (
        first
        == f"image:{engine.base_image} is no image of iniconfig: its Python, asked for the package, said:"
    )
    assert "PackageNotFoundError: No package metadata was found for iniconfig" in rest[-1]


def test_an_image_without_python(lab: Lab, empty: str) -> None:
    told, _ = refused(lab, Image(empty))
    assert told.startswith(
        f"image:{empty} is no image of iniconfig: its Python, asked for the package, said:\n"
    )
    assert "python" in told.splitlines()[-1]


def test_a_release_that_there_is_not(lab: Lab) -> None:
    told, said = refused(lab, Release("litellm", "0.0.99"), LiteLLM())
    first, *rest = told.splitlines()
    assert first == "litellm==0.0.99 cannot be built:"
    assert any("there is no version of litellm[proxy]==0.0.99" in line for line in rest)
    assert len(rest) < 10
    assert said[-1] == "building litellm==0.0.99"


def test_a_folder_that_cannot_be_built(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'litellm'\nversion = 'not one'\n")
    told, _ = refused(lab, Folder(folder), LiteLLM())
    first, *rest = told.splitlines()
    assert first == f"path:{folder} cannot be built:"
    assert any("not one" in line for line in rest), told


def test_an_image_is_looked_into_once(lab: Lab) -> None:
    with lab.backend() as backend:
        first = lab.prepare(backend)
        facts = {path: path.stat().st_mtime_ns for path in lab.cache.glob("image-facts/*/facts.json")}
        assert lab.prepare(backend) == first
        assert {path: path.stat().st_mtime_ns for path in lab.cache.glob("image-facts/*/facts.json")} == facts
    assert len(facts) >= 2


def test_what_a_service_is_migrated_with_comes_out_of_its_image(lab: Lab) -> None:
    with lab.backend() as backend:
        lab.prepare(backend)
    scripts = [path.read_text() for path in lab.cache.glob("image-facts/*/site-packages/**/2_fill.sql")]
    target = ContainerTarget()
    assert {f"INSERT INTO it VALUES ('{version}')\n" for version in lab.images} <= set(scripts)
    folders = lab.cache.glob("image-facts/*/site-packages")
    assert all([name for name, _ in target.migrations(folder)] == ["1_make", "2_fill"] for folder in folders)

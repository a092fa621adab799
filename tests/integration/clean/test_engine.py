"""Cleaning with a real Docker engine, which others may be using: only what these tests made is old enough to go.

Their images say that they were built in 1990, and the age that is asked for is about twenty years.
"""

from __future__ import annotations

import calendar
import hashlib
import io
import json
import os
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perf_matrix.commands.clean import Cleaned
from perf_matrix.lease import hold_lease
from perf_matrix.stacks.compose.building import IMAGE_LABEL, Builder, Recipe
from perf_matrix.stacks.compose.engine import find_engine
from perf_matrix.stacks.compose.leftovers import clear_dead, is_marked, mark
from perf_matrix.stacks.compose.project import REGISTRY_LABEL, RUN_LABEL
from perf_matrix.stacks.compose.stamps import stamp_use, used_at

from .conftest import Cleaning

if TYPE_CHECKING:
    from tests.engine import Engine

pytestmark = pytest.mark.docker

OLDER = ("--older-than", "1000w")
BUILT_AT = calendar.timegm((1990, 1, 1, 0, 0, 0))
REPOSITORY = "perf-matrix-tests/clean"
DEAD = "0123456789ab"


@dataclass(frozen=True)
class Docker:
    """What a test makes with the engine, all of it labelled, so that it can be removed whatever happens."""

    engine: Engine
    label: str
    folder: Path

    def run(self, *arguments: str) -> str:
        return self.engine.run("docker", *arguments).strip()

    def parts(self, run: str, registry: Path | str) -> str:
        """A running container in a network and with a volume, as a run has them; returns the name of all three."""
        name = f"perf-matrix-tests-{uuid.uuid4().hex[:12]}"
        labels = [f"--label={self.label}"]
        if run:
            labels += [f"--label={RUN_LABEL}={run}", f"--label={REGISTRY_LABEL}={registry}"]
        self.run("network", "create", *labels, name)
        self.run("volume", "create", *labels, name)
        stay = ("--detach", "--init", f"--network={name}", f"--volume={name}:/kept", "--entrypoint=sleep")
        self.run("run", *labels, f"--name={name}", *stay, self.engine.base_image, "600")
        return name

    def listed(self) -> dict[str, set[str]]:
        """Kind -> the names of what is there."""
        label = f"--filter=label={self.label}"
        return {
            "container": set(self.run("ps", "--all", label, "--format={{.Names}}").split()),
            "network": set(self.run("network", "ls", label, "--format={{.Name}}").split()),
            "volume": set(self.run("volume", "ls", label, "--format={{.Name}}").split()),
        }

    def image(self, *names: str, repository: str = REPOSITORY, created: str = "1990-01-01T00:00:00Z") -> str:
        """An image with these names and the label of built images; returns its digest."""
        layer = tar_of({"file": os.urandom(100_000)})
        labels = {self.label: "", **({IMAGE_LABEL: repository} if repository else {})}
        config = json.dumps(
            {
                "created": created,
                "architecture": "amd64",
                "os": "linux",
                "config": {"Labels": labels, "Cmd": ["/nothing"]},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
                "history": [{"created": created, "created_by": "a test"}],
            }
        ).encode()
        digest = hashlib.sha256(config).hexdigest()
        manifest = [{"Config": f"{digest}.json", "RepoTags": names, "Layers": ["layer.tar"]}]
        files = {
            f"{digest}.json": config,
            "layer.tar": layer,
            "manifest.json": json.dumps(manifest).encode(),
        }
        archive = self.folder / f"{digest}.tar"
        archive.write_bytes(tar_of(files))
        self.run("load", "--quiet", f"--input={archive}")
        return f"sha256:{digest}"

    def names(self) -> set[str]:
        """The names of the images that are there."""
        shown = self.run("images", f"--filter=label={self.label}", "--format={{.Repository}}:{{.Tag}}")
        return set(shown.split())

    def clear(self) -> None:
        for name in self.listed()["container"]:
            self.run("rm", "--force", "--volumes", name)
        for kind in ("network", "volume"):
            for name in self.listed()[kind]:
                self.run(kind, "rm", name)
        for name in self.names():
            self.run("rmi", name)


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def tag() -> str:
    return f"{REPOSITORY}:{uuid.uuid4().hex[:16]}"


@pytest.fixture
def docker(engine: Engine, tmp_path: Path) -> Iterator[Docker]:
    (tmp_path / "archives").mkdir()
    docker = Docker(engine, f"perf-matrix-tests.{uuid.uuid4().hex}", tmp_path / "archives")
    try:
        yield docker
    finally:
        docker.clear()


@pytest.fixture
def cleaning(engine: Engine, tmp_path: Path) -> Cleaning:
    return Cleaning(tmp_path.resolve() / "cache", engine.environ)


def removed(cleaned: Cleaned) -> set[tuple[str, str]]:
    return {(row.kind, row.name) for row in cleaned.removed}


def every_kind_of(name: str) -> set[tuple[str, str]]:
    return {(kind, name) for kind in ("container", "network", "volume")}


def test_what_dead_runs_left_is_removed_and_nothing_else(docker: Docker, cleaning: Cleaning) -> None:
    with hold_lease(cleaning.registry) as living:
        mark(cleaning.registry)
        dead = docker.parts(DEAD, cleaning.registry)
        others = [
            docker.parts(living.id, cleaning.registry),
            docker.parts(DEAD, cleaning.cache / "another"),
            docker.parts("", ""),
        ]

        planned = cleaning.clean("--dry-run", *OLDER)
        assert removed(planned) == every_kind_of(dead)
        assert docker.listed() == {kind: {dead, *others} for kind in ("container", "network", "volume")}

        assert removed(cleaning.clean(*OLDER)) == every_kind_of(dead)
        assert docker.listed() == {kind: set(others) for kind in ("container", "network", "volume")}
        assert cleaning.clean(*OLDER).removed == []
        assert is_marked(cleaning.registry)
    assert removed(cleaning.clean(*OLDER)) == every_kind_of(others[0])
    assert not is_marked(cleaning.registry)


def test_a_network_that_somebody_joined_stays_and_is_still_known(docker: Docker, cleaning: Cleaning) -> None:
    cleaning.registry.mkdir(parents=True)
    mark(cleaning.registry)
    name = docker.parts(DEAD, cleaning.registry)
    joined = f"{name}-joined"
    stay = ("--detach", "--init", f"--network={name}", "--entrypoint=sleep", docker.engine.base_image, "600")
    docker.run("run", f"--label={docker.label}", f"--name={joined}", *stay)

    # The next start gets rid of what it can, and goes on.
    clear_dead(cleaning.registry, cleaning.environ)
    assert docker.listed() == {"container": {joined}, "network": {name}, "volume": set()}

    cleaned = cleaning.clean(*OLDER)
    assert cleaned.removed == []
    assert [(kept.kind, kept.name) for kept in cleaned.kept] == [("network", name)]
    assert "active endpoints" in cleaned.kept[0].reason
    assert is_marked(cleaning.registry)


def test_images_go_by_their_last_use(docker: Docker, cleaning: Cleaning) -> None:
    stamped_old, stamped_new, unstamped, new, mine = (tag() for _ in range(5))
    facts = cleaning.make("image-facts/litellm-" + docker.image(stamped_old)[7:39], 1.7e9)
    other_facts = cleaning.make("image-facts/litellm-" + docker.image(stamped_new)[7:39], 1.7e9)
    docker.image(unstamped)
    docker.image(new, created="2026-01-01T00:00:00Z")
    docker.image(mine, repository="")
    for each in (stamped_old, stamped_new):
        stamp_use(cleaning.cache, each)
    (stamp,) = (cleaning.cache / "images").glob(f"*{stamped_old[-16:]}")
    os.utime(stamp, (BUILT_AT + 60, BUILT_AT + 60))

    planned = cleaning.clean("--dry-run", *OLDER)
    assert removed(planned) == {("image", stamped_old), ("image", unstamped)}
    assert {row.last_used.timestamp() - BUILT_AT for row in planned.removed if row.last_used} == {60, 0}
    assert all(100_000 <= (row.size_bytes or 0) < 200_000 for row in planned.removed)
    assert docker.names() == {stamped_old, stamped_new, unstamped, new, mine}

    assert cleaning.clean(*OLDER).removed == planned.removed
    assert docker.names() == {stamped_new, new, mine}
    assert used_at(cleaning.cache, stamped_old) is None
    assert used_at(cleaning.cache, stamped_new) is not None
    assert not facts.exists()
    assert other_facts.exists()


def test_an_image_that_was_built_goes_after_its_last_use(
    docker: Docker, cleaning: Cleaning, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nLABEL {docker.label}=\nCOPY file /\n")
    (tmp_path / "file").write_text(tag())
    builder = Builder(find_engine(cleaning.environ), cleaning.cache, tmp_path, cleaning.environ)
    recipe = Recipe("it", "it", REPOSITORY, tmp_path, "Dockerfile", [tmp_path / "file"], key="")
    name = builder.tag(recipe)
    assert not builder.is_built(recipe)
    assert used_at(cleaning.cache, name) is None
    builder.build([recipe])
    assert docker.names() == {name}

    (stamp,) = (cleaning.cache / "images").iterdir()
    assert cleaning.clean(*OLDER).removed == []
    os.utime(stamp, (BUILT_AT, BUILT_AT))
    assert builder.is_built(recipe)
    assert cleaning.clean(*OLDER).removed == []
    os.utime(stamp, (BUILT_AT, BUILT_AT))
    assert removed(cleaning.clean(*OLDER)) == {("image", name)}
    assert not builder.is_built(recipe)


def test_an_image_stays_as_long_as_somebody_needs_it(docker: Docker, cleaning: Cleaning) -> None:
    in_container, called, derived = tag(), tag(), f"perf-matrix-tests/mine:{uuid.uuid4().hex[:16]}"
    docker.image(in_container, tag_besides := tag())
    docker.image(called, also := f"perf-matrix-tests/mine:{uuid.uuid4().hex[:16]}")
    docker.image(derived)
    docker.run("create", f"--label={docker.label}", f"--name={derived[-16:]}", in_container)

    cleaned = cleaning.clean(*OLDER)
    assert cleaned.removed == []
    assert {(kept.name, kept.reason) for kept in cleaned.kept} == {
        (" ".join(sorted((in_container, tag_besides))), "a container uses it"),
        (called, f"somebody calls it {also}"),
    }
    assert docker.names() == {in_container, tag_besides, called, also, derived}

    docker.run("rm", derived[-16:])
    docker.run("rmi", also)
    assert {row.name for row in cleaning.clean(*OLDER).removed} == {
        " ".join(sorted((in_container, tag_besides))),
        called,
    }
    assert docker.names() == {derived}


def test_the_image_of_a_dead_container_goes_with_it(docker: Docker, cleaning: Cleaning) -> None:
    docker.image(old := tag())
    name = old[-16:]
    labels = [f"--label={docker.label}", f"--label={RUN_LABEL}={DEAD}"]
    docker.run("create", *labels, f"--label={REGISTRY_LABEL}={cleaning.registry}", f"--name={name}", old)
    expected = {("container", name), ("image", old)}
    assert removed(cleaning.clean("--dry-run", *OLDER)) == expected
    assert removed(cleaning.clean(*OLDER)) == expected
    assert docker.names() == set()


def test_an_image_that_a_run_under_way_may_use_stays(docker: Docker, cleaning: Cleaning) -> None:
    docker.image(old := tag())
    with hold_lease(cleaning.registry) as lease:
        os.utime(cleaning.registry / f"{lease.id}.json", (BUILT_AT - 1, BUILT_AT - 1))
        cleaned = cleaning.clean(*OLDER)
        assert [(kept.name, kept.reason) for kept in cleaned.kept] == [
            (old, "a run that is under way may use it")
        ]
        assert docker.names() == {old}
    assert removed(cleaning.clean(*OLDER)) == {("image", old)}

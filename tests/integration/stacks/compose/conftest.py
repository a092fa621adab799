"""The engine that all tests share, as the program sees it, with images of the small service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perf_matrix.lease import Lease, hold_lease
from perf_matrix.stacks.compose.backend import ComposeBackend
from perf_matrix.stacks.compose.building import Builder
from perf_matrix.stacks.compose.engine import Engine, find_engine
from tests.engine import Engine as SharedEngine
from tests.integration.stacks.compose.backends import CALLER, VERSIONS, Lab
from tests.integration.stacks.compose.commands import Bench
from tests.integration.stacks.compose.small_image import build


@pytest.fixture(scope="session")
def found(engine: SharedEngine) -> Engine:
    return find_engine(engine.environ)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def images(found: Engine, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Version -> image of the small service."""
    builder = Builder(found, cache, tmp_path_factory.mktemp("builder"), found.environ)
    return build(builder, VERSIONS, tmp_path_factory.mktemp("context"))


@pytest.fixture
def lease(tmp_path: Path) -> Iterator[Lease]:
    with hold_lease(tmp_path / "leases") as lease:
        yield lease


@pytest.fixture
def lab(found: Engine, images: dict[str, str], cache: Path, lease: Lease, tmp_path: Path) -> Lab:
    """A lease of the test's own."""
    return Lab(found, images, cache, lease, tmp_path / "leases")


@pytest.fixture(scope="module")
def shared_lab(
    found: Engine, images: dict[str, str], cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A lease for all tests of a file."""
    registry = tmp_path_factory.mktemp("leases")
    with hold_lease(registry) as lease:
        yield Lab(found, images, cache, lease, registry)


@pytest.fixture(scope="module")
def running(shared_lab: Lab) -> Iterator[ComposeBackend]:
    """A backend with a Postgres, for one stack after the other."""
    with shared_lab.running(environ=CALLER) as backend:
        yield backend


@pytest.fixture
def bench(found: Engine, images: dict[str, str], tmp_path: Path) -> Bench:
    """Commands in the test's own folder."""
    base, head = (images[version] for version in VERSIONS)
    return Bench(found, (base, head), tmp_path, tmp_path / "cache")

"""A compose backend with a small service in the place of LiteLLM, on the engine that all tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.engine import Engine as TestEngine

from perf_matrix.lease import Lease, hold_lease
from perf_matrix.matrix.model import Arm, Cell, Patch
from perf_matrix.stacks.compose.backend import ComposeBackend
from perf_matrix.stacks.compose.building import Builder
from perf_matrix.stacks.compose.engine import Engine, find_engine
from perf_matrix.stacks.compose.stack import ComposeStack
from perf_matrix.subjects.spec import Image

from .small_image import ContainerTarget, build

VERSIONS = ("1.1.1", "2.0.0")
BackendOf = Callable[..., ComposeBackend]
Start = Callable[..., ComposeStack]


@pytest.fixture(scope="session")
def docker(engine: TestEngine) -> Engine:
    """The shared engine, as the program sees it."""
    return find_engine(engine.environ)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def images(docker: Engine, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Version -> image of the small service."""
    folder = tmp_path_factory.mktemp("images")
    return build(Builder(docker, cache, folder, docker.environ), list(VERSIONS), tmp_path_factory.mktemp("context"))

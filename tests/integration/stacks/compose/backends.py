"""Compose backends with the small service in the place of LiteLLM; each has to leave nothing with the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from perf_matrix.lease import Lease
from perf_matrix.matrix.model import ARMS, Arm, Cell, Patch
from perf_matrix.record.model import SubjectInfo
from perf_matrix.stacks.compose.backend import ComposeBackend
from perf_matrix.stacks.compose.engine import Engine
from perf_matrix.stacks.compose.stack import ComposeStack
from perf_matrix.subjects.spec import Image
from perf_matrix.targets.base import Target
from tests.containers import container_of, left_with
from tests.integration.stacks.compose.small_image import ContainerTarget

ROWS = {"rows": 2}
VERSIONS = ("1.1.1", "2.0.0")
# Nothing of this may get into a container.
CALLER = {
    "OPENAI_API_KEY": "sk-of-the-caller",
    "DATABASE_URL": "postgresql://the-callers/database",
    "LITELLM_LOG": "DEBUG",
    "PYTHONPATH": "/of/the/caller",
    "PERF_MATRIX_TESTS": "of the caller",
}


@dataclass(frozen=True)
class Lab:
    """What backends are made from. ``images``: version -> name."""

    engine: Engine
    images: Mapping[str, str]
    cache: Path
    lease: Lease
    registry: Path

    @contextmanager
    def backend(
        self, target: Target | None = None, environ: Mapping[str, str] | None = None, **options: Any
    ) -> Iterator[ComposeBackend]:
        """A backend; ``environ`` is added to that of its programs, ``options`` are its own."""
        engine = replace(self.engine, environ={**self.engine.environ, **(environ or {})})
        backend = ComposeBackend(
            target or ContainerTarget(),
            engine,
            cache=self.cache,
            lease=self.lease,
            registry=self.registry,
            environ=engine.environ,
            **{"ready_limit_s": 60.0, **options},
        )
        try:
            yield backend
        finally:
            backend.stop()
            assert self.left() == []

    def left(self) -> list[str]:
        """What the engine has of the lease."""
        return left_with(self.engine, self.lease.id)

    def container(self, service: str) -> str:
        """The id of a service's container."""
        return container_of(self.engine, self.lease.id, service)

    def prepare(self, backend: ComposeBackend, versions: Sequence[str] = VERSIONS) -> dict[Arm, SubjectInfo]:
        """Prepare a version for each arm, base first; with one version, the head alone."""
        arms = ARMS[-len(versions) :]
        subjects = {arm: Image(self.images[version]) for arm, version in zip(arms, versions, strict=True)}
        return backend.prepare(subjects, lambda _what: None)

    @contextmanager
    def running(self, versions: Sequence[str] = VERSIONS, **options: Any) -> Iterator[ComposeBackend]:
        """A backend with a Postgres that has been seeded."""
        with self.backend(**options) as backend:
            self.prepare(backend, versions)
            backend.start_postgres()
            backend.seed([ROWS])
            yield backend


def start(backend: ComposeBackend, logs: Path, **patch: Any) -> ComposeStack:
    """Start the stack of a cell; ``patch`` is what its variants change."""
    cell = Cell(id="default", variants={}, patch=Patch(**patch))
    return backend.start_stack(cell, ROWS, logs, waiting=lambda: None)


def ask(stack: ComposeStack, arm: Arm, path: str) -> Any:
    return requests.get(stack.urls[arm] + path, timeout=10).json()

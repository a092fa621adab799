"""The run's Postgres server with its databases: started on an empty volume, seeded, followed by another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from perf_matrix.errors import MeasurementError, PartDiedError
from perf_matrix.matrix.model import Arm, Patch
from perf_matrix.stacks.compose.containers import Containers
from perf_matrix.stacks.compose.postgres import SERVICE, ComposePostgres, wait_for_postgres
from perf_matrix.stacks.compose.project import Project
from perf_matrix.stacks.templates import Schema, Templates
from perf_matrix.targets.base import Scale, Target


class Databases:
    """What ``target`` is seeded with, on a server of ``project`` that is known by ``password``."""

    def __init__(self, project: Project, containers: Containers, password: str, target: Target) -> None:
        self._project = project
        self._containers = containers
        self._password = password
        self._target = target
        self._sound = True
        self._start()

    def seed(self, schemas: Iterable[Schema], scales: Iterable[Scale]) -> None:
        """Migrate and seed a template for each schema and scale that has none yet."""
        with self._doubting():
            self._templates.make(schemas, scales)

    def clone(self, schema: Schema, scale: Scale, arm: Arm, patch: Patch) -> None:
        """Make the arm's database anew, and run the SQL of the variants on it."""
        with self._doubting():
            self._templates.clone(schema, scale, arm, patch)

    def revive(self) -> None:
        """Start another server, on a new volume, unless this one is as good as on the first day."""
        if not (self._sound and self._answers()):
            self._project.run("down", "--volumes", "--timeout=1", doing="removing a stack that has ended")
            self._start()
            self._sound = True

    def _start(self) -> None:
        self._project.run("up", "--detach", "--no-deps", "--no-build", SERVICE, doing="starting Postgres")
        self.server: ComposePostgres = wait_for_postgres(self._containers, self._password)
        self._templates = Templates(self.server, self._target)

    def _answers(self) -> bool:
        try:
            self.server.check_alive()
            self.server.connect().close()
        except (PartDiedError, psycopg.OperationalError):
            return False
        return True

    @contextmanager
    def _doubting(self) -> Iterator[None]:
        """What fails may have filled the volume, or have made the server start over."""
        try:
            yield
        except MeasurementError:
            self._sound = False
            raise

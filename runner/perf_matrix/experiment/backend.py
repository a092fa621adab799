"""Who runs the stacks: the backends, as a run sees them, and the choice of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from perf_matrix.cache import lease_registry
from perf_matrix.errors import MissingToolError
from perf_matrix.experiment.cell import Stack
from perf_matrix.experiment.request import BackendChoice
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.lease import Lease
from perf_matrix.matrix.model import Arm, Cell
from perf_matrix.record.model import Backend as BackendName
from perf_matrix.record.model import SubjectInfo
from perf_matrix.stacks.compose.backend import ComposeBackend
from perf_matrix.stacks.compose.engine import Engine, find_engine
from perf_matrix.stacks.cpus import share_out, usable_cpus
from perf_matrix.stacks.local import LocalBackend, Programs
from perf_matrix.stacks.postgres_programs import find_postgres
from perf_matrix.stacks.prisma import prepare_prisma
from perf_matrix.stacks.readiness import ready_limit_s
from perf_matrix.stacks.stand_ins import prepare_stand_ins
from perf_matrix.subjects.spec import Subject
from perf_matrix.targets.base import Scale, Target
from perf_matrix.tools import find_node, find_uv, tool_version


class Backend(Protocol):
    """Prepares subjects, runs one Postgres server for the whole run, and a stack for each epoch."""

    @property
    def name(self) -> BackendName:
        """What the user calls it."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Of the programs that it runs, by name."""

    def prepare(self, subjects: Mapping[Arm, Subject], say: Callable[[str], None]) -> dict[Arm, SubjectInfo]:
        """Install or build every subject; ``say`` is told what is being done.

        Raises InputError where one cannot be had.
        """

    def code(self, arm: Arm) -> Path | None:
        """The folder that holds the installed packages of a prepared arm; None where they are inside an image."""

    def start_postgres(self) -> None:
        """Start the run's server. Raises MeasurementError where it does not start."""

    def seed(self, scales: Iterable[Scale]) -> None:
        """Migrate and seed a template database for each subject and scale that has none yet."""

    def revive(self) -> None:
        """Start another server where the one before has ended."""

    def conninfo(self) -> str:
        """How this process connects to the server."""

    def start_stack(self, cell: Cell, scale: Scale, logs: Path, *, waiting: Callable[[], None]) -> Stack:
        """Start everything on fresh databases and return when every arm is ready."""

    def stop(self) -> None:
        """End everything that it started."""


def open_backend(choice: BackendChoice, target: Target, lease: Lease, outside: Surroundings) -> Backend:
    """The backend that was chosen; ``auto`` is compose where an engine answers.

    Raises MissingToolError where the backend that was asked for lacks a program.
    """
    if choice == "local":
        return _local(target, lease, outside)
    try:
        engine = find_engine(outside.environ)
    except MissingToolError:
        if choice == "compose":
            raise
        return _local(target, lease, outside)
    return _compose(target, engine, lease, outside)


def _compose(target: Target, engine: Engine, lease: Lease, outside: Surroundings) -> ComposeBackend:
    return ComposeBackend(
        target,
        engine,
        cache=outside.cache,
        lease=lease,
        registry=lease_registry(outside.cache),
        environ=outside.environ,
        cpus=share_out(usable_cpus()[: engine.cpus]),
        ready_limit_s=ready_limit_s(outside.environ),
    )


def _local(target: Target, lease: Lease, outside: Surroundings) -> LocalBackend:
    uv = find_uv(outside.environ)
    node = find_node(outside.environ)
    postgres = find_postgres(outside.cache, lambda: node, outside.environ)
    prisma = prepare_prisma(outside.cache, node, outside.environ)
    stand_ins = prepare_stand_ins(outside.cache, uv)
    versions = {
        "node": node.version,
        "postgres": postgres.version,
        "prisma engine": prisma.kind,
        "uv": tool_version((str(uv),)),
    }
    programs = Programs(uv, prisma, postgres, stand_ins, versions)
    return LocalBackend(
        target,
        programs,
        cache=outside.cache,
        lease=lease,
        environ=outside.environ,
        ready_limit_s=ready_limit_s(outside.environ),
    )

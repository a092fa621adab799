"""A whole run on the local backend: prepare, then cell after cell, everything recorded as it comes."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import perf_matrix
from perf_matrix.errors import InputError, MeasurementError, PartDiedError, PerfMatrixError
from perf_matrix.experiment.budget import assumed_costs, shortest_limit_s
from perf_matrix.experiment.cell import Bench, Plan, expected_s, measure_cell
from perf_matrix.experiment.display import Display
from perf_matrix.experiment.host import this_host
from perf_matrix.experiment.request import Order, release_of, scales_of
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.lease import LEASE_VARIABLE, Lease, hold_lease
from perf_matrix.load.agent import Agent
from perf_matrix.load.find import find_k6, k6_version
from perf_matrix.matrix.model import Arm, Cell, Endpoint
from perf_matrix.queries.capture import open_counters
from perf_matrix.record.folder import RunFolder, refuse_unless_empty
from perf_matrix.record.model import (
    CellRecord,
    Command,
    DataScale,
    EpochEnd,
    EpochStart,
    Fault,
    RunInfo,
    RunRecord,
)
from perf_matrix.record.progress import progress
from perf_matrix.stacks.local import LocalBackend, LocalStack, LocalSubject, Programs
from perf_matrix.stacks.postgres_programs import find_postgres
from perf_matrix.stacks.prisma import prepare_prisma
from perf_matrix.targets.base import Scale, Target
from perf_matrix.targets.registry import find_target
from perf_matrix.tools import find_node, find_uv, tool_version

# What getting ready takes on a warm cache; only the display's guess at the end depends on it.
_PREPARING_S = 5.0


@dataclass(frozen=True)
class _Tools:
    """The programs of a run, all found before anything is started."""

    programs: Programs
    k6: Path
    versions: dict[str, str]


@dataclass(frozen=True)
class _Workshop:
    """The subjects, installed, on a backend with a running Postgres that has their databases at every scale."""

    backend: LocalBackend
    subjects: dict[Arm, LocalSubject]
    scales: Mapping[DataScale, Scale]
    tools: _Tools
    lease: Lease


def start_run(order: Order, out: Path, command: Command, outside: Surroundings) -> None:
    """Measure ``order`` into the new folder ``out``.

    Raises InputError or MissingToolError before anything is measured, MeasurementError later; what was
    recorded until then is kept, and ``resume_run`` goes on from there.
    """
    refuse_unless_empty(out)
    outside.display.expect(_PREPARING_S)
    specs: dict[Arm, str] = {arm: release.spec for arm, release in order.releases.items()}
    with (
        _workshop(order.target, specs, order.scales, outside) as workshop,
        RunFolder.create(out, _info(order, workshop, command)) as folder,
    ):
        _measure(folder, [_fresh(cell, folder.info) for cell in order.cells], workshop, outside)


def resume_run(record: RunRecord, path: Path, outside: Surroundings) -> None:
    """Measure what the interrupted run in ``path``, read back as ``record``, still lacks.

    Raises as ``start_run`` does.
    """
    plans = [plan for cell in record.cells if (plan := _remaining(cell, record)) is not None]
    if not plans:
        outside.display.note("nothing is left to measure")
        return
    outside.display.expect(_PREPARING_S + sum(expected_s(plan, record.info) for plan in plans))
    matrix = record.info.matrix
    specs: dict[Arm, str] = {arm: info.spec for arm, info in record.info.subjects.items()}
    with RunFolder.open(path) as folder:
        for note in folder.notes:
            outside.display.note(note)
        scales = scales_of(matrix, second=bool(record.info.grown))
        with _workshop(find_target(matrix.target), specs, scales, outside) as workshop:
            _measure(folder, plans, workshop, outside)


@contextmanager
def _workshop(
    target: Target, specs: Mapping[Arm, str], scales: Mapping[DataScale, Scale], outside: Surroundings
) -> Iterator[_Workshop]:
    """Install the subjects and start Postgres; on the way out nothing of it runs any more."""
    display, phases = outside.display, outside.phases
    with hold_lease(outside.cache / "leases") as lease:
        with phases.preparing("find the tools"):
            display.stage("looking for Postgres, Node.js, uv and k6")
            tools = _find_tools(outside)
        backend = LocalBackend(
            target, tools.programs, cache=outside.cache, lease=lease, environ=outside.environ
        )
        with phases.preparing("install the subjects"):
            subjects = {arm: _install(backend, spec, target, display) for arm, spec in specs.items()}
        try:
            with phases.preparing("start Postgres"):
                display.stage("starting Postgres")
                backend.start_postgres()
            with phases.preparing("migrate and seed"):
                display.stage("migrating and seeding the databases")
                backend.make_templates(subjects, scales)
            yield _Workshop(backend, subjects, scales, tools, lease)
        finally:
            backend.stop()


def _find_tools(outside: Surroundings) -> _Tools:
    k6 = find_k6(outside.environ)
    uv = find_uv(outside.environ)
    node = find_node(outside.environ)
    postgres = find_postgres(outside.cache, lambda: node, outside.environ)
    prisma = prepare_prisma(outside.cache, node, outside.environ)
    versions = {
        "k6": k6_version(k6),
        "node": node.version,
        "postgres": postgres.version,
        "prisma engine": prisma.kind,
        "uv": tool_version((str(uv),)),
    }
    return _Tools(Programs(uv, prisma, postgres), k6, versions)


def _install(backend: LocalBackend, spec: str, target: Target, display: Display) -> LocalSubject:
    display.stage(f"installing {spec}")
    return backend.prepare(release_of(spec, target))


def _info(order: Order, workshop: _Workshop, command: Command) -> RunInfo:
    return RunInfo(
        perf_matrix=perf_matrix.__version__,
        command=command,
        started_at=time.time(),
        seed=int.from_bytes(os.urandom(4)),
        subjects={arm: subject.info for arm, subject in workshop.subjects.items()},
        arguments=order.arguments,
        instruments=order.instruments,
        matrix=order.matrix,
        endpoints=order.endpoints,
        known_endpoints=order.known_endpoints,
        other_pages=order.other_pages,
        grown=order.grown,
        cells=order.cells,
        host=this_host(),
        tools=workshop.tools.versions,
        diff=order.diff,
    )


def _fresh(cell: Cell, info: RunInfo) -> Plan:
    return Plan(
        cell=cell,
        limit_s=info.matrix.time,
        epochs=info.epochs,
        first_epoch=0,
        second_scale=bool(info.grown),
        earlier=CellRecord(cell=cell),
    )


def _remaining(cell: CellRecord, record: RunRecord) -> Plan | None:
    """What a cell still lacks: the epochs that were not finished, in the time that was not used."""
    info, done = record.info, progress(cell)
    epochs = max(0, info.epochs - done.epochs_finished)
    second_scale = bool(info.grown) and not done.second_scale_finished
    if not epochs and not second_scale:
        return None
    used_s = sum(end.ended_at - start.started_at for start, end in _finished(cell))
    costs = assumed_costs([endpoint.name for endpoint in info.endpoints], len(info.grown))
    return Plan(
        cell=cell.cell,
        limit_s=max(info.matrix.time - used_s, shortest_limit_s(costs, epochs) if epochs else 0.0),
        epochs=epochs,
        first_epoch=done.next_epoch,
        second_scale=second_scale,
        earlier=cell,
    )


def _finished(cell: CellRecord) -> list[tuple[EpochStart, EpochEnd]]:
    ends = {end.epoch: end for end in cell.epochs_ended}
    return [(start, ends[start.epoch]) for start in cell.epochs_started if start.epoch in ends]


def _measure(folder: RunFolder, plans: list[Plan], workshop: _Workshop, outside: Surroundings) -> None:
    """Measure cell after cell. One that fails is recorded as faulty, and the next one is measured all the same."""
    outside.phases.keep_with(folder.append_phase)
    try:
        for place, plan in enumerate(plans):
            outside.display.expect(sum(expected_s(later, folder.info) for later in plans[place:]))
            try:
                _measure_one(folder, plan, workshop, outside)
            except (MeasurementError, InputError) as error:
                if isinstance(error, InputError) and place == 0:
                    # Nothing was measured yet, so it is the command that is refused, not one of its cells.
                    raise
                folder.append(plan.cell.id, _fault(error))
                outside.display.note(f"{plan.cell.id}: {error}")
    finally:
        outside.phases.keep_no_longer()


def _measure_one(folder: RunFolder, plan: Plan, workshop: _Workshop, outside: Surroundings) -> None:
    backend = workshop.backend
    environ = {**outside.environ, LEASE_VARIABLE: workshop.lease.id}

    def start_stack(cell: Cell, scale: DataScale, logs: Path, waiting: Callable[[], None]) -> LocalStack:
        return backend.start_stack(cell, scale, workshop.subjects, logs, waiting=waiting)

    def start_agent(urls: Mapping[Arm, str], endpoints: list[Endpoint], log: Path) -> Agent:
        return Agent.start(
            workshop.tools.k6, urls, endpoints, log, scratch=workshop.lease.private, environ=environ
        )

    backend.revive_postgres(workshop.subjects, workshop.scales)
    with open_counters(backend.postgres.conninfo()) as counters:
        bench = Bench(
            folder=folder,
            counters=counters,
            start_stack=start_stack,
            start_agent=start_agent,
            phases=outside.phases,
            display=outside.display,
            # Another seed after each interruption, so that a resumed run does not repeat the same orders.
            rng=random.Random(f"{folder.info.seed}/{plan.cell.id}/{plan.first_epoch}"),  # noqa: S311
        )
        measure_cell(bench, plan)


def _fault(error: PerfMatrixError) -> Fault:
    if isinstance(error, PartDiedError):
        return Fault(at=time.time(), message=error.message, log_tail=error.log_tail)
    return Fault(at=time.time(), message=str(error))

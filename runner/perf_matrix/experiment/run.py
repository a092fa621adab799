"""A whole run: prepare, then cell after cell, everything recorded as it comes."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import perf_matrix
from perf_matrix.cache import lease_registry
from perf_matrix.errors import InputError, MeasurementError, PartDiedError, PerfMatrixError
from perf_matrix.experiment.backend import Backend, open_backend
from perf_matrix.experiment.budget import assumed_costs, load_s, shortest_limit_s
from perf_matrix.experiment.cell import Bench, Plan, Stack, expected_s, measure_cell
from perf_matrix.experiment.display import Display
from perf_matrix.experiment.host import this_host
from perf_matrix.experiment.request import BackendChoice, Order, subject_of
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.lease import LEASE_VARIABLE, Lease, hold_lease
from perf_matrix.load.agent import Agent
from perf_matrix.load.find import find_k6, k6_version
from perf_matrix.load.slot import LoadRunner, Mix
from perf_matrix.matrix.model import Arm, Cell, Endpoint
from perf_matrix.matrix.scales import first_scale, second_scale
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
    SubjectInfo,
)
from perf_matrix.record.progress import progress
from perf_matrix.stacks.compose.leftovers import clear_dead
from perf_matrix.subjects.content import content_of
from perf_matrix.subjects.spec import Folder, Image, Subject, parse_subject
from perf_matrix.targets.base import Scale, Target
from perf_matrix.targets.registry import find_target

# What getting ready takes on a warm cache; only the display's guess at the end depends on it.
_PREPARING_S = 5.0


@dataclass(frozen=True)
class _Workshop:
    """The subjects, ready to be started, on a backend with a running Postgres."""

    backend: Backend
    subjects: Mapping[Arm, SubjectInfo]
    k6: Path
    versions: dict[str, str]
    lease: Lease


@dataclass(frozen=True)
class _Wanted:
    """What a workshop is for."""

    target: Target
    subjects: Mapping[Arm, Subject]
    backend: BackendChoice


def start_run(order: Order, out: Path, command: Command, outside: Surroundings) -> None:
    """Measure ``order`` into the new folder ``out``.

    Raises InputError or MissingToolError before anything is measured, MeasurementError later; what was
    recorded until then is kept, and ``resume_run`` goes on from there.
    """
    refuse_unless_empty(out)
    outside.display.expect(_PREPARING_S)
    wanted = _Wanted(order.target, order.subjects, order.backend)
    with (
        _workshop(wanted, outside) as workshop,
        RunFolder.create(out, _info(order, workshop, command)) as folder,
    ):
        _measure(folder, [_fresh(cell, folder.info) for cell in order.cells], workshop, outside)


def resume_run(record: RunRecord, path: Path, outside: Surroundings) -> None:
    """Measure what the interrupted run in ``path``, read back as ``record``, still lacks.

    Raises as ``start_run`` does; InputError, too, for a run that was merged from those of other machines.
    """
    _refuse_merged(record, path)
    plans = [plan for cell in record.cells if (plan := _remaining(cell, record)) is not None]
    if not plans:
        outside.display.note("nothing is left to measure")
        return
    outside.display.expect(_PREPARING_S + sum(expected_s(plan, record.info) for plan in plans))
    target = find_target(record.info.matrix.target)
    subjects = {arm: _again(info, target) for arm, info in record.info.subjects.items()}
    with RunFolder.open(path) as folder:
        for note in folder.notes:
            outside.display.note(note)
        with _workshop(_Wanted(target, subjects, record.info.backend), outside) as workshop:
            _measure(folder, plans, workshop, outside)


def _refuse_merged(record: RunRecord, path: Path) -> None:
    if record.info.merged:
        raise InputError(
            f"{path} was merged from the runs of several machines and cannot be resumed: run the jobs again "
            "whose cells are not finished, then merge again"
        )


@contextmanager
def _workshop(wanted: _Wanted, outside: Surroundings) -> Iterator[_Workshop]:
    """Prepare the subjects and start Postgres; on the way out nothing of it runs any more."""
    display, phases, registry = outside.display, outside.phases, lease_registry(outside.cache)
    with hold_lease(registry) as lease:
        with phases.preparing("find the tools"):
            display.stage("looking for the programs that are needed")
            clear_dead(registry, outside.environ)
            k6 = find_k6(outside.environ)
            backend = open_backend(wanted.backend, wanted.target, lease, outside)
        try:
            with phases.preparing("prepare the subjects"):
                subjects = backend.prepare(wanted.subjects, display.stage)
            with phases.preparing("start Postgres"):
                display.stage("starting Postgres")
                backend.start_postgres()
            versions = {"k6": k6_version(k6), **backend.versions}
            yield _Workshop(backend, subjects, k6, versions, lease)
        finally:
            _stop(backend, display)


def _stop(backend: Backend, display: Display) -> None:
    """End what the backend started. That it cannot is said, and hides nothing of what was measured or went wrong."""
    try:
        backend.stop()
    except MeasurementError as error:
        display.note(f"{error}. What the run started may be left: the next start of perf-matrix removes it")


def _again(info: SubjectInfo, target: Target) -> Subject:
    """The very version that a run began with, though a branch, a tag or a folder may have changed since.

    Raises InputError where it is gone or is not the same any more.
    """
    if info.commit:
        return parse_subject(f"git:{info.commit}", target.package, checkout=Path(info.source))
    if info.spec.startswith("image:"):
        return Image(info.image)
    subject = subject_of(info.spec, target, Path())
    if isinstance(subject, Folder) and content_of(subject.folder) != info.content:
        raise InputError(f"{info.spec} has changed since the run began: its figures would be of two versions")
    return subject


def _info(order: Order, workshop: _Workshop, command: Command) -> RunInfo:
    return RunInfo(
        perf_matrix=perf_matrix.__version__,
        command=command,
        started_at=time.time(),
        seed=int.from_bytes(os.urandom(4)),
        subjects=dict(workshop.subjects),
        arguments=order.arguments,
        instruments=order.instruments,
        matrix=order.matrix,
        endpoints=order.endpoints,
        known_endpoints=order.known_endpoints,
        other_pages=order.other_pages,
        grown=order.grown,
        own_requests=order.own_requests,
        cells=order.cells,
        backend=workshop.backend.name,
        host=this_host(),
        tools=workshop.versions,
        diff=order.diff,
        asked_epochs=order.epochs,
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
    left_s = load_s(info.load, cell.slots, cell.soaks)
    costs = assumed_costs([endpoint.name for endpoint in info.endpoints], len(info.grown), left_s)
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
    backend, cell, matrix = workshop.backend, plan.cell, folder.info.matrix
    environ = {**outside.environ, LEASE_VARIABLE: workshop.lease.id}
    scales: dict[DataScale, Scale] = {"first": first_scale(matrix, cell)}
    if folder.info.grown:
        scales["second"] = second_scale(matrix, cell)

    def start_stack(cell: Cell, scale: DataScale, logs: Path, waiting: Callable[[], None]) -> Stack:
        return backend.start_stack(cell, scales[scale], logs, waiting=waiting)

    def start_agent(
        urls: Mapping[Arm, str], control: str | None, endpoints: list[Endpoint], log: Path
    ) -> Agent:
        return Agent.start(
            workshop.k6,
            urls,
            endpoints,
            log,
            control=control,
            scratch=workshop.lease.private,
            environ=environ,
        )

    def make_load_runner(urls: Mapping[Arm, str], mix: Mix, log: Path) -> LoadRunner:
        return LoadRunner(workshop.k6, urls, mix, log, scratch=workshop.lease.private, environ=environ)

    backend.revive()
    with outside.phases.preparing("migrate and seed"):
        outside.display.stage("migrating and seeding the databases")
        backend.seed(scales.values())
    with open_counters(backend.conninfo()) as counters:
        bench = Bench(
            folder=folder,
            counters=counters,
            start_stack=start_stack,
            start_agent=start_agent,
            make_load_runner=make_load_runner,
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

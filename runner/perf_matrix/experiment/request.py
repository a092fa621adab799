"""What the user asked for, checked as far as it can be before anything is started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from perf_matrix.compare.diff import changed_lines
from perf_matrix.errors import InputError
from perf_matrix.experiment.budget import assumed_costs, refuse_if_too_short
from perf_matrix.matrix.cells import select, select_endpoints, unfold
from perf_matrix.matrix.model import PAGE_SIZE, Arm, Cell, Endpoint, GatedMetric, MatrixFile
from perf_matrix.matrix.read import read_matrix, read_workload
from perf_matrix.matrix.variables import fill
from perf_matrix.record.model import DataScale, Instrument
from perf_matrix.shipped import resolve_matrix, resolve_workload
from perf_matrix.subjects.spec import Release, parse_subject
from perf_matrix.targets.base import Scale, Target, Variables
from perf_matrix.targets.registry import check_scale, find_target


@dataclass(frozen=True)
class Wish:
    """A measurement as the user wrote it down: subjects by arm, base first."""

    subjects: Mapping[Arm, str]
    matrix: str
    cells: Sequence[str] = ()
    endpoints: Sequence[str] = ()
    time_s: float | None = None
    metrics: Sequence[GatedMetric] = ()
    round_trip_ms: float | None = None
    diff: str = ""
    diff_file: str = ""

    def arguments(self) -> list[str]:
        """The arguments of the command that asks for this again."""
        options = [("--matrix", self.matrix)]
        options += [("--cell", glob) for glob in self.cells]
        options += [("--endpoints", glob) for glob in self.endpoints]
        options += [("--metrics", ",".join(self.metrics))] if self.metrics else []
        options += [("--time", f"{self.time_s:g}s")] if self.time_s is not None else []
        options += [("--round-trip", f"{self.round_trip_ms:g}")] if self.round_trip_ms is not None else []
        options += [("--diff", self.diff_file)] if self.diff_file else []
        return [*self.subjects.values(), *(word for option in options for word in option)]


@dataclass(frozen=True)
class Order:
    """A measurement that can be carried out."""

    target: Target
    releases: dict[Arm, Release]
    arguments: list[str]
    matrix: MatrixFile
    instruments: list[Instrument]
    cells: list[Cell]
    endpoints: list[Endpoint]
    known_endpoints: list[str]
    other_pages: list[Endpoint]
    grown: list[Endpoint]
    diff: str

    @property
    def scales(self) -> dict[DataScale, Scale]:
        """Every scale that databases are seeded at."""
        return scales_of(self.matrix, second=bool(self.grown))


def check(wish: Wish, today: date) -> Order:
    """Read and check everything that ``wish`` names. Raises InputError, one clear message, for what is wrong."""
    path = resolve_matrix(wish.matrix)
    matrix = _overridden(read_matrix(path), wish)
    target = _target_of(matrix, path)
    workload = read_workload(resolve_workload(matrix, path))
    chosen = select_endpoints(workload, wish.endpoints)
    first = target.variables(matrix.scale, today)
    lists = [endpoint for endpoint in chosen if endpoint.rows] if matrix.second_scale else []
    order = Order(
        target=target,
        releases={arm: release_of(spec, target) for arm, spec in wish.subjects.items()},
        arguments=wish.arguments(),
        matrix=matrix,
        instruments=_instruments(wish),
        cells=select(unfold(matrix), wish.cells),
        endpoints=_filled(chosen, first, page=0),
        known_endpoints=[endpoint.name for endpoint in workload.endpoints],
        other_pages=_filled((e for e in chosen if e.page_sizes), first, page=1),
        grown=_filled(lists, target.variables(_second(matrix), today), page=0),
        diff=wish.diff,
    )
    _refuse_unheeded(wish, order)
    _refuse_hopeless(order)
    # What is no diff is said now, not when everything has been measured.
    changed_lines(wish.diff)
    return order


def scales_of(matrix: MatrixFile, *, second: bool) -> dict[DataScale, Scale]:
    """The data scales that databases are seeded at; the second one only where it is wanted."""
    scales: dict[DataScale, Scale] = {"first": matrix.scale}
    return scales | {"second": _second(matrix)} if second else scales


def _second(matrix: MatrixFile) -> Scale:
    return {**matrix.scale, **matrix.second_scale}


def release_of(spec: str, target: Target) -> Release:
    """Read ``spec`` as a release of the target; InputError where it is none, or must never be installed."""
    release = parse_subject(spec, target.package)
    refusal = target.refusal(release.version)
    if refusal:
        raise InputError(refusal)
    return release


def _overridden(matrix: MatrixFile, wish: Wish) -> MatrixFile:
    """The matrix file with what the command line says instead."""
    if wish.time_s is not None:
        matrix = matrix.model_copy(update={"time": wish.time_s})
    if wish.metrics:
        gate = matrix.gate.model_copy(update={"metrics": list(wish.metrics)})
        matrix = matrix.model_copy(update={"gate": gate})
    if wish.round_trip_ms is not None:
        database = matrix.database.model_copy(update={"round_trip_ms": wish.round_trip_ms})
        matrix = matrix.model_copy(update={"database": database})
    return matrix


def _instruments(wish: Wish) -> list[Instrument]:
    """Latencies are left out only where the user names metrics and none of them is one."""
    only_counts = bool(wish.metrics) and set(wish.metrics) == {"queries"}
    return ["queries"] if only_counts or len(wish.subjects) == 1 else ["queries", "paired"]


def _filled(endpoints: Iterable[Endpoint], variables: Variables, *, page: int) -> list[Endpoint]:
    """The endpoints as they are sent, those that page with their first (0) or second (1) page size."""
    return [fill(endpoint, {**variables, **_page_size(endpoint, page)}) for endpoint in endpoints]


def _page_size(endpoint: Endpoint, page: int) -> dict[str, int]:
    return {PAGE_SIZE: endpoint.page_sizes[page]} if endpoint.page_sizes else {}


def _refuse_unheeded(wish: Wish, order: Order) -> None:
    """A delay that is asked for and would not be there, or would show nothing, is a mistake."""
    if wish.round_trip_ms is None:
        return
    if "paired" not in order.instruments:
        raise InputError("--round-trip shows in latencies only: leave it out, or add p50 to --metrics")
    for cell in order.cells:
        if cell.patch.database.round_trip_ms != wish.round_trip_ms:
            raise InputError(
                f"--round-trip: the cell {cell.id} sets database.round_trip_ms itself; "
                "leave the option out, or choose other cells with --cell"
            )


def _refuse_hopeless(order: Order) -> None:
    if "paired" in order.instruments:
        costs = assumed_costs([endpoint.name for endpoint in order.endpoints], len(order.grown))
        refuse_if_too_short(order.matrix.time, costs, order.matrix.epochs)


def _target_of(matrix: MatrixFile, path: Path) -> Target:
    """The target, after it has agreed to the scales; what is wrong is said with the file's name."""
    try:
        target = find_target(matrix.target)
        check_scale(target, matrix.scale, "scale")
        check_scale(target, matrix.second_scale, "second_scale")
        for scale in (matrix.scale, _second(matrix)):
            target.seed(scale)
        _refuse_same_scale(matrix, target)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return target


def _refuse_same_scale(matrix: MatrixFile, target: Target) -> None:
    first, second = ({**target.default_scale, **scale} for scale in (matrix.scale, _second(matrix)))
    if matrix.second_scale and first == second:
        raise InputError("second_scale: it says the same as scale; give it other numbers, or leave it out")

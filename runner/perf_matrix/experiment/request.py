"""What the user asked for, checked as far as it can be before anything is started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from perf_matrix.compare.diff import changed_lines
from perf_matrix.errors import InputError
from perf_matrix.experiment.budget import assumed_costs, load_s, refuse_if_too_short
from perf_matrix.matrix.cells import select, select_endpoints, unfold
from perf_matrix.matrix.model import PAGE_SIZE, Arm, Cell, Endpoint, GatedMetric, MatrixFile
from perf_matrix.matrix.read import read_matrix, read_workload
from perf_matrix.matrix.scales import first_scale, second_scale
from perf_matrix.matrix.variables import fill
from perf_matrix.record.model import Instrument, Requests
from perf_matrix.shipped import resolve_matrix, resolve_workload
from perf_matrix.subjects.spec import Release, Subject, parse_subject
from perf_matrix.targets.base import Target, Variables
from perf_matrix.targets.registry import check_scale, find_target

# A cell at the scales of the matrix file, whether there is one or not.
_UNCHANGED = Cell(id="default", variants={})


BackendChoice = Literal["auto", "local", "compose"]


@dataclass(frozen=True)
class Wish:
    """A measurement as the user wrote it down: subjects by arm, base first.

    The last three are not the user's: a search asks for less than a comparison. ``instruments``, ``epochs``:
    these instead of what the metrics and the matrix file ask for. ``one_scale``: no second data scale.
    """

    subjects: Mapping[Arm, str]
    matrix: str
    cells: Sequence[str] = ()
    endpoints: Sequence[str] = ()
    time_s: float | None = None
    metrics: Sequence[GatedMetric] = ()
    round_trip_ms: float | None = None
    diff: str = ""
    diff_file: str = ""
    backend: BackendChoice = "auto"
    checkout: Path = Path()
    instruments: Sequence[Instrument] = ()
    epochs: int | None = None
    one_scale: bool = False

    def arguments(self) -> list[str]:
        """The arguments of the command that asks for this again."""
        options = [("--matrix", self.matrix)]
        options += [("--cell", glob) for glob in self.cells]
        options += [("--endpoints", glob) for glob in self.endpoints]
        options += [("--metrics", ",".join(self.metrics))] if self.metrics else []
        options += [("--time", f"{self.time_s:g}s")] if self.time_s is not None else []
        options += [("--round-trip", f"{self.round_trip_ms:g}")] if self.round_trip_ms is not None else []
        options += [("--diff", self.diff_file)] if self.diff_file else []
        options += [("--backend", self.backend)] if self.backend != "auto" else []
        options += [("--checkout", str(self.checkout))] if self.checkout != Path() else []
        return [*self.subjects.values(), *(word for option in options for word in option)]


@dataclass(frozen=True)
class Order:
    """A measurement that can be carried out."""

    target: Target
    subjects: dict[Arm, Subject]
    arguments: list[str]
    matrix: MatrixFile
    instruments: list[Instrument]
    cells: list[Cell]
    endpoints: list[Endpoint]
    known_endpoints: list[str]
    other_pages: list[Endpoint]
    grown: list[Endpoint]
    own_requests: dict[str, Requests]
    diff: str
    backend: BackendChoice
    epochs: int | None


def check(wish: Wish, today: date) -> Order:
    """Read and check everything that ``wish`` names. Raises InputError, one clear message, for what is wrong."""
    path = resolve_matrix(wish.matrix)
    matrix = _overridden(read_matrix(path), wish)
    every = unfold(matrix)
    target = _target_of(matrix, every, path)
    workload = read_workload(resolve_workload(matrix, path))
    chosen = select_endpoints(workload, wish.endpoints)
    cells = select(every, wish.cells)

    def requests_of(cell: Cell) -> Requests:
        first = target.variables(first_scale(matrix, cell), today)
        second = target.variables(second_scale(matrix, cell), today) if matrix.second_scale else None
        return _requests(chosen, first, second)

    shared = requests_of(_UNCHANGED)
    order = Order(
        target=target,
        subjects={arm: subject_of(spec, target, wish.checkout) for arm, spec in wish.subjects.items()},
        arguments=wish.arguments(),
        matrix=matrix,
        instruments=_instruments(wish, matrix),
        cells=cells,
        endpoints=shared.endpoints,
        known_endpoints=[endpoint.name for endpoint in workload.endpoints],
        other_pages=shared.other_pages,
        grown=shared.grown,
        own_requests={cell.id: requests_of(cell) for cell in cells if cell.patch.scale},
        diff=wish.diff,
        backend=wish.backend,
        epochs=wish.epochs,
    )
    _refuse_unheeded(wish, order)
    _refuse_hopeless(order)
    # What is no diff is said now, not when everything has been measured.
    changed_lines(wish.diff)
    return order


def subject_of(spec: str, target: Target, checkout: Path) -> Subject:
    """Read ``spec`` as a version of the target; InputError where it is none, or must never be installed."""
    subject = parse_subject(spec, target.package, checkout=checkout)
    refusal = target.refusal(subject.version) if isinstance(subject, Release) else None
    if refusal:
        raise InputError(refusal)
    return subject


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
    if wish.one_scale:
        matrix = matrix.model_copy(update={"second_scale": {}})
    return matrix


def _instruments(wish: Wish, matrix: MatrixFile) -> list[Instrument]:
    """Latencies are left out only where the user names metrics and none of them is one; with them goes load."""
    if wish.instruments:
        return list(wish.instruments)
    only_counts = bool(wish.metrics) and set(wish.metrics) == {"queries"}
    if only_counts or len(wish.subjects) == 1:
        return ["queries"]
    return ["queries", "paired", "load"] if matrix.load else ["queries", "paired"]


def _requests(chosen: Sequence[Endpoint], first: Variables, second: Variables | None) -> Requests:
    """What is sent where the target's variables are these; None where there is no second data scale."""
    return Requests(
        endpoints=_filled(chosen, first, page=0),
        other_pages=_filled((each for each in chosen if each.page_sizes), first, page=1),
        grown=_filled((each for each in chosen if each.rows), second, page=0) if second else [],
    )


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
        load = load_s(order.matrix.load, [], [])
        costs = assumed_costs([endpoint.name for endpoint in order.endpoints], len(order.grown), load)
        refuse_if_too_short(order.matrix.time, costs, order.matrix.epochs)


def _target_of(matrix: MatrixFile, cells: Iterable[Cell], path: Path) -> Target:
    """The target, after it has agreed to every scale; what is wrong is said with the file's name."""
    try:
        target = find_target(matrix.target)
        _refuse_unknown_rows(matrix, target)
        for cell in (_UNCHANGED, *(each for each in cells if each.patch.scale)):
            _refuse_bad_scales(matrix, cell, target)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return target


def _refuse_unknown_rows(matrix: MatrixFile, target: Target) -> None:
    check_scale(target, matrix.scale, "scale")
    check_scale(target, matrix.second_scale, "second_scale")
    for axis, variants in matrix.axes.items():
        for variant, patch in variants.items():
            check_scale(target, patch.scale, f"axes.{axis}.{variant}.scale")


def _refuse_bad_scales(matrix: MatrixFile, cell: Cell, target: Target) -> None:
    """Raise InputError for scales of a cell that the target cannot seed, or that are one and the same."""
    where = f"the cell {cell.id}: " if cell.patch.scale else ""
    scales = first_scale(matrix, cell), second_scale(matrix, cell)
    try:
        for scale in scales:
            target.seed(scale)
    except InputError as error:
        raise InputError(f"{where}{error}") from error
    first, second = ({**target.default_scale, **scale} for scale in scales)
    if matrix.second_scale and first == second:
        raise InputError(
            f"{where}second_scale: it says the same as scale; give it other numbers, or leave it out"
        )

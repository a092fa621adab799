"""What the user asked for, checked as far as it can be before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from perf_matrix.errors import InputError
from perf_matrix.experiment.budget import assumed_costs, refuse_if_too_short
from perf_matrix.matrix.cells import select, select_endpoints, unfold
from perf_matrix.matrix.model import ARMS, Arm, Cell, Endpoint, MatrixFile
from perf_matrix.matrix.read import read_matrix, read_workload
from perf_matrix.matrix.variables import fill
from perf_matrix.shipped import resolve_matrix, resolve_workload
from perf_matrix.subjects.spec import Release, parse_subject
from perf_matrix.targets.base import Target
from perf_matrix.targets.registry import check_scale, find_target


@dataclass(frozen=True)
class Wish:
    """A comparison as the user wrote it down."""

    base: str
    head: str
    matrix: str
    cells: Sequence[str] = ()
    endpoints: Sequence[str] = ()
    time_s: float | None = None

    def arguments(self) -> list[str]:
        """The arguments of the command that asks for this again."""
        options = [("--matrix", self.matrix)]
        options += [("--cell", glob) for glob in self.cells]
        options += [("--endpoints", glob) for glob in self.endpoints]
        options += [("--time", f"{self.time_s:g}s")] if self.time_s is not None else []
        return [self.base, self.head, *(word for option in options for word in option)]


@dataclass(frozen=True)
class Order:
    """A comparison that can be carried out."""

    target: Target
    releases: dict[Arm, Release]
    arguments: list[str]
    matrix: MatrixFile
    cells: list[Cell]
    endpoints: list[Endpoint]


def check(wish: Wish, today: date) -> Order:
    """Read and check everything that ``wish`` names. Raises InputError, one clear message, for what is wrong."""
    path = resolve_matrix(wish.matrix)
    matrix = read_matrix(path)
    if wish.time_s is not None:
        matrix = matrix.model_copy(update={"time": wish.time_s})
    target = _target_of(matrix, path)
    workload = read_workload(resolve_workload(matrix, path))
    variables = target.variables(matrix.scale, today)
    endpoints = [fill(endpoint, variables) for endpoint in select_endpoints(workload, wish.endpoints)]
    refuse_if_too_short(matrix.time, assumed_costs([endpoint.name for endpoint in endpoints]), matrix.epochs)
    return Order(
        target=target,
        releases={
            arm: release_of(spec, target) for arm, spec in zip(ARMS, (wish.base, wish.head), strict=True)
        },
        arguments=wish.arguments(),
        matrix=matrix,
        cells=select(unfold(matrix), wish.cells),
        endpoints=endpoints,
    )


def _target_of(matrix: MatrixFile, path: Path) -> Target:
    """The target, after it has agreed to the scale; what is wrong is said with the file's name."""
    try:
        target = find_target(matrix.target)
        check_scale(target, matrix.scale)
        target.seed(matrix.scale)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return target


def release_of(spec: str, target: Target) -> Release:
    """Read ``spec`` as a release of the target; InputError where it is none, or must never be installed."""
    release = parse_subject(spec, target.package)
    refusal = target.refusal(release.version)
    if refusal:
        raise InputError(refusal)
    return release

"""The options of the commands that measure, packed into one object."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TextIO, get_args

import click

from perf_matrix.errors import InputError
from perf_matrix.experiment.request import BackendChoice, Wish
from perf_matrix.matrix.model import Arm, GatedMetric
from perf_matrix.matrix.nearest import hint
from perf_matrix.matrix.quantities import seconds

_MOST_MS = 1000


@dataclass(frozen=True)
class Chosen:
    """What the user chose; the fields are the names of the options."""

    matrix: str
    cells: tuple[str, ...]
    endpoints: tuple[str, ...]
    metrics: tuple[GatedMetric, ...] | None
    round_trip_ms: float | None
    diff: TextIO | None
    time_s: float | None
    out: Path | None
    backend: BackendChoice
    checkout: Path

    def wish(self, subjects: Mapping[Arm, str]) -> Wish:
        """The measurement of these subjects that was asked for; reads the diff."""
        return Wish(
            subjects=subjects,
            matrix=self.matrix,
            cells=self.cells,
            endpoints=self.endpoints,
            time_s=self.time_s,
            metrics=self.metrics or (),
            round_trip_ms=self.round_trip_ms,
            diff=self._read_diff(),
            diff_file=self.diff.name if self.diff else "",
            backend=self.backend,
            checkout=self.checkout,
        )

    def _read_diff(self) -> str:
        if self.diff is None:
            return ""
        text = self.diff.read()
        if not text.strip():
            raise InputError(f"--diff {self.diff.name}: it is empty; write it with: git diff BASE HEAD")
        return text


class _Metrics(click.ParamType[tuple[GatedMetric, ...]]):
    """queries; queries,p50,p95."""

    name = "metrics"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[GatedMetric, ...]:
        names = [name.strip() for name in str(value).split(",")]
        known: dict[str, GatedMetric] = {metric: metric for metric in get_args(GatedMetric)}
        for name in names:
            if name not in known:
                self.fail(f"{name!r} is not a metric; {hint(name, list(known))}", param, ctx)
        return tuple(dict.fromkeys(known[name] for name in names))


class _Milliseconds(click.ParamType[float]):
    """A number of milliseconds, up to a second."""

    name = "milliseconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        # Not a number is no number between the bounds, either.
        if not 0 <= number <= _MOST_MS:
            self.fail(f"{value!r} is not a number of ms from 0 to {_MOST_MS}", param, ctx)
        return number


class Duration(click.ParamType[float]):
    """90s, 6m, 1h30m."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it as seconds."""
        try:
            return float(seconds(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


DEFAULT_MATRIX = "smoke"

MATRIX = click.option(
    "--matrix",
    default=DEFAULT_MATRIX,
    show_default=True,
    metavar="FILE",
    help="Matrix file, or the name of a shipped one: which configurations to measure, with what workload.",
)
ENDPOINTS = click.option(
    "--endpoints",
    multiple=True,
    metavar="GLOB",
    help="Only these endpoints: 'chat-*,models'. May be repeated.",
)
CELL = click.option(
    "--cell", "cells", multiple=True, metavar="GLOB", help="Only these cells. May be repeated."
)
METRICS = click.option(
    "--metrics",
    type=_Metrics(),
    metavar="METRICS",
    help="Gate only these, instead of the matrix file's: queries,p50,p95,p99. With 'queries' alone no "
    "latency is measured, and the run takes a minute or two.",
)
TIME = click.option(
    "--time",
    "time_s",
    type=Duration(),
    metavar="TIME",
    help="Limit for one cell, instead of the matrix file's: 90s, 6m.",
)
OUT = click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Run folder. A new one under ./perf-matrix-runs unless told.",
)

BACKEND = click.option(
    "--backend",
    envvar="PERF_MATRIX_BACKEND",
    type=click.Choice(get_args(BackendChoice)),
    default="auto",
    show_default=True,
    help="Who runs the services: Docker (compose), or plain processes of this machine (local). auto takes Docker "
    "where an engine answers.",
)
CHECKOUT = click.option(
    "--checkout",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="The git checkout whose commits git:REF means. This folder unless told.",
)

_OPTIONS = (
    MATRIX,
    CELL,
    ENDPOINTS,
    METRICS,
    click.option(
        "--round-trip",
        "round_trip_ms",
        type=_Milliseconds(),
        metavar="MS",
        help="Put a delay of so many ms between service and database, and measure what it costs.",
    ),
    click.option(
        "--diff",
        type=click.File(encoding="utf-8", errors="replace"),
        metavar="FILE",
        help="The change between BASE and HEAD as a unified diff ('-' for standard input): the report names "
        "the changed lines that new SQL may come from.",
    ),
    TIME,
    BACKEND,
    CHECKOUT,
    OUT,
)


def measuring(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of every measurement, as its argument ``chosen``."""

    @functools.wraps(command)
    def packed(**arguments: Any) -> None:
        chosen = Chosen(**{field.name: arguments.pop(field.name) for field in fields(Chosen)})
        command(chosen=chosen, **arguments)

    wrapped: Callable[..., None] = packed
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped

"""Measures versions for a search: each measurement is a run in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from perf_matrix.bisect.symptom import Symptom
from perf_matrix.errors import InputError, MissingToolError
from perf_matrix.experiment.budget import LEAST
from perf_matrix.experiment.display import Display
from perf_matrix.experiment.host import this_host
from perf_matrix.experiment.phases import Phases
from perf_matrix.experiment.request import BackendChoice, Order, Wish, check
from perf_matrix.experiment.run import start_run
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.matrix.model import Arm, GatedMetric
from perf_matrix.record.model import Fault, HostInfo, Instrument, RunRecord
from perf_matrix.record.read import read_run
from perf_matrix.stacks.database_server import SCRIPT
from perf_matrix.stacks.proxy import proxy_label

# What uv and Docker say of a network that is not there.
_UNREACHABLE = (
    "error sending request",
    "dns error",
    "connection refused",
    "tcp connect error",
    "operation timed out",
    "i/o timeout",
)

COUNTING: Sequence[Instrument] = ("queries",)
PAIRING: Sequence[Instrument] = ("queries", "paired")
LOADING: Sequence[Instrument] = ("queries", "paired", "load")


@dataclass(frozen=True)
class Scene:
    """How everything in a bisect is measured: what a comparison's options say, and the day that it is today."""

    matrix: str
    cells: Sequence[str]
    endpoints: Sequence[str]
    metrics: Sequence[GatedMetric]
    backend: BackendChoice
    checkout: Path
    today: date


@dataclass(frozen=True)
class Measurement:
    """What to measure: versions by arm, with which instruments, over how many fresh starts.

    ``of``: the symptoms of interest; all endpoints of the scene where there are none. ``diff``: the change between
    the versions. ``time_s``: seconds for each cell, `LEAST` for as few as can be; as many as the matrix file says
    where it is None.
    """

    subjects: Mapping[Arm, str]
    instruments: Sequence[Instrument]
    epochs: int
    of: Sequence[Symptom] = ()
    diff: str = ""
    time_s: float | None = LEAST


@dataclass(frozen=True)
class Failed:
    """Why a measurement has no result, with the last log lines of the part at fault.

    ``by_version``: a version is at fault, not the machine or what else runs on it. ``spec``: which one, if it is told.
    """

    reason: str
    log_tail: list[str]
    by_version: bool
    spec: str = ""


class Laboratory:
    """Measures on this machine, one run after the other."""

    def __init__(self, scene: Scene, outside: Surroundings) -> None:
        self._scene = scene
        self._outside = outside
        self._host = this_host()

    @property
    def host(self) -> HostInfo:
        """The machine that it measures on."""
        return self._host

    def order(self, measurement: Measurement) -> Order:
        """The measurement, checked. Raises InputError for what the scene has wrong."""
        scene = self._scene
        cells = sorted({symptom.cell for symptom in measurement.of}) or scene.cells
        endpoints = sorted({symptom.endpoint for symptom in measurement.of if symptom.endpoint})
        wish = Wish(
            subjects=measurement.subjects,
            matrix=scene.matrix,
            cells=cells,
            endpoints=endpoints or scene.endpoints,
            time_s=measurement.time_s,
            metrics=scene.metrics,
            diff=measurement.diff,
            backend=scene.backend,
            checkout=scene.checkout,
            instruments=measurement.instruments,
            epochs=measurement.epochs,
            one_scale=True,
        )
        return check(wish, scene.today)

    def measure(self, measurement: Measurement, folder: Path) -> RunRecord | Failed:
        """Carry a measurement out into ``folder``.

        Raises InputError for what the scene has wrong, MissingToolError, and MeasurementError where it cannot
        be recorded.
        """
        order = self.order(measurement)
        outside = replace(self._outside, display=_Inner(self._outside.display), phases=Phases())
        try:
            start_run(order, folder, "run", outside)
        except MissingToolError:
            raise
        except InputError as error:
            # The scene was checked: what is refused now is a version, which cannot be installed or built.
            return Failed(str(error), [], by_version=not _is_unreachable(str(error)))
        record = read_run(folder)
        faults = [fault for cell in record.cells for fault in cell.faults]
        return _failed(faults[-1], measurement) if faults else record


def _failed(fault: Fault, measurement: Measurement) -> Failed:
    """A proxy that ended or never was ready is its version's doing, and so are migrations that do not run."""
    named = [
        spec for arm, spec in measurement.subjects.items() if fault.message.startswith(proxy_label(arm, spec))
    ]
    by_version = bool(named) or fault.message.startswith(SCRIPT)
    return Failed(fault.message, fault.log_tail, by_version, named[0] if named else "")


def _is_unreachable(said: str) -> bool:
    """Whether the package index, or what else is fetched, could not be reached: no version is at fault for that."""
    return any(sign in said.lower() for sign in _UNREACHABLE)


class _Inner:
    """The display of a run inside a bisect: its stages are steps of the bisect's own, and it knows no end."""

    def __init__(self, outer: Display) -> None:
        self._outer = outer

    def stage(self, text: str) -> None:
        """Show the run's stage as a step."""
        self._outer.step(text)

    def step(self, text: str) -> None:
        """Show the step."""
        self._outer.step(text)

    def expect(self, seconds: float) -> None:
        """The bisect knows better."""

    def note(self, text: str) -> None:
        """Pass it on."""
        self._outer.note(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The outer one goes on."""

"""The folder of a bisect: what was asked, every measurement as a run folder, and a line for each in order.

::

    bisect.json                 what is searched, over which versions; written once, first
    measurements.jsonl          a line for each finished measurement or skipped version, in order
    runs/0001/ ...              the run folders of the measurements
    bisection.json, report.md, report.html

A run without its line was interrupted and is measured anew. Lines are kept by version and host: what another
machine measured is not used, since a latency of there says nothing here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from perf_matrix.bisect.history.candidate import History
from perf_matrix.errors import InputError
from perf_matrix.matrix.model import Arm, GatedMetric
from perf_matrix.record.layout import BISECT_FILE
from perf_matrix.record.lines import (
    append_line,
    cannot_read,
    cannot_write,
    cut_torn_tail,
    read_lines,
    reason,
    sync,
)
from perf_matrix.record.model import HostInfo, Recorded

MEASUREMENTS_FILE = "measurements.jsonl"
RUNS = "runs"

Purpose = Literal["ends", "longer", "count", "compare", "confirm"]


class BisectRequest(Recorded):
    """``bisect.json``: everything that a resumed bisect needs to go on."""

    schema_version: Literal[1] = 1
    perf_matrix: str
    started_at: float
    seed: int
    good: str = Field(description="As the user wrote it.")
    bad: str
    history: History
    repository: Path | None = Field(
        default=None, description="The checkout, where commits or tags are searched."
    )
    all_parents: bool = False
    scan: bool = False
    on: list[str] = Field(default=[])
    matrix: str
    cells: list[str] = Field(default=[])
    endpoints: list[str] = Field(default=[])
    metrics: list[GatedMetric] = Field(default=[])
    backend: Literal["auto", "local", "compose"] = "auto"
    confidence: float = Field(gt=0.5, lt=1)
    time_s: float | None = None
    arguments: list[str] = Field(description="What comes after `perf-matrix bisect` to ask for it again.")
    workload: str = Field(
        default="", description="A digest of the matrix file and its workload; empty where it was not kept."
    )
    folders: dict[str, str] = Field(
        default={}, description="Of each version that is a folder, by spec, a digest of what it held."
    )


class Trial(Recorded):
    """A finished measurement: the run in ``runs/RUN``, of these versions, by spec."""

    kind: Literal["trial"] = "trial"
    run: str
    purpose: Purpose
    subjects: dict[Arm, str]
    host: str
    seconds: float


class Skip(Recorded):
    """A version that cannot be measured, and why."""

    kind: Literal["skip"] = "skip"
    spec: str
    reason: str
    log_tail: list[str] = Field(default=[])
    host: str
    seconds: float


Line = Annotated[Trial | Skip, Field(discriminator="kind")]
_LINE: TypeAdapter[Trial | Skip] = TypeAdapter(Line)


def host_key(host: HostInfo) -> str:
    """What is equal for two runs that were on the same machine, as far as one can tell."""
    told = f"{host.machine}/{host.cpu_model}/{host.cpus}/{host.memory_bytes}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]


class Store:
    """A bisect's folder, open for going on with it."""

    def __init__(
        self, path: Path, request: BisectRequest, lines: list[Trial | Skip], notes: list[str]
    ) -> None:
        self.path = path
        self.request = request
        self.lines = lines
        self.notes = notes

    @property
    def next_run(self) -> str:
        """The name of the next measurement's run folder."""
        return f"{1 + sum(isinstance(line, Trial) for line in self.lines):04d}"

    def new_run(self) -> Path:
        """The folder for the next measurement; what an interrupted one left there is removed."""
        folder = self.path / RUNS / self.next_run
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    def run_folder(self, trial: Trial) -> Path:
        """Where a measurement is recorded."""
        return self.path / RUNS / trial.run

    def keep(self, line: Trial | Skip) -> None:
        """Append a line; from then on the measurement counts."""
        append_line(self.path / MEASUREMENTS_FILE, line)
        self.lines.append(line)


def create_store(path: Path, request: BisectRequest) -> Store:
    """A new bisect's folder. Raises InputError where ``path`` holds something."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; a bisect needs a folder of its own")
    if (path / BISECT_FILE).exists():
        raise InputError(
            f"{path} holds a bisect already. Go on with it (perf-matrix bisect --resume {path}), "
            "or choose another folder"
        )
    if path.exists() and any(path.iterdir()):
        raise InputError(f"{path} is not empty; a bisect needs a folder of its own")
    _write(path / BISECT_FILE, request.model_dump_json(indent=2) + "\n")
    return Store(path, request, [], [])


def refuse_unless_bisect(path: Path) -> None:
    """Raise InputError where ``path`` is not the folder of a bisect."""
    if not (path / BISECT_FILE).is_file():
        raise InputError(f"{path} is not the folder of a bisect: there is no {BISECT_FILE} in it")


def open_store(path: Path) -> Store:
    """The folder of a bisect to go on with. Raises InputError where it is none, or is damaged."""
    file, notes = path / BISECT_FILE, list[str]()
    try:
        request = BisectRequest.model_validate_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path} is not the folder of a bisect: there is no {BISECT_FILE} in it") from error
    except OSError as error:
        raise cannot_read(file, error) from error
    except ValidationError as error:
        raise InputError(
            f"{file}: {reason(error)}. It was damaged, or written by another version: bisect again"
        ) from error
    lines = path / MEASUREMENTS_FILE
    if lines.exists():
        cut_torn_tail(lines, notes)
    return Store(path, request, read_lines(lines, _LINE, notes), notes)


def _write(file: Path, text: str) -> None:
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise cannot_write(file, error) from error
    sync(file.parent)

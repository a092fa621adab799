"""A simulated world: versions with known counts and latencies, and a laboratory that measures them at once.

What it measures is written as a real run folder and read back, so that everything but the measuring is real.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from perf_matrix.bisect.bisecting import Around, Bisecting
from perf_matrix.bisect.closer import Closer
from perf_matrix.bisect.confirming import Diffs
from perf_matrix.bisect.history.candidate import Candidate, History, HistoryKind
from perf_matrix.bisect.laboratory import Failed, Laboratory, Measurement
from perf_matrix.bisect.model import Bisection, CommitInfo, SymptomResult
from perf_matrix.bisect.store import BisectRequest, Store, create_store, open_store
from perf_matrix.bisect.tools import Deadline
from perf_matrix.experiment.request import Order
from perf_matrix.matrix.model import Arm, Cell, Endpoint, MatrixFile, Request
from perf_matrix.record.layout import RUN_FILE, file_of
from perf_matrix.record.model import (
    CellRecord,
    EpochEnd,
    EpochStart,
    HostInfo,
    LoadSlot,
    PairedBlock,
    Recorded,
    RunInfo,
    RunRecord,
    SoakSlot,
    SubjectInfo,
)
from perf_matrix.record.read import read_run
from perf_matrix.targets.registry import find_target
from tests.unit.compare.records import HOST, block, probe, windows
from tests.unit.compare.slots import slot, soaked

CELL = "default"
TARGET = find_target(None)
_BASE_MS = 50.0
_PAIRS = 5
_BLOCKS_PER_EPOCH = 8
_EPOCHS = 2
# What the matrix file's own time is enough for: so many times as much as the least.
_LONGER = 10


@dataclass(frozen=True)
class Made:
    """What one version is like.

    ``counts``: SQL statements per request by endpoint; None where the version does not have it. ``levels``: by
    endpoint, how many times as long as the first version it takes; 1 where none is named. ``broken``: endpoints
    that do not answer as they should. ``failing``: how many of 40 requests under load fail, by endpoint. ``rarely``:
    one in how many requests fails, one by one, by endpoint. ``growth``: megabytes for 1,000 requests. ``unclear``:
    endpoints whose count is not exact. ``fails``: why it cannot be started.
    """

    counts: Mapping[str, int | None]
    levels: Mapping[str, float] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()
    failing: Mapping[str, int] = field(default_factory=dict)
    rarely: Mapping[str, int] = field(default_factory=dict)
    growth: float = 0.0
    fails: str = ""


def made(*counts: int | None, endpoint: str = "chat", **levels: Sequence[float]) -> list[Made]:
    """Versions with these counts of one endpoint; ``levels``: latencies, by endpoint."""
    return [
        Made({endpoint: count, **dict.fromkeys(levels.keys() - {endpoint}, 1)}, _levels(levels, number))
        for number, count in enumerate(counts)
    ]


def _levels(levels: Mapping[str, Sequence[float]], number: int) -> dict[str, float]:
    return {endpoint: found[number] for endpoint, found in levels.items()}


def spec(version: int) -> str:
    return f"litellm==1.0.{version}"


class Seen:
    """A display that keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.steps: list[str] = []

    def stage(self, text: str) -> None:
        self.stages.append(text)

    def step(self, text: str) -> None:
        self.steps.append(text)

    def expect(self, seconds: float) -> None:
        pass

    def note(self, text: str) -> None:
        self.stages.append(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Clock:
    """A clock that only measuring moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class SimulatedLaboratory(Laboratory):
    """Measures simulated versions, by spec. Every measurement takes a minute of ``clock``.

    ``noise``: the standard deviation of a request's logarithmic latency. ``troubles``: what the next measurements
    fail with instead; ``failing_together``: what every one of two versions does. ``once``: versions as they are when
    they are measured first, next, and so on.
    """

    def __init__(self, versions: Mapping[str, Made], *, noise: float = 0.02, seed: int = 1) -> None:
        self.versions = dict(versions)
        self.once: dict[str, list[Made]] = {}
        self.troubles: list[Failed] = []
        self.failing_together: Failed | None = None
        self.asked: list[Measurement] = []
        self.clock = Clock()
        self.here = HOST
        self._noise = noise
        self._rng = np.random.default_rng(seed)
        loaded = any(one.failing or one.growth for one in versions.values())
        self._matrix = MatrixFile.model_validate(
            {
                "version": 1,
                "workload": "w.yml",
                "epochs": _EPOCHS,
                "gate": {"metrics": ["queries", "p50"]},
                "load": {"rate": 10, "soak": "1m"} if loaded else None,
            }
        )

    @property
    def host(self) -> HostInfo:
        return self.here

    @property
    def measured(self) -> Counter[str]:
        """How often each version was asked for."""
        return Counter(spec for one in self.asked for spec in one.subjects.values())

    def pairs(self) -> list[tuple[str, ...]]:
        """What was measured with what, in order."""
        return [tuple(one.subjects.values()) for one in self.asked]

    def order(self, measurement: Measurement) -> Order:
        return Order(
            target=TARGET,
            subjects={},
            arguments=[],
            matrix=self._matrix,
            instruments=list(measurement.instruments),
            cells=[],
            endpoints=[],
            known_endpoints=[],
            other_pages=[],
            grown=[],
            own_requests={},
            diff="",
            backend="local",
            epochs=measurement.epochs,
        )

    def measure(self, measurement: Measurement, folder: Path) -> RunRecord | Failed:
        self.asked.append(measurement)
        self.clock.now += 60
        if self.troubles:
            return self.troubles.pop(0)
        if self.failing_together and len(measurement.subjects) > 1:
            return self.failing_together
        versions = {arm: self._taken(spec) for arm, spec in measurement.subjects.items()}
        for arm, version in versions.items():
            if version.fails:
                name = f"the {arm} proxy ({measurement.subjects[arm]})"
                return Failed(f"{name} {version.fails}", ["Traceback", "boom"], by_version=True)
        write_run(folder, self._record(measurement, versions))
        return read_run(folder)

    def _taken(self, spec: str) -> Made:
        waiting = self.once.get(spec)
        return waiting.pop(0) if waiting else self.versions[spec]

    def _record(self, measurement: Measurement, versions: Mapping[Arm, Made]) -> RunRecord:
        every = list(dict.fromkeys(name for version in self.versions.values() for name in version.counts))
        wanted = {symptom.endpoint for symptom in measurement.of}
        names = [name for name in every if not wanted or name in wanted]
        info = RunInfo(
            perf_matrix="0",
            started_at=0.0,
            seed=1,
            subjects={
                arm: SubjectInfo(spec=spec, version=spec) for arm, spec in measurement.subjects.items()
            },
            instruments=list(measurement.instruments),
            matrix=self._matrix,
            endpoints=[Endpoint(name=name, request=Request(path=f"/{name}")) for name in names],
            cells=[Cell(id=CELL, variants={})],
            host=self.here,
            diff=measurement.diff,
            asked_epochs=measurement.epochs,
        )
        epochs = range(1, 1 + info.epochs)
        cell = CellRecord(
            cell=info.cells[0],
            epochs_started=[
                EpochStart(epoch=epoch, started_at=0, ready_s={}, measuring_from=0) for epoch in epochs
            ],
            epochs_ended=[EpochEnd(epoch=epoch, ended_at=1) for epoch in epochs],
            presence=[
                probe(
                    name, arm, present=_has(one, name), failures=["status 500"] if name in one.broken else []
                )
                for name in names
                for arm, one in versions.items()
            ],
            windows=[
                window
                for name in names
                for arm, one in versions.items()
                if _has(one, name)
                for window in windows(
                    name, arm, _statements(name, one.counts[name]), evicted=name in one.unclear
                )
            ],
            blocks=[
                pairs
                for name in names
                if "paired" in measurement.instruments and all(_has(one, name) for one in versions.values())
                for pairs in self._blocks(name, versions, epochs, longer=measurement.time_s is None)
            ],
            slots=_slots(names, versions) if info.load else [],
            soaks=[self._soak(arm, one.growth) for arm, one in versions.items()] if info.load else [],
        )
        return RunRecord(info=info, cells=[cell])

    def _soak(self, arm: Arm, growth: float) -> SoakSlot:
        """A sample for every 100 requests."""
        noise = self._rng.normal(0, 0.01, 31)
        return soaked(arm, [100 + growth * number / 10 + noise[number] for number in range(31)])

    def _blocks(
        self, name: str, versions: Mapping[Arm, Made], epochs: Sequence[int], *, longer: bool
    ) -> list[PairedBlock]:
        blocks = _BLOCKS_PER_EPOCH * (_LONGER if longer else 1)
        return [
            self._block(name, versions, number, epoch)
            for epoch in epochs
            for number in range(blocks * (epoch - 1), blocks * epoch)
        ]

    def _block(self, name: str, versions: Mapping[Arm, Made], number: int, epoch: int) -> PairedBlock:
        failed: dict[Arm, int] = {
            arm: 1
            for arm, version in versions.items()
            if name in version.rarely and number % (version.rarely[name] // _PAIRS) == 0
        }
        answered = _PAIRS - max(failed.values(), default=0)
        return block(
            self._latencies(versions["base"].levels.get(name, 1.0), answered),
            self._latencies(versions["head"].levels.get(name, 1.0), answered),
            number=number,
            epoch=epoch,
            name=name,
            failed=failed,
        )

    def _latencies(self, level: float, count: int) -> list[float]:
        drawn: list[float] = (_BASE_MS * level * np.exp(self._rng.normal(0, self._noise, count))).tolist()
        return drawn


def _slots(names: Sequence[str], versions: Mapping[Arm, Made]) -> list[LoadSlot]:
    """Eight rounds in two epochs; in each, 40 requests to every endpoint."""
    return [
        slot(
            arm,
            number,
            {name: [_BASE_MS] * (40 - one.failing.get(name, 0)) for name in names},
            epoch=1 + number // 4,
            failed=dict(one.failing),
        )
        for arm, one in versions.items()
        for number in range(8)
    ]


def _has(version: Made, endpoint: str) -> bool:
    return version.counts.get(endpoint) is not None


def _statements(endpoint: str, count: int | None) -> dict[str, int]:
    return {f'SELECT * FROM "{endpoint}_{number}" WHERE id = $1': 1 for number in range(count or 0)}


def write_run(folder: Path, record: RunRecord) -> None:
    """A run folder with what was recorded."""
    folder.mkdir(parents=True)
    (folder / RUN_FILE).write_text(record.info.model_dump_json())
    lines: defaultdict[Path, list[str]] = defaultdict(list)
    for cell in record.cells:
        found: list[Sequence[Any]] = [
            cell.epochs_started,
            cell.epochs_ended,
            cell.presence,
            cell.windows,
            cell.blocks,
            cell.slots,
            cell.soaks,
            cell.faults,
        ]
        for item in (item for items in found for item in items):
            lines[file_of(folder, cell.cell.id, item)].append(_line(item))
    for file, texts in lines.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(texts))


def _line(item: Recorded) -> str:
    return item.model_dump_json() + "\n"


class NoDiffs:
    """Knows of no change in the code."""

    def between(self, parent: str, culprit: str) -> str:
        return ""


class Built:
    """Keeps what it is asked to build."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def stop(self) -> None:
        """Nothing is under way."""

    def build(self, specs: Sequence[str]) -> None:
        self.asked += specs


def commit_info(name: str, parents: int = 1) -> CommitInfo:
    return CommitInfo(
        sha=name,
        title=f"Change {name}",
        author="Ada <ada@example.com>",
        date="2026-01-02T03:04:05Z",
        parents=parents,
    )


def request(history: History, **more: Any) -> BisectRequest:
    """What is asked for, over ``history``."""
    given = {
        "perf_matrix": "0",
        "started_at": 0.0,
        "seed": 7,
        "good": history.candidates[0].spec,
        "bad": history.candidates[-1].spec,
        "history": history,
        "matrix": "smoke",
        "confidence": 0.95,
        "arguments": [],
    }
    return BisectRequest(**(given | more))


def line_of(count: int, kind: HistoryKind = "releases") -> History:
    """Versions 0 to count - 1."""
    return History(kind, tuple(Candidate(spec(version), f"1.0.{version}") for version in range(count)))


class Simulation:
    """A bisect of a simulated history, in the new folder ``path``; ``more``: what else the request says."""

    def __init__(
        self,
        path: Path,
        versions: Sequence[Made],
        *,
        noise: float = 0.02,
        seed: int = 1,
        history: History | None = None,
        **more: Any,
    ) -> None:
        self.path = path
        self.laboratory = SimulatedLaboratory(
            {spec(number): one for number, one in enumerate(versions)}, noise=noise, seed=seed
        )
        self.request = request(history or line_of(len(versions)), **more)
        self.display = Seen()
        self.builder = Built()
        self.diffs: Diffs = NoDiffs()
        self.merged: Callable[[str], Sequence[History]] = lambda _sha: []
        self.host = "here"

    def run(self, minutes: float | None = None) -> Bisection:
        """Begin the bisect, or go on with it; a measurement takes a minute."""
        return self._on(self.store(), minutes)

    def store(self) -> Store:
        return open_store(self.path) if self.path.exists() else create_store(self.path, self.request)

    def _on(self, store: Store, minutes: float | None) -> Bisection:
        laboratory = self.laboratory
        around = Around(
            laboratory=laboratory,
            diffs=self.diffs,
            merged=self.merged,
            closer=lambda requests: Closer(
                self.request.history.kind, TARGET, None, self.request.all_parents, requests
            ),
            builder=self.builder,
            display=self.display,
            host=self.host,
        )
        ends_at = None if minutes is None else laboratory.clock.now + 60 * minutes
        return Bisecting(store, around, Deadline(ends_at, laboratory.clock)).run()


def result(bisection: Bisection, endpoint: str = "chat", metric: str = "queries") -> SymptomResult:
    """What was found of one symptom."""
    (found,) = [one for one in bisection.symptoms if (one.endpoint, one.metric) == (endpoint, metric)]
    return found


def steps(found: SymptomResult) -> list[tuple[int, float | None, float | None]]:
    """Its culprits: which version, from what to what."""
    return [(one.version, one.before.value, one.after.value) for one in found.culprits]

"""A whole cell on a small service: real k6, real Postgres, known differences, and what is made of them."""

from __future__ import annotations

import io
import os
import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from perf_matrix.compare.compare import compare
from perf_matrix.compare.model import Comparison, EndpointComparison
from perf_matrix.errors import InputError, PartDiedError
from perf_matrix.experiment.cell import Bench, Plan, measure_cell
from perf_matrix.experiment.delay import Delay
from perf_matrix.experiment.display import PlainDisplay
from perf_matrix.experiment.phases import Phases
from perf_matrix.load.agent import Agent
from perf_matrix.load.find import find_k6
from perf_matrix.load.slot import LoadRunner, Mix
from perf_matrix.matrix.model import ARMS, Arm, Bounds, Cell, Endpoint, Expectation, Load, MatrixFile, Request
from perf_matrix.queries.capture import open_counters
from perf_matrix.record.folder import RunFolder
from perf_matrix.record.model import (
    CellRecord,
    DataScale,
    HostInfo,
    LoadSlot,
    PairedBlock,
    RunInfo,
    RunRecord,
    SoakSlot,
    SubjectInfo,
    Usage,
)
from perf_matrix.record.read import read_run
from perf_matrix.stacks.postgres import PostgresServer
from perf_matrix.stacks.telemetry import TelemetryCounts

from .service import USERS, Service, serving

CELL = Cell(id="default", variants={})
ENDPOINTS = [
    Endpoint(name="light", request=Request(path="/light")),
    Endpoint(name="users", request=Request(path="/users"), expect=Expectation(values={"users.#": USERS})),
    Endpoint(name="old", request=Request(path="/old")),
    Endpoint(
        name="right",
        request=Request(path="/right"),
        expect=Expectation(values={"users.#": Bounds(equals=USERS)}),
    ),
]


@dataclass
class SmallStack:
    """Both versions of the service, freshly started."""

    services: dict[Arm, Service]
    resources: ExitStack
    ready_s: Mapping[Arm, float] = field(default_factory=lambda: {"base": 0.1, "head": 0.2})
    delay: Delay | None = None
    control_url: str | None = None

    @property
    def urls(self) -> dict[Arm, str]:
        return {arm: service.url for arm, service in self.services.items()}

    @property
    def databases(self) -> dict[Arm, str]:
        return {arm: database(arm) for arm in ARMS}

    def usage(self, arm: Arm) -> Usage:
        """That of this process, which both arms are in."""
        return Usage(cpu_s=time.process_time(), memory_bytes=psutil.Process().memory_info().rss)

    def telemetry(self) -> TelemetryCounts:
        return TelemetryCounts(spans=0, points=0, records=0, requests=0, rejected=0, events=0, services={})

    def check_alive(self) -> None:
        if any(service.ended for service in self.services.values()):
            raise PartDiedError("the service ended.", ["its last line"])

    def stop(self) -> None:
        self.resources.close()


@dataclass
class Starter:
    """Starts stacks and remembers them."""

    postgres: PostgresServer
    careless: Mapping[Arm, bool]
    ends_after: int | None = None
    stacks: list[SmallStack] = field(default_factory=list)

    def __call__(self, cell: Cell, scale: DataScale, logs: Path, waiting: Callable[[], None]) -> SmallStack:
        logs.mkdir(parents=True)
        waiting()
        resources = ExitStack()
        services = {
            arm: resources.enter_context(
                serving(
                    self.postgres.conninfo(database(arm)),
                    careless=self.careless[arm],
                    ends_after=self.ends_after,
                )
            )
            for arm in ARMS
        }
        self.stacks.append(SmallStack(services, resources))
        return self.stacks[-1]


def database(arm: Arm) -> str:
    return f"experiment_{arm}"


@pytest.fixture
def databases(postgres: PostgresServer) -> None:
    for arm in ARMS:
        postgres.drop(database(arm))
        postgres.create(database(arm))
        rows = f"INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, {USERS}) i"
        postgres.run_scripts(
            database(arm), [("table", "CREATE TABLE users (id int PRIMARY KEY, name text)"), ("rows", rows)]
        )


# Counts alone decide here, so that no test hangs on how quiet the machine is.
def info(endpoints: list[Endpoint], time_s: float, load: Load | None) -> RunInfo:
    subject = SubjectInfo(spec="service==1", version="1")
    matrix = {
        "version": 1,
        "workload": "w.yml",
        "time": time_s,
        "gate": {"metrics": ["queries"]},
        "load": load,
    }
    return RunInfo(
        perf_matrix="test",
        started_at=0.0,
        seed=1,
        subjects={"base": subject, "head": subject},
        instruments=["queries", "paired", "load"] if load else ["queries", "paired"],
        matrix=MatrixFile.model_validate(matrix),
        endpoints=endpoints,
        cells=[CELL],
        host=HostInfo(
            system="", machine="", cpu_model="", cpus=1, memory_bytes=0, python="", user_is_root=False
        ),
    )


def measure(
    path: Path,
    starter: Starter,
    endpoints: list[Endpoint],
    limit_s: float,
    *,
    load: Load | None = None,
    earlier: CellRecord | None = None,
) -> tuple[RunRecord, str]:
    """Measure a cell into ``path``; returns the record and what was displayed.

    ``earlier``: the cell was interrupted in its second epoch of two, and this was recorded by then.
    """
    said = io.StringIO()

    def start_agent(
        urls: Mapping[Arm, str], control: str | None, endpoints: list[Endpoint], log: Path
    ) -> Agent:
        return Agent.start(find_k6(os.environ), urls, endpoints, log, control=control)

    def make_load_runner(urls: Mapping[Arm, str], mix: Mix, log: Path) -> LoadRunner:
        return LoadRunner(find_k6(os.environ), urls, mix, log, path, os.environ)

    with (
        RunFolder.create(path, info(endpoints, limit_s, load)) as folder,
        open_counters(starter.postgres.conninfo()) as counters,
        PlainDisplay(said, time.monotonic) as display,
    ):
        phases = Phases()
        phases.keep_with(folder.append_phase)
        bench = Bench(
            folder=folder,
            counters=counters,
            start_stack=starter,
            start_agent=start_agent,
            make_load_runner=make_load_runner,
            phases=phases,
            display=display,
            rng=random.Random(1),  # noqa: S311
        )
        if earlier is None:
            plan = Plan(CELL, limit_s, 2, 0, second_scale=False, earlier=CellRecord(cell=CELL))
        else:
            plan = Plan(CELL, limit_s, 1, 2, second_scale=False, earlier=earlier)
        measure_cell(bench, plan)
    return read_run(path), said.getvalue()


def row(comparison: Comparison, name: str) -> EndpointComparison:
    return next(endpoint for endpoint in comparison.cells[0].endpoints if endpoint.name == name)


@pytest.mark.usefixtures("databases")
def test_known_differences_are_found_and_nothing_else(postgres: PostgresServer, tmp_path: Path) -> None:
    starter = Starter(postgres, {"base": False, "head": True})
    begin = time.monotonic()
    record, said = measure(tmp_path / "run", starter, ENDPOINTS, 16.0)
    assert time.monotonic() - begin < 26
    comparison = compare(record)
    assert comparison.verdict == "regression"

    light, users = row(comparison, "light"), row(comparison, "users")
    assert light.queries is not None
    assert (light.queries.base, light.queries.head, light.queries.stable) == (1, 1, True)
    assert light.queries.verdict == "pass"
    assert users.queries is not None
    assert (users.queries.base, users.queries.head, users.queries.stable) == (1, 1 + USERS, True)
    assert [(one.statement, one.per_request) for one in users.queries.added] == [
        ("SELECT name FROM users WHERE id = $1", USERS)
    ]

    assert row(comparison, "old").missing_on == ["head"]
    assert row(comparison, "old").verdict != "regression"
    right = row(comparison, "right")
    assert right.verdict == "regression"
    assert right.paired is None
    assert {finding.endpoint for finding in comparison.findings} == {"users", "right"}
    wrong = [text for first in record.cells[0].presence if first.arm == "head" for text in first.failures]
    assert any("users.# is 0, expected 5" in text for text in wrong)
    assert "epoch 2 of 2: comparing latencies" in said


@pytest.mark.usefixtures("databases")
def test_blocks_are_interleaved_and_spread_over_fresh_starts(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    starter = Starter(postgres, {"base": False, "head": False})
    names = ["light", "users"]
    record, _ = measure(tmp_path / "run", starter, ENDPOINTS[:2], 12.0)
    assert len(starter.stacks) == 2
    blocks = record.cells[0].blocks
    for epoch in (0, 1):
        first = [block.endpoint for block in blocks if block.epoch == epoch][:8]
        # Four rounds at least in each epoch, and every endpoint once in each.
        assert [sorted(first[i : i + 2]) for i in range(0, 8, 2)] == [names] * 4
    for name in names:
        mine = [block for block in blocks if block.endpoint == name]
        assert [block.block for block in mine] == list(range(len(mine)))
        assert all(sum(block.head_first) == len(block.head_first) // 2 == 5 for block in mine)
        # Random orders, not one repeated.
        assert len({tuple(block.head_first) for block in mine}) > 1
    assert [end.epoch for end in record.cells[0].epochs_ended] == [0, 1]
    assert compare(record).verdict == "pass"


@pytest.mark.usefixtures("databases")
def test_a_limit_that_turns_out_too_short_names_the_shortest_that_works(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    starter = Starter(postgres, {"base": False, "head": False})
    with pytest.raises(
        InputError, match=r"time: 5s is too short .* the shortest that works here is about \d+s"
    ):
        measure(tmp_path / "run", starter, ENDPOINTS[:2], 5.0)
    assert len(starter.stacks) == 1
    assert not read_run(tmp_path / "run").cells[0].blocks


@pytest.mark.usefixtures("databases")
def test_a_part_that_ends_while_measuring_is_named_and_what_was_measured_stays(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    starter = Starter(postgres, {"base": False, "head": False}, ends_after=150)

    with pytest.raises(PartDiedError, match="the service ended"):
        measure(tmp_path / "run", starter, ENDPOINTS[:2], 12.0)
    recorded: list[PairedBlock] = read_run(tmp_path / "run").cells[0].blocks
    assert recorded


@pytest.mark.usefixtures("databases")
def test_load_is_spread_over_the_epochs_and_leaves_time_for_the_pairs(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    starter = Starter(postgres, {"base": False, "head": True})
    load = Load(slot="1s", slots=3, rate=20)
    record, said = measure(tmp_path / "run", starter, ENDPOINTS, 40.0, load=load)
    cell = record.cells[0]
    assert [(slot.epoch, slot.round) for slot in cell.slots] == [
        *[(0, 0)] * 2,
        *[(1, 1)] * 2,
        *[(1, 2)] * 2,
    ]
    for number in range(3):
        one, other = (slot for slot in cell.slots if slot.round == number)
        assert {one.arm, other.arm} == set(ARMS)
        sent = {name: len(times) for name, times in one.latencies_ms.items()}
        assert sent == {name: len(times) for name, times in other.latencies_ms.items()}
        # What head does not have, or answers wrongly, is not in the mix.
        assert set(sent) == {"light", "users"}
    calls = {arm: [slot.db_calls for slot in cell.slots if slot.arm == arm] for arm in ARMS}
    assert calls["base"] == [21] * 3
    users = [len(slot.latencies_ms["users"]) for slot in cell.slots if slot.arm == "head"]
    assert calls["head"] == [21 + USERS * number for number in users]
    assert cell.soaks == []

    assert [phase.name for phase in record.phases if phase.measuring] == [
        *["SQL windows", "request pairs", "load"] * 2
    ]
    last_blocks = [max(block.started_at for block in cell.blocks if block.epoch == epoch) for epoch in (0, 1)]
    first_slots = [min(slot.started_at for slot in cell.slots if slot.epoch == epoch) for epoch in (0, 1)]
    assert all(block < slot for block, slot in zip(last_blocks, first_slots, strict=True))
    for name in ("light", "users"):
        assert sum(block.endpoint == name for block in cell.blocks) >= 8
    assert "epoch 2 of 2: load at 20 requests/s" in said


@pytest.mark.usefixtures("databases")
def test_a_resumed_cell_takes_the_rounds_and_the_soak_that_it_lacks(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    def slot(arm: Arm, number: int) -> LoadSlot:
        return LoadSlot(
            epoch=0,
            round=number,
            arm=arm,
            started_at=0,
            seconds=1,
            rate=14.3,
            due=14,
            dropped=0,
            latencies_ms={},
        )

    soaked = SoakSlot(**dict(slot("base", 0)))
    taken = [slot("base", 0), slot("head", 0), slot("head", 1)]
    earlier = CellRecord(cell=CELL, slots=taken, soaks=[soaked])
    load = Load(slot="1s", slots=3, rate="auto", soak="10s")
    starter = Starter(postgres, {"base": False, "head": False})
    record, said = measure(tmp_path / "run", starter, ENDPOINTS[:2], 45.0, load=load, earlier=earlier)
    slots, soaks = record.cells[0].slots, record.cells[0].soaks
    assert [(one.epoch, one.round) for one in slots] == [*[(2, 2)] * 2, *[(2, 3)] * 2]
    assert [soak.arm for soak in soaks] == ["head"]
    # The rate is the one that the cell began with.
    assert {one.rate for one in (*slots, *soaks)} == {14.3}
    assert soaks[0].due == 143
    assert len(soaks[0].memory) >= 8
    assert "load at 14.3 requests/s" in said


@pytest.mark.usefixtures("databases")
def test_a_limit_that_is_too_short_for_the_load_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    starter = Starter(postgres, {"base": False, "head": False})
    with pytest.raises(InputError, match=r"time: 60s is too short .*, and for 160s of load: the shortest"):
        measure(tmp_path / "run", starter, ENDPOINTS[:2], 60.0, load=Load())
    assert not read_run(tmp_path / "run").cells[0].blocks

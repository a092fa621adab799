"""Load on a small service: real k6, real processes, real Postgres; what the slots record of them."""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import requests

from perf_matrix.errors import PartDiedError
from perf_matrix.experiment.load import LoadTaker
from perf_matrix.load.find import find_k6
from perf_matrix.load.slot import LoadRunner, Mix
from perf_matrix.matrix.model import ARMS, Arm, Endpoint, Request
from perf_matrix.processes import Process, end, spawn
from perf_matrix.queries.capture import open_counters
from perf_matrix.record.model import LoadSlot, SoakSlot, Usage
from perf_matrix.stacks.ports import free_port
from perf_matrix.stacks.postgres import PostgresServer
from perf_matrix.stacks.usage import usage_of

from .load_service import BURN_S, STATEMENTS

PROGRAM = Path(__file__).with_name("load_service.py")
RATE = 20.0
MB = 1_000_000


@dataclass(frozen=True)
class Arms:
    """Both arms, running, with what they were asked for."""

    processes: Mapping[Arm, Process]
    urls: Mapping[Arm, str]
    logs: Mapping[Arm, Path]

    def asked_for(self, arm: Arm) -> list[str]:
        return self.logs[arm].read_text().split() if self.logs[arm].exists() else []

    def usage(self, arm: Arm) -> Usage:
        return usage_of(self.processes[arm])

    def check_alive(self) -> None:
        for process in self.processes.values():
            process.check_alive()


TakeLoad = Callable[..., LoadTaker]


def database(arm: Arm) -> str:
    return f"load_{arm}"


@pytest.fixture
def arms(postgres: PostgresServer, tmp_path: Path) -> Iterator[Arms]:
    """Head keeps a megabyte of each request to /keep, base nothing."""
    with ExitStack() as started:
        running = Arms({}, {}, {arm: tmp_path / f"{arm}.requests" for arm in ARMS})
        for arm in ARMS:
            postgres.drop(database(arm))
            postgres.create(database(arm))
            postgres.run_scripts(database(arm), [("table", "CREATE TABLE users (id int, name text)")])
            port = free_port()
            environ = {
                **os.environ,
                "DATABASE_URL": postgres.url(database(arm)),
                "PORT": str(port),
                "LOG": str(running.logs[arm]),
                "KEPT_BYTES": str(MB if arm == "head" else 0),
            }
            log = tmp_path / f"{arm}.log"
            process = spawn(arm, [sys.executable, str(PROGRAM)], env=environ, log=log, cwd=tmp_path)
            started.callback(end, [process])
            running = Arms(
                {**running.processes, arm: process},
                {**running.urls, arm: f"http://127.0.0.1:{port}"},
                running.logs,
            )
            wait_until_ready(running, arm)
        yield running


def wait_until_ready(arms: Arms, arm: Arm) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        arms.processes[arm].check_alive()
        try:
            if requests.get(f"{arms.urls[arm]}/one", timeout=10).ok:
                arms.logs[arm].unlink()
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("it does not become ready")


@pytest.fixture
def taken() -> list[LoadSlot]:
    return []


@pytest.fixture
def taker(arms: Arms, postgres: PostgresServer, taken: list[LoadSlot], tmp_path: Path) -> Iterator[TakeLoad]:
    """Makes takers of load on ``arms``, which record into ``taken``; keywords are those of LoadTaker."""
    with open_counters(postgres.conninfo()) as counters:

        def make(weights: Mapping[str, float], **options: object) -> LoadTaker:
            endpoints = [
                Endpoint(name=name, request=Request(path=f"/{name}"), weight=weight)
                for name, weight in weights.items()
            ]
            mix = Mix(endpoints, RATE, in_flight=40)
            runner = LoadRunner(find_k6(), arms.urls, mix, tmp_path / "k6.log", tmp_path, os.environ)
            told = {
                "runner": runner,
                "counters": counters,
                "databases": {arm: database(arm) for arm in ARMS},
                "earlier": [],
                "epoch": 1,
                "seed": "1/default",
                "rng": random.Random(1),  # noqa: S311
                "usage": arms.usage,
                "record": taken.append,
                "check_alive": arms.check_alive,
            }
            return LoadTaker(**{**told, **options})  # type: ignore[arg-type]

        yield make


def test_slots_record_what_was_sent_and_what_it_took(
    taker: TakeLoad, arms: Arms, taken: list[LoadSlot]
) -> None:
    steps: list[tuple[int, int, Arm]] = []
    begin = {arm: arms.usage(arm).cpu_s for arm in ARMS}
    taker({"one": 2, "transaction": 1, "burn": 1}).take_rounds(2, 2.0, lambda *step: steps.append(step))

    assert [(number, of) for number, of, _ in steps] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [arm for *_, arm in steps] == [slot.arm for slot in taken]
    assert [slot.round for slot in taken] == [0, 0, 1, 1]
    assert [sorted(slot.arm for slot in taken if slot.round == number) for number in (0, 1)] == [[*ARMS]] * 2
    for slot in taken:
        assert (slot.epoch, slot.rate, slot.seconds, slot.due) == (1, RATE, 2.0, 40)
        assert (slot.dropped, slot.failed, slot.failures) == (0, {}, [])
        assert {name: len(times) for name, times in slot.latencies_ms.items()} == {
            "one": 20,
            "transaction": 10,
            "burn": 10,
        }
        assert slot.db_calls == 20 * STATEMENTS["/one"] + 10 * STATEMENTS["/transaction"]
        assert slot.db_ms is not None
        assert 0 < slot.db_ms < 2000
        assert slot.cpu_s is not None
        assert slot.cpu_s >= 10 * BURN_S
        assert slot.peak_memory_bytes is not None
        assert 10 * MB < slot.peak_memory_bytes < 1000 * MB
        assert min(slot.latencies_ms["burn"]) >= 1000 * BURN_S
    for arm in ARMS:
        used = arms.usage(arm).cpu_s - begin[arm]
        assert sum(slot.cpu_s or 0 for slot in taken if slot.arm == arm) <= used


def test_both_arms_get_the_same_sequence_and_each_round_another(
    taker: TakeLoad, arms: Arms, taken: list[LoadSlot]
) -> None:
    taker({"one": 1, "transaction": 1}).take_rounds(2, 1.0, lambda *_: None)
    base, head = arms.asked_for("base"), arms.asked_for("head")
    assert len(base) == 2 * 21
    assert Counter(base) == Counter(head)
    # Two that overlap may be written down the other way round; of another sequence 20 would differ.
    assert sum(one != other for one, other in zip(base, head, strict=True)) <= 8
    first, second = base[:21], base[21:]
    assert sum(one != other for one, other in zip(first, second, strict=True)) > 5
    assert {slot.arm for slot in taken[::2]} == set(ARMS), "which arm is first is drawn anew"


def test_a_resumed_cell_goes_on_with_another_round(taker: TakeLoad, taken: list[LoadSlot]) -> None:
    taker({"one": 1}).take_rounds(1, 1.0, lambda *_: None)
    earlier = [*taken, taken[0].model_copy(update={"round": 1})]
    taker({"one": 1}, earlier=earlier).take_rounds(1, 1.0, lambda *_: None)
    assert [slot.round for slot in taken] == [0, 0, 2, 2]


def test_a_soak_shows_which_arms_memory_grows(taker: TakeLoad, taken: list[LoadSlot]) -> None:
    steps: list[Arm] = []
    taker({"keep": 1}).take_soaks(["head", "base"], 4.0, steps.append)
    assert [slot.arm for slot in taken] == steps
    soaks = {slot.arm: slot for slot in taken if isinstance(slot, SoakSlot)}
    grown = {arm: soak.memory[-1].memory_bytes - soak.memory[0].memory_bytes for arm, soak in soaks.items()}
    assert grown["head"] >= 0.9 * 80 * MB
    assert grown["base"] < 20 * MB
    for soak in soaks.values():
        # At its begin and end, and every second in between.
        assert len(soak.memory) >= 4
        assert [sample.at_s for sample in soak.memory] == sorted(sample.at_s for sample in soak.memory)
        assert (soak.memory[0].requests, soak.memory[-1].requests) == (0, 80)
        assert all(sample.requests == min(RATE * sample.at_s, 80) for sample in soak.memory)
        assert soak.peak_memory_bytes == max(sample.memory_bytes for sample in soak.memory)


def test_only_the_arm_that_lacks_its_soak_is_soaked(taker: TakeLoad, taken: list[LoadSlot]) -> None:
    taker({"one": 1}).take_soaks(["head"], 1.0, lambda _: None)
    assert [slot.arm for slot in taken] == ["head"]


def test_an_arm_that_ends_in_the_middle_of_a_slot_ends_the_load(
    taker: TakeLoad, arms: Arms, taken: list[LoadSlot]
) -> None:
    begin = time.monotonic()
    with pytest.raises(PartDiedError, match="exited with status 3"):
        taker({"one": 20, "stop": 1}).take_rounds(1, 30.0, lambda *_: None)
    assert time.monotonic() - begin < 25, "it does not wait for the end of the slot"
    assert taken == []


def test_counts_that_were_lost_meanwhile_are_not_told(
    taker: TakeLoad, arms: Arms, taken: list[LoadSlot], postgres: PostgresServer
) -> None:
    def usage(arm: Arm) -> Usage:
        with psycopg.connect(postgres.conninfo(), autocommit=True) as connection:
            connection.execute("SELECT pg_stat_statements_reset()")
        return arms.usage(arm)

    taker({"one": 1}, usage=usage).take_rounds(1, 1.0, lambda *_: None)
    # The second one began when nothing was counted any more.
    assert (taken[0].db_ms, taken[0].db_calls) == (None, None)

"""A command that is interrupted ends soon, in any phase, and leaves nothing; what kill -9 left, the next clears."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from typing import Any

import pytest

from perf_matrix.record.read import read_run
from perf_matrix.stacks.compose.leftovers import parts
from perf_matrix.stacks.compose.project import REGISTRY_LABEL
from tests.e2e.command import Command, Ended
from tests.integration.stacks.compose.commands import QUERIES, Bench

pytestmark = pytest.mark.docker

# Promised are five seconds; the rest is for a machine whose processors are shared.
STOP_LIMIT_S = 20.0
NOTHING_RECORDED = "Interrupted before anything was recorded. Nothing is left running."
# Each of the phases is reached within half a minute.
MATRIX: dict[str, Any] = {"time": 60, "epochs": 2, "load": {"slot": "3s", "slots": 2}}
# Seeding takes a while.
LARGE = {"rows": 1_000_000}
PHASES = {
    "starting Postgres": False,
    "migrating and seeding": True,
    "starting the service": True,
    "counting SQL statements": True,
    "comparing latencies": True,
    "load at": True,
}


def interrupt(command: Command, number: signal.Signals) -> tuple[Ended, float]:
    """Send the signal, and an impatient second one; returns how the command ended, and the seconds it took."""
    sent = command.send(number)
    time.sleep(0.3)
    if not command.has_ended:
        command.send(number)
    ended = command.end()
    return ended, time.monotonic() - sent


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("phase", PHASES)
def test_a_signal_in_each_phase(
    bench: Bench, phase: str, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    scale = LARGE if phase == "migrating and seeding" else {}
    with bench.compare("--endpoints", "ready", scale=scale, **MATRIX) as command:
        assert command.lease
        command.wait_for(phase)
        # Into the phase, not at its beginning.
        time.sleep(0.4)
        ended, took_s = interrupt(command, number)
        left = bench.left(command)
    with capsys.disabled():
        print(f" [{phase}: stopped after {took_s:.1f} s]", end="")
    assert ended.exit_code == 128 + number, ended.stderr
    assert left == []
    assert "Traceback" not in ended.stderr
    assert took_s < STOP_LIMIT_S
    last = ended.stderr.rstrip().splitlines()[-1]
    if PHASES[phase]:
        assert last.endswith(f"Go on with: perf-matrix run --resume {bench.out}")
        assert read_run(bench.out).notes == []
    else:
        assert last == NOTHING_RECORDED
        assert not bench.out.exists()


@pytest.mark.parametrize("phase", ["starting Postgres", "starting the service", "counting SQL statements"])
def test_what_a_killed_command_left_is_cleared_by_the_next(bench: Bench, phase: str) -> None:
    with bench.compare("--endpoints", "ready", **MATRIX) as killed:
        assert killed.lease
        killed.wait_for(phase)
        time.sleep(0.4)
        killed.send(signal.SIGKILL)
        assert killed.end().exit_code == -signal.SIGKILL
        assert bench.left(killed) != [], "kill -9 left nothing to clear up"
        after = replace(bench, scratch=bench.scratch / "after")
        after.scratch.mkdir()
        with after.compare(*QUERIES) as command:
            command.wait_for("starting Postgres")
            assert bench.left(killed) == []
            ended = command.end()
            left = after.left(command)
    assert ended.exit_code == 0, ended.stderr
    assert left == []
    registry = str(bench.cache / "leases")
    assert parts(bench.engine, {REGISTRY_LABEL: registry}) == []


def test_what_belongs_to_a_living_command_is_left_alone(bench: Bench) -> None:
    other = replace(bench, scratch=bench.scratch / "other")
    other.scratch.mkdir()
    with bench.compare("--endpoints", "ready", **MATRIX) as living:
        living.wait_for("counting SQL statements")
        before = parts(bench.engine, {REGISTRY_LABEL: str(bench.cache / "leases")})
        with other.compare(*QUERIES) as command:
            command.wait_for("starting Postgres")
            after = parts(bench.engine, {REGISTRY_LABEL: str(bench.cache / "leases")})
            assert {part.id for part in before} <= {part.id for part in after}
            interrupt(command, signal.SIGTERM)
        assert not living.has_ended
        assert interrupt(living, signal.SIGTERM)[0].exit_code == 128 + signal.SIGTERM
        assert bench.left(living) == []

"""Real LiteLLM in containers, interrupted: while images are built, while it starts, while it is measured."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from perf_matrix.record.read import read_run
from perf_matrix.stacks.compose.engine import Engine, find_engine
from tests.checkouts import litellm_repository
from tests.containers import left_with
from tests.e2e.command import BASE, HEAD, LONG, Command, Ended, comparison_in, started
from tests.engine import Engine as SharedEngine

pytestmark = [pytest.mark.docker, pytest.mark.e2e]

FEW = ("--backend", "compose", "--endpoints", "models")
# Promised are five seconds; the rest is for a machine whose processors are shared.
STOP_LIMIT_S = 20.0


@pytest.fixture
def found(engine: SharedEngine) -> Engine:
    return find_engine(engine.environ)


def interrupted(command: Command, engine: Engine, number: signal.Signals) -> Ended:
    sent = command.send(number)
    ended = command.end()
    assert time.monotonic() - sent < STOP_LIMIT_S
    assert ended.exit_code == 128 + number, ended.stderr
    assert "Traceback" not in ended.stderr
    assert command.left_behind() == []
    assert left_with(engine, command.lease) == []
    return ended


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_while_an_image_is_built(
    engine: SharedEngine, found: Engine, tmp_path: Path, out: Path, number: signal.Signals
) -> None:
    # A commit that no other run has: its image is not there yet.
    repository = litellm_repository(tmp_path / "checkout")
    arguments = ("compare", "git:first", "git:second", "--checkout", str(repository.folder), *FEW)
    with started((*arguments, "--out", str(out)), tmp_path, engine.environ) as command:
        assert command.lease
        command.wait_for("building git:first and git:second")
        before = images(found)
        time.sleep(1.0)
        ended = interrupted(command, found, number)
    last = ended.stderr.rstrip().splitlines()[-1]
    assert last == "Interrupted before anything was recorded. Nothing is left running."
    assert not out.exists()
    # The engine does not go on with it.
    time.sleep(5.0)
    assert images(found) <= before
    assert len(repository.git("worktree", "list").splitlines()) == 1


def images(engine: Engine) -> set[str]:
    listed = engine.client.images.list(name="perf-matrix/litellm")
    return {tag for image in listed for tag in image.tags}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_while_the_service_starts(
    engine: SharedEngine, found: Engine, tmp_path: Path, out: Path, number: signal.Signals
) -> None:
    arguments = ("compare", BASE, HEAD, *FEW, *LONG, "--out", str(out))
    with started(arguments, tmp_path, engine.environ) as command:
        command.wait_for("starting the service")
        time.sleep(3.0)
        ended = interrupted(command, found, number)
    assert ended.stderr.rstrip().endswith(f"perf-matrix run --resume {out}")
    assert read_run(out).cells[0].blocks == []


def test_what_a_killed_run_left_is_cleared_up_and_its_measuring_finished(
    engine: SharedEngine, found: Engine, tmp_path: Path, out: Path
) -> None:
    arguments = ("compare", BASE, HEAD, *FEW, "--metrics", "queries", "--out", str(out))
    with started(arguments, tmp_path, engine.environ) as killed:
        assert killed.lease
        # The first data scale is measured by now.
        killed.wait_for("second data scale: starting the service")
        killed.wait_until(lambda: any("proxy" in part for part in left_with(found, killed.lease)), "a proxy")
        killed.send(signal.SIGKILL)
        assert killed.end().exit_code == -signal.SIGKILL
        assert any("postgres" in part for part in left_with(found, killed.lease))
        before = read_run(out).cells[0].windows
        with started(("run", "--resume", str(out)), tmp_path, engine.environ) as resumed:
            assert resumed.lease
            resumed.wait_for("starting Postgres")
            assert killed.left_behind() == []
            assert left_with(found, killed.lease) == []
            ended = resumed.end()
            assert left_with(found, resumed.lease) == []
    assert ended.exit_code == 0, ended.stderr
    record = read_run(out)
    assert record.cells[0].windows[: len(before)] == before
    assert {window.scale for window in record.cells[0].windows} == {"first", "second"}
    comparison = comparison_in(out)
    assert comparison.verdict == "pass"
    assert comparison.cells[0].fault == ""

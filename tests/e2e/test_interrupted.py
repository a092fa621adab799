"""Runs that are stopped: by a signal, which they clear up after, or by kill -9, which the next run does."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from perf_matrix.record.read import read_run

from .command import BASE, HEAD, LONG, blocks_file, comparison_in
from .conftest import Measure, Start

pytestmark = pytest.mark.e2e

FEW = ("--endpoints", "key-info")
# Promised are five seconds; the rest is for a machine whose processors are shared.
STOP_LIMIT_S = 10.0


def test_what_a_killed_run_left_is_cleared_up_and_its_measuring_finished(
    start: Start, measure: Measure
) -> None:
    begun = measure(BASE, HEAD, *FEW)
    killed, out = begun.command, begun.folder
    file = blocks_file(out)
    assert file is not None
    killed.send(signal.SIGKILL)
    assert killed.end().exit_code == -signal.SIGKILL
    orphans = killed.left_behind()
    for part in ("base", "head", "postgres"):
        assert killed.part(part).is_running(), "kill -9 left nothing to clear up"
    assert any(line.startswith("path ") for line in orphans)
    before = file.read_bytes()
    whole_lines = before[: before.rfind(b"\n") + 1]
    assert whole_lines

    resumed = start("run", "--resume", str(out))
    resumed.wait_for("starting Postgres")
    assert killed.left_behind() == [], "the next run has not cleared up"
    ended = resumed.end()

    comparison = comparison_in(out)
    assert ended.exit_code == (1 if comparison.verdict == "regression" else 0), ended.stderr
    assert "compare exited" in ended.stderr
    assert (out / "report.md").is_file()
    assert file.read_bytes().startswith(whole_lines), "recorded blocks were changed or lost"
    record = read_run(out)
    assert record.notes == []
    blocks = record.cells[0].blocks
    assert max(Counter((block.endpoint, block.block) for block in blocks).values()) == 1
    assert len(blocks) >= 8 + whole_lines.count(b"\n")
    assert {block.epoch for block in blocks} == {0, 1, 2}
    assert comparison.cells[0].fault == ""
    assert resumed.left_behind() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_while_measuring_stops_within_seconds_and_tells_how_to_go_on(
    start: Start, out: Path, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start("compare", BASE, HEAD, *FEW, *LONG, "--out", str(out))
    run.wait_until(lambda: blocks_file(out) is not None, "a recorded block")
    assert run.lease
    sent = run.send(number)
    time.sleep(0.3)
    run.send(number)  # an impatient second one must not cut the clearing up short
    ended = run.end()
    took_s = time.monotonic() - sent
    with capsys.disabled():
        print(f" [{number.name}: stopped after {took_s:.1f} s]", end="")
    assert took_s < STOP_LIMIT_S
    assert ended.exit_code == 128 + number
    assert ended.stderr.rstrip().splitlines()[-1].endswith(f"Go on with: perf-matrix run --resume {out}")
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    assert run.left_behind() == []
    record = read_run(out)
    assert record.notes == []
    assert record.cells[0].blocks


def test_an_interrupted_installation_is_not_kept_and_said_to_be_nothing(
    start: Start, out: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    run = start("compare", BASE, HEAD, *FEW, "--out", str(out), PERF_MATRIX_CACHE=str(cache))
    run.wait_until(
        lambda: any(cache.glob("subjects/*/lib/python*/site-packages/*")), "something of the environment"
    )
    assert run.lease
    sent = run.send(signal.SIGINT)
    ended = run.end()
    assert time.monotonic() - sent < STOP_LIMIT_S
    assert ended.exit_code == 128 + signal.SIGINT
    last = ended.stderr.rstrip().splitlines()[-1]
    assert last == "Interrupted before anything was recorded. Nothing is left running."
    assert "Traceback" not in ended.stderr
    assert run.left_behind() == []
    assert not out.exists()
    assert [path.name for path in cache.glob("subjects/*") if path.is_dir()] == []


def test_a_run_interrupted_while_the_stack_starts_leaves_nothing_running(start: Start, out: Path) -> None:
    run = start("compare", BASE, HEAD, *FEW, *LONG, "--out", str(out))
    run.wait_for("starting the service")
    run.wait_until(lambda: len(run.processes()) > 3, "Postgres and both proxies")
    sent = run.send(signal.SIGINT)
    ended = run.end()
    assert time.monotonic() - sent < STOP_LIMIT_S
    assert ended.exit_code == 128 + signal.SIGINT
    assert ended.stderr.rstrip().endswith(f"perf-matrix run --resume {out}")
    assert run.left_behind() == []
    assert read_run(out).cells[0].blocks == []

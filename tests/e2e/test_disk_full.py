"""The disk is full in the middle of a run: it ends with one clear message, and goes on when there is space."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from perf_matrix.record.read import read_run

from .command import BASE, HEAD, blocks_file, comparison_in
from .conftest import Measure, Start

pytestmark = pytest.mark.e2e


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """16 MiB of memory as a file system."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder))
    if done.returncode != 0:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    # Lazily: a test that failed may have left a log open.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_stops_the_run_and_more_space_lets_it_finish(
    disk: Path, start: Start, measure: Measure
) -> None:
    begun = measure(BASE, HEAD, "--endpoints", "key-info", scratch=disk)
    run, out = begun.command, begun.folder
    run.wait_until(lambda: b'"epoch":1' in recorded(out), "a block of the second epoch")
    fill(disk / "ballast")
    ended = run.end()
    assert ended.exit_code == 3, ended.stderr
    last = ended.stderr.rstrip().splitlines()[-1]
    told = re.fullmatch(
        r"perf-matrix: (\S+): cannot be written: No space left on device\. "
        r"What was recorded before is intact\. "
        rf"Free some space on that disk, then go on with: perf-matrix run --resume {out}",
        last,
    )
    assert told, ended.stderr
    assert Path(told[1]).is_relative_to(out)
    assert "Traceback" not in ended.stderr
    assert run.left_behind() == []
    assert not (out / "comparison.json").exists()
    before = recorded(out)
    assert read_run(out).notes == [], "a line that does not fit must be taken back"

    assert mount("-o", "remount,size=64m", str(disk)).returncode == 0
    resumed = start("run", "--resume", str(out))
    assert resumed.lease
    ended = resumed.end()
    comparison = comparison_in(out)
    assert ended.exit_code == (1 if comparison.verdict == "regression" else 0), ended.stderr
    assert comparison.verdict != "invalid"
    assert recorded(out).startswith(before)
    # The first epoch was finished and is not measured again; the second one is, under a number of its own.
    assert sorted(end.epoch for end in read_run(out).cells[0].epochs_ended) == [0, 2]
    assert resumed.left_behind() == []

    (out / "report.md").unlink()
    (out / "comparison.json").unlink()
    fill(disk / "more-ballast")
    reported = start("report", str(out)).end()
    assert reported.exit_code == 3, reported.stderr
    assert f"perf-matrix: {out / 'comparison.json'}: cannot be written: No space left" in reported.stderr
    assert "Traceback" not in reported.stderr


def recorded(out: Path) -> bytes:
    file = blocks_file(out)
    return file.read_bytes() if file else b""


def fill(ballast: Path) -> None:
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        size = 1 << 20
        while size:
            try:
                os.write(descriptor, bytes(size))
            except OSError:
                size //= 2
    finally:
        os.close(descriptor)


def mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)

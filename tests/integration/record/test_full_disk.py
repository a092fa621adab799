"""A disk that is full, by the kernel's own word."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from perf_matrix.bisect.store import MEASUREMENTS_FILE, Skip, create_store
from perf_matrix.errors import MeasurementError
from perf_matrix.record.folder import RunFolder
from perf_matrix.record.layout import cell_folder
from perf_matrix.record.model import EpochEnd, Fault, RunInfo
from perf_matrix.record.read import read_run
from tests.unit.bisect.world import line_of, request

CELL = "callbacks=none"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """64 KiB of memory as a file system."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_no_space_left(info: RunInfo, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, info) as folder:
        file = cell_folder(tmp_path, CELL) / "faults.jsonl"
        file.parent.mkdir(parents=True)
        file.symlink_to("/dev/full")
        with pytest.raises(MeasurementError) as raised:
            folder.append(CELL, Fault(at=1, message="died"))
    assert str(raised.value) == (
        f"{file}: cannot be written: No space left on device. What was recorded before is intact. "
        f"Free some space on that disk, then go on with: perf-matrix run --resume {tmp_path}"
    )


def test_no_space_left_for_a_bisect(info: RunInfo, tmp_path: Path) -> None:
    """Below it, too, the whole bisect goes on, not one measurement of it."""
    store = create_store(tmp_path / "bisect", request(line_of(3)))
    (store.path / MEASUREMENTS_FILE).symlink_to("/dev/full")
    cure = f"Free some space on that disk, then go on with: perf-matrix bisect --resume {store.path}"
    with pytest.raises(MeasurementError) as raised:
        store.keep(Skip(spec="c", reason="it ended", host="here", seconds=1.0))
    assert str(raised.value).endswith(cure)
    with RunFolder.create(store.new_run(), info) as folder:
        file = cell_folder(folder.path, CELL) / "faults.jsonl"
        file.parent.mkdir(parents=True)
        file.symlink_to("/dev/full")
        with pytest.raises(MeasurementError) as raised:
            folder.append(CELL, Fault(at=1, message="died"))
    assert str(raised.value).endswith(cure)


def test_a_line_that_fits_only_partly_is_taken_back(info: RunInfo, small_disk: Path) -> None:
    path = small_disk / "run"
    line = Fault(at=1, message="x" * 3000)
    with RunFolder.create(path, info) as folder:
        with pytest.raises(MeasurementError, match=r"faults\.jsonl: cannot be written: No space left"):
            _append_for_ever(folder, line)
        file = cell_folder(path, CELL) / "faults.jsonl"
        written, rest = divmod(file.stat().st_size, len(line.model_dump_json()) + 1)
        assert rest == 0
        assert 5 < written < 22
    assert read_run(path).cells[0].faults == [line] * written
    assert read_run(path).notes == []


def test_a_run_goes_on_when_there_is_space_again(info: RunInfo, small_disk: Path) -> None:
    path = small_disk / "run"
    RunFolder.create(path, info).close()
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        _fill(ballast)
    with pytest.raises(MeasurementError, match=r"run --resume "), RunFolder.open(path) as folder:
        folder.append(CELL, EpochEnd(epoch=0, ended_at=1))
    ballast.unlink()
    with RunFolder.open(path) as folder:
        folder.append(CELL, EpochEnd(epoch=0, ended_at=2))
    assert read_run(path).cells[0].epochs_ended == [EpochEnd(epoch=0, ended_at=2)]


def test_a_run_that_cannot_even_begin(info: RunInfo, small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        _fill(small_disk / "ballast")
    with pytest.raises(MeasurementError, match="nothing was measured yet"):
        RunFolder.create(small_disk / "run", info)
    assert not list(small_disk.glob("run/run.json*"))


def _append_for_ever(folder: RunFolder, item: Fault) -> None:
    while True:
        folder.append(CELL, item)


def _fill(file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(descriptor, bytes(4096)):
            pass
    finally:
        os.close(descriptor)

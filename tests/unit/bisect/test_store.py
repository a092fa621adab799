"""The folder of a bisect: new, taken, gone on with, torn, damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.store import (
    MEASUREMENTS_FILE,
    Skip,
    Trial,
    create_store,
    host_key,
    open_store,
)
from perf_matrix.errors import InputError
from perf_matrix.record.layout import BISECT_FILE
from tests.unit.compare.records import HOST

from .world import line_of, request

REQUEST = request(line_of(3), on=["chat/queries"], time_s=60.0, arguments=["a", "b"])
TRIAL = Trial(run="0001", purpose="ends", subjects={"base": "a", "head": "b"}, host="here", seconds=2.5)
SKIP = Skip(spec="c", reason="it ended", log_tail=["boom"], host="here", seconds=1.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bisect"


def refused(path: Path) -> str:
    with pytest.raises(InputError) as told:
        open_store(path)
    return str(told.value)


def test_what_is_kept_is_read_again(folder: Path) -> None:
    store = create_store(folder, REQUEST)
    assert store.next_run == "0001"
    store.keep(TRIAL)
    store.keep(SKIP)
    assert store.next_run == "0002"
    again = open_store(folder)
    assert again.request == REQUEST
    assert again.request.history == line_of(3)
    assert again.lines == store.lines == [TRIAL, SKIP]
    assert again.notes == []
    assert again.run_folder(TRIAL) == folder / "runs" / "0001"


def test_a_bisect_that_has_measured_nothing_yet(folder: Path) -> None:
    create_store(folder, REQUEST)
    assert open_store(folder).lines == []


def test_what_an_interrupted_measurement_left_is_removed(folder: Path) -> None:
    store = create_store(folder, REQUEST)
    store.keep(TRIAL)
    left = folder / "runs" / "0002"
    left.mkdir(parents=True)
    (left / "run.json").write_text("{")
    assert open_store(folder).new_run() == left
    assert not left.exists()


def test_a_folder_that_is_taken(folder: Path) -> None:
    create_store(folder, REQUEST)
    with pytest.raises(InputError) as told:
        create_store(folder, REQUEST)
    assert str(told.value) == (
        f"{folder} holds a bisect already. Go on with it (perf-matrix bisect --resume {folder}), "
        "or choose another folder"
    )


def test_a_folder_that_holds_something_else(folder: Path) -> None:
    folder.mkdir()
    create_store(folder / "new", REQUEST)
    with pytest.raises(InputError, match="is not empty; a bisect needs a folder of its own"):
        create_store(folder, REQUEST)
    with pytest.raises(InputError, match="is a file; a bisect needs a folder of its own"):
        create_store(folder / "new" / BISECT_FILE, REQUEST)


def test_an_empty_folder_is_taken_over(folder: Path) -> None:
    folder.mkdir()
    assert create_store(folder, REQUEST).path == folder


def test_a_folder_that_is_no_bisect(folder: Path) -> None:
    expected = f"{folder} is not the folder of a bisect: there is no {BISECT_FILE} in it"
    assert refused(folder) == expected
    folder.mkdir()
    assert refused(folder) == expected
    (folder / "file").write_text("")
    assert refused(folder / "file").startswith(f"{folder / 'file'} is not the folder of a bisect")


def test_a_torn_last_line_is_dropped_and_said(folder: Path) -> None:
    create_store(folder, REQUEST).keep(TRIAL)
    lines = folder / MEASUREMENTS_FILE
    whole = lines.read_bytes()
    lines.write_bytes(whole + whole[:20])
    store = open_store(folder)
    assert store.lines == [TRIAL]
    (note,) = store.notes
    assert note.startswith(f"{lines}: the last line was torn")
    store.keep(SKIP)
    assert open_store(folder).lines == [TRIAL, SKIP]


@pytest.mark.parametrize("damage", ['{"kind": "trail"}', "[]", "nothing", '{"kind": "skip", "spec": "c"}'])
def test_a_damaged_line_is_named(folder: Path, damage: str) -> None:
    create_store(folder, REQUEST).keep(TRIAL)
    lines = folder / MEASUREMENTS_FILE
    with lines.open("a") as stream:
        stream.write(damage + "\n")
    told = refused(folder)
    assert told.startswith(f"{lines}:2: ")
    assert "damaged or edited" in told


@pytest.mark.parametrize("damage", ["{", '{"schema_version": 9}', ""])
def test_a_damaged_request_is_named(folder: Path, damage: str) -> None:
    create_store(folder, REQUEST)
    (folder / BISECT_FILE).write_text(damage)
    told = refused(folder)
    assert told.startswith(f"{folder / BISECT_FILE}: ")
    assert "bisect again" in told


def test_a_host_is_told_by_what_a_latency_depends_on() -> None:
    other = HOST.model_copy(update={"cpus": HOST.cpus + 1})
    assert host_key(HOST) != host_key(other)
    assert host_key(HOST) == host_key(HOST.model_copy(update={"python": "3.13.1", "user_is_root": True}))

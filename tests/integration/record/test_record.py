"""What is written into a run folder is what is read from it, whatever happened in between."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.record.folder import RunFolder
from perf_matrix.record.layout import CellItem, cell_files, cell_folder, file_of
from perf_matrix.record.model import (
    EpochEnd,
    EpochStart,
    Fault,
    PairedBlock,
    Phase,
    Presence,
    QueryWindow,
    RunInfo,
    RunRecord,
    StatementCount,
)
from perf_matrix.record.read import read_run

NONE = "callbacks=none"
OTEL = "callbacks=langfuse-otel"

moments = st.floats(min_value=0, max_value=4e9)
durations = st.floats(min_value=0, max_value=1e12)
counts = st.integers(min_value=0, max_value=2**63)
texts = st.text(max_size=20)
arms = st.sampled_from(["base", "head"])
epochs = st.integers(min_value=0, max_value=9)
statements = st.builds(StatementCount, text=texts, calls=counts, rows=counts, exec_ms=durations)


@st.composite
def blocks(draw: st.DrawFn) -> PairedBlock:
    pairs = draw(st.lists(st.tuples(durations, durations, st.booleans()), max_size=12))
    return PairedBlock(
        epoch=draw(epochs),
        endpoint=draw(texts),
        block=draw(st.integers(0, 999)),
        started_at=draw(moments),
        base_ms=[pair[0] for pair in pairs],
        head_ms=[pair[1] for pair in pairs],
        head_first=[pair[2] for pair in pairs],
        failed=draw(st.dictionaries(arms, st.integers(0, 10))),
        failures=draw(st.lists(texts, max_size=2)),
    )


items: st.SearchStrategy[CellItem] = st.one_of(
    blocks(),
    st.builds(
        EpochStart,
        epoch=epochs,
        started_at=moments,
        ready_s=st.dictionaries(arms, durations),
        measuring_from=moments,
    ),
    st.builds(EpochEnd, epoch=epochs, ended_at=moments),
    st.builds(
        Presence,
        epoch=epochs,
        endpoint=texts,
        arm=arms,
        status=st.integers(0, 599),
        present=st.booleans(),
        failures=st.lists(texts),
        latency_ms=durations,
    ),
    st.builds(
        QueryWindow,
        epoch=epochs,
        endpoint=st.none() | texts,
        arm=arms,
        kind=st.sampled_from(["cold", "warm", "idle"]),
        requests=counts,
        seconds=durations,
        statements=st.lists(statements, max_size=3),
        evicted=st.booleans(),
    ),
    st.builds(Fault, at=moments, message=texts, log_tail=st.lists(texts)),
)
recorded = st.lists(st.tuples(st.sampled_from([NONE, OTEL]), items), max_size=12)
phases = st.builds(Phase, name=texts, started_at=moments, seconds=durations, measuring=st.booleans())

slow_files = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "run"


def block(number: int, epoch: int = 0) -> PairedBlock:
    return PairedBlock(
        epoch=epoch,
        endpoint="chat",
        block=number,
        started_at=float(number),
        base_ms=[1.5, 2.25],
        head_ms=[1.75, 2.5],
        head_first=[True, False],
    )


def everything(record: RunRecord) -> list[tuple[str, CellItem]]:
    kept: list[tuple[str, CellItem]] = []
    for cell in record.cells:
        found: list[CellItem] = [
            *cell.epochs_started,
            *cell.epochs_ended,
            *cell.presence,
            *cell.windows,
            *cell.blocks,
            *cell.faults,
        ]
        kept.extend((cell.cell.id, item) for item in found)
    return kept


def in_order_of_reading(written: list[tuple[str, CellItem]]) -> list[tuple[str, CellItem]]:
    kinds: list[type[CellItem]] = [EpochStart, EpochEnd, Presence, QueryWindow, PairedBlock, Fault]
    return sorted(written, key=lambda pair: ([NONE, OTEL].index(pair[0]), kinds.index(type(pair[1]))))


@slow_files
@given(written=recorded, stretches=st.lists(phases, max_size=3))
def test_what_is_written_is_read(
    info: RunInfo, written: list[tuple[str, CellItem]], stretches: list[Phase]
) -> None:
    with scratch() as path:
        with RunFolder.create(path, info) as folder:
            for cell_id, item in written:
                folder.append(cell_id, item)
            for phase in stretches:
                folder.append_phase(phase)
        record = read_run(path)
    assert record.info == info
    assert everything(record) == in_order_of_reading(written)
    assert record.phases == stretches
    assert record.notes == []


@slow_files
@given(data=st.data(), written=st.lists(items, min_size=1, max_size=8))
def test_cutting_a_file_anywhere_loses_its_last_line_at_most(
    info: RunInfo, data: st.DataObject, written: list[CellItem]
) -> None:
    with scratch() as path:
        with RunFolder.create(path, info) as folder:
            for item in written:
                folder.append(NONE, item)
        before = everything(read_run(path))
        file = data.draw(st.sampled_from(cell_files(path, NONE)))
        content = file.read_bytes()
        last_line = len(content.rstrip(b"\n").rpartition(b"\n")[2]) + 1
        lost = data.draw(st.integers(0, last_line))
        file.write_bytes(content[: len(content) - lost])
        cut = read_run(path)
        torn = 0 < lost < last_line
        assert [str(file) in note for note in cut.notes] == [True] * torn
        gone = [pair for pair in before if pair not in everything(cut)]
        assert len(before) - len(everything(cut)) == (lost > 0)
        assert all(file_of(path, *pair) == file for pair in gone)

        with RunFolder.open(path) as folder:
            assert folder.notes == cut.notes
            folder.append(NONE, written[-1])
        again = read_run(path)
    assert again.notes == []
    assert len(everything(again)) == len(everything(cut)) + 1


def test_cutting_at_every_single_byte(info: RunInfo, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "run", info) as folder:
        for number in range(3):
            folder.append(NONE, block(number))
    file = file_of(folder.path, NONE, block(0))
    content = file.read_bytes()
    for size in range(len(content)):
        file.write_bytes(content[:size])
        record = read_run(folder.path)
        assert record.cells[0].blocks == [block(number) for number in range(content[:size].count(b"\n"))]
        assert bool(record.notes) == (size > 0 and content[size - 1 : size] != b"\n")


def test_nothing_is_lost_when_the_process_is_killed(info: RunInfo, tmp_path: Path) -> None:
    path = tmp_path / "run"
    (tmp_path / "info.json").write_text(info.model_dump_json())
    script = f"""
        import os, signal
        from pathlib import Path
        from perf_matrix.record.folder import RunFolder
        from perf_matrix.record.model import Fault, RunInfo
        info = RunInfo.model_validate_json(Path({str(tmp_path / "info.json")!r}).read_bytes())
        folder = RunFolder.create(Path({str(path)!r}), info)
        for at in range(500):
            folder.append({NONE!r}, Fault(at=at, message="x" * at))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    died = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert died.returncode == -9
    record = read_run(path)
    assert [fault.at for fault in record.cells[0].faults] == list(range(500))
    assert record.notes == []
    RunFolder.open(path).close()  # The lock died with its holder.


def test_a_folder_is_written_by_one_process_at_a_time(info: RunInfo, tmp_path: Path) -> None:
    path = tmp_path / "run"
    holding = f"""
        import sys
        from pathlib import Path
        from perf_matrix.record.folder import RunFolder
        with RunFolder.open(Path({str(path)!r})):
            print("held", flush=True)
            sys.stdin.read()
    """
    RunFolder.create(path, info).close()
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(holding)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"is being written by process {other.pid} on "):
            RunFolder.open(path)
        assert read_run(path).info == info
        other.communicate()
    RunFolder.open(path).close()


def test_a_folder_with_other_things_in_it_is_refused(info: RunInfo, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"is not empty \(it holds notes.txt\)"):
        RunFolder.create(tmp_path, info)
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(InputError, match="is a file"):
        RunFolder.create(tmp_path / "notes.txt", info)


def test_a_finished_run_is_not_overwritten(info: RunInfo, tmp_path: Path) -> None:
    RunFolder.create(tmp_path, info).close()
    with pytest.raises(InputError, match=r"holds a run already.*--resume"):
        RunFolder.create(tmp_path, info)


def test_what_is_no_run_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError, match=r"is not a run folder: there is no run\.json in it"):
            read_run(path)
        with pytest.raises(InputError, match="is not a run folder"):
            RunFolder.open(path)


def test_files_that_cannot_be_read_are_named(info: RunInfo, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "one", info) as folder:
        (folder.path / "phases.jsonl").mkdir()
    with pytest.raises(InputError, match=r"phases\.jsonl: cannot be read: Is a directory"):
        read_run(tmp_path / "one")
    with pytest.raises(MeasurementError, match=r"phases\.jsonl: cannot be written: Is a directory"):
        RunFolder.open(tmp_path / "one")
    (tmp_path / "two" / "run.json").mkdir(parents=True)
    with pytest.raises(InputError, match=r"run\.json: cannot be read: Is a directory"):
        read_run(tmp_path / "two")


def test_a_run_that_was_killed_while_beginning_can_begin_again(info: RunInfo, tmp_path: Path) -> None:
    for name in ("run.json.unfinished", ".lock", ".writer"):
        (tmp_path / name).write_text('{"schema_ver')
    RunFolder.create(tmp_path, info).close()
    assert read_run(tmp_path).info == info
    assert not (tmp_path / "run.json.unfinished").exists()


def test_a_newer_run_is_refused(info: RunInfo, tmp_path: Path) -> None:
    RunFolder.create(tmp_path, info).close()
    file = tmp_path / "run.json"
    file.write_text(file.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    with pytest.raises(InputError, match=r"newer perf-matrix \(schema version 2; this one reads 1\)"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema_version": 1, "perf', "not a whole JSON document"),
        ("\udc80", "not a whole JSON document"),
        ("{}", "perf_matrix: Field required"),
        ("[]", "should be an object"),
    ],
)
def test_a_damaged_run_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=message):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (b'{"epoch":0,"endp\n', "Invalid JSON"),
        (b'{"at":1.0,"message":"died","colour":"red"}\n', "colour: Extra inputs are not permitted"),
        (b'{"at":null,"message":"died"}\n', "at: Input should be a valid number"),
        (b"\n", "Invalid JSON"),
    ],
)
def test_damage_in_the_middle_is_named(info: RunInfo, tmp_path: Path, damage: bytes, message: str) -> None:
    with RunFolder.create(tmp_path, info) as folder:
        folder.append(NONE, Fault(at=1, message="first"))
    file = cell_folder(tmp_path, NONE) / "faults.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + damage + whole)
    with pytest.raises(InputError, match=rf"faults\.jsonl:2: .*{message}"):
        read_run(tmp_path)


def test_a_cell_that_is_not_in_the_run_is_a_mistake(info: RunInfo, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, info) as folder, pytest.raises(ValueError, match="no cell 'x=y'"):
        folder.append("x=y", block(0))


def test_logs_have_a_folder_in_each_cell(info: RunInfo, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, info) as folder:
        assert folder.logs(OTEL) == folder.logs(OTEL)
        assert folder.logs(OTEL).is_dir()
        assert folder.logs(OTEL) != folder.logs(NONE)

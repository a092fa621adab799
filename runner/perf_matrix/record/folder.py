"""Writing a run folder: append-only, by one process at a time, resumable."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from perf_matrix.errors import InputError
from perf_matrix.record import lock
from perf_matrix.record.layout import (
    PHASES_FILE,
    RUN_FILE,
    UNFINISHED_RUN_FILE,
    CellItem,
    cell_files,
    file_of,
    logs_folder,
)
from perf_matrix.record.lines import append_line, cannot_write, cut_torn_tail, sync
from perf_matrix.record.model import EpochEnd, Phase, RunInfo
from perf_matrix.record.read import read_info

_LEFT_BY_A_FALSE_START = {lock.LOCK_FILE, lock.WRITER_FILE, UNFINISHED_RUN_FILE}


class RunFolder:
    """A run folder that this process is writing: a context manager, since it holds the folder's lock.

    ``notes`` says what was dropped when an interrupted run was opened again.
    """

    def __init__(self, path: Path, info: RunInfo, held: ExitStack, notes: list[str]) -> None:
        """Use `create` or `open` instead."""
        self.path = path
        self.info = info
        self.notes = notes
        self._held = held
        self._cells = {cell.id for cell in info.cells}

    @classmethod
    def create(cls, path: Path, info: RunInfo) -> Self:
        """Begin a run in a new or empty folder.

        InputError if it is not empty or locked, MeasurementError if it cannot be written.
        """
        refuse_unless_empty(path)
        _make(path)
        with ExitStack() as held:
            held.enter_context(lock.held(path))
            refuse_unless_empty(path)  # Again: now nobody else can begin a run here.
            _write_run_file(path, info)
            return cls(path, info, held.pop_all(), [])

    @classmethod
    def open(cls, path: Path) -> Self:
        """Go on with an interrupted run; torn last lines are cut off.

        InputError if there is no run in the folder, a newer version wrote it, or it is locked.
        """
        info = read_info(path)
        notes: list[str] = []
        with ExitStack() as held:
            held.enter_context(lock.held(path))
            for file in _files(path, info):
                cut_torn_tail(file, notes)
            return cls(path, info, held.pop_all(), notes)

    def append(self, cell_id: str, item: CellItem) -> None:
        """Record one item of a cell; when this returns, ending the process loses nothing of it.

        The end of an epoch vouches for everything before it, so that goes to the disk first.
        MeasurementError if it cannot be written, ValueError if the run has no such cell.
        """
        if cell_id not in self._cells:
            raise ValueError(f"no cell {cell_id!r} in this run")
        file = file_of(self.path, cell_id, item)
        if not isinstance(item, EpochEnd):
            append_line(file, item)
            return
        for written in cell_files(self.path, cell_id):
            sync(written)
        append_line(file, item)
        sync(file)

    def append_phase(self, phase: Phase) -> None:
        """Record what the run was doing; MeasurementError if it cannot be written."""
        append_line(self.path / PHASES_FILE, phase)

    def logs(self, cell_id: str) -> Path:
        """Return the folder for the logs of a cell's services, made if it is not there."""
        folder = logs_folder(self.path, cell_id)
        _make(folder)
        return folder

    def close(self) -> None:
        """Let others write."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def refuse_unless_empty(path: Path) -> None:
    """Raise InputError where ``path`` cannot become a run folder: a file, another run, somebody's files."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; a run needs a folder of its own")
    found = {entry.name for entry in path.iterdir()} - _LEFT_BY_A_FALSE_START if path.exists() else set()
    if RUN_FILE in found:
        raise InputError(
            f"{path} holds a run already. Go on with it (perf-matrix run --resume {path}), "
            "or choose another folder"
        )
    if found:
        raise InputError(f"{path} is not empty (it holds {min(found)}); a run needs a folder of its own")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _write_run_file(path: Path, info: RunInfo) -> None:
    """Write ``run.json`` so that it is there as a whole or not at all, whatever happens meanwhile."""
    file, unfinished = path / RUN_FILE, path / UNFINISHED_RUN_FILE
    try:
        with unfinished.open("w", encoding="utf-8") as stream:
            stream.write(info.model_dump_json(indent=2) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise cannot_write(file, error) from error
    sync(path)


def _files(path: Path, info: RunInfo) -> list[Path]:
    """Return every file of lines that there is in a run folder."""
    phases = [path / PHASES_FILE] if (path / PHASES_FILE).exists() else []
    return [*phases, *(file for cell in info.cells for file in cell_files(path, cell.id))]

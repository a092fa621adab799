"""Writing the run folder of a merged run: there as a whole, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from perf_matrix.errors import MeasurementError
from perf_matrix.record.folder import refuse_unless_empty
from perf_matrix.record.layout import PHASES_FILE, RUN_FILE, cell_files, cell_folder, file_of
from perf_matrix.record.lines import cut_torn_tail
from perf_matrix.record.merge import Merged
from perf_matrix.record.model import Fault


def write_merged(out: Path, merged: Merged, now: float) -> None:
    """Write a merged run into a new or empty folder; ``now`` is when its own faults are said to be.

    Cells come with their files of lines; logs stay with the run of each. InputError if the folder is not
    empty, MeasurementError if it cannot be written: then nothing is left of it.
    """
    refuse_unless_empty(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
            unfinished = Path(scratch) / "run"
            _write(unfinished, merged, now)
            unfinished.replace(out)
    except OSError as error:
        raise MeasurementError(
            f"{out}: cannot be written: {error.strerror}. The runs themselves are intact: "
            "remove the cause, then merge them again"
        ) from error


def _write(folder: Path, merged: Merged, now: float) -> None:
    folder.mkdir()
    with (folder / PHASES_FILE).open("wb") as phases:
        for part in merged.parts:
            phases.write(_whole_lines(part.folder / PHASES_FILE))
    for cell, part in merged.taken.items():
        _copy_cell(cell, part.folder, folder)
    for cell, words in merged.faults.items():
        _append_fault(folder, cell, Fault(at=now, message=words))
    (folder / RUN_FILE).write_text(merged.info.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _whole_lines(file: Path) -> bytes:
    content = file.read_bytes() if file.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _copy_cell(cell: str, run: Path, folder: Path) -> None:
    for file in cell_files(run, cell):
        copy = cell_folder(folder, cell) / file.relative_to(cell_folder(run, cell))
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        # It was said when the run was read.
        cut_torn_tail(copy, [])


def _append_fault(folder: Path, cell: str, fault: Fault) -> None:
    file = file_of(folder, cell, fault)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(fault.model_dump_json() + "\n")

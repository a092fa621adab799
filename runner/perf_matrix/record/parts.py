"""Reading the runs that are to be merged. They come from jobs that ran a pull request's code: nothing is believed.

Of a run folder only the files are looked at that `perf_matrix.record.layout` knows, and each must be a plain
file in plain folders: a link could bring in what lies elsewhere on this machine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from perf_matrix.errors import InputError
from perf_matrix.record.alike import RunPart
from perf_matrix.record.layout import PHASES_FILE, RUN_FILE, cell_files
from perf_matrix.record.lines import cannot_read
from perf_matrix.record.model import RunInfo
from perf_matrix.record.progress import is_finished
from perf_matrix.record.read import read_info, read_run
from perf_matrix.record.shown import on_one_line

MOST_BYTES = 2 << 30
"""Of all runs together. A cell of six minutes takes a few million bytes."""
MOST_RUN_FILE_BYTES = 64 << 20
"""Of one ``run.json``, which is read as a whole."""
_LEVELS = 2


def find_runs(places: Sequence[Path]) -> list[Path]:
    """The run folders that are at ``places`` or up to two levels below, each once.

    InputError where one cannot be read, or there is a symbolic link or a name with control characters.
    """
    found = [run for place in places for run in _runs_in(place, _LEVELS)]
    return list({run.resolve(): run for run in found}.values())


def read_parts(runs: Sequence[Path], most_bytes: int = MOST_BYTES) -> list[RunPart]:
    """Read runs; everything in them is checked, and nothing kept that need not be.

    InputError where one is damaged, has a link or a pipe where a file should be, or all are too large.
    """
    parts: list[RunPart] = []
    left = most_bytes
    for run in runs:
        left -= _refuse_too_large(run, [run / RUN_FILE], min(left, MOST_RUN_FILE_BYTES))
        info = read_info(run)
        left -= _refuse_too_large(run, run_files(run, info), left)
        parts.append(_read(run))
    return parts


def run_files(run: Path, info: RunInfo) -> list[Path]:
    """The files of lines that there are in a run folder."""
    phases = run / PHASES_FILE
    kept = [phases] if os.path.lexists(phases) else []
    return [*kept, *(file for cell in info.cells for file in cell_files(run, cell.id))]


def _runs_in(place: Path, levels: int) -> Iterator[Path]:
    if os.path.lexists(place / RUN_FILE):
        yield place
    elif levels:
        for entry in _entries(place):
            if not entry.name.isprintable():
                raise InputError(f"{on_one_line(entry)} has a name that no run has: leave it out")
            if entry.is_symlink():
                raise _no_link(entry)
            if entry.is_dir():
                yield from _runs_in(entry, levels - 1)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise cannot_read(folder, error) from error


def _read(run: Path) -> RunPart:
    record = read_run(run)
    unfinished = [
        cell.cell.id for cell in record.cells if not cell.faults and not is_finished(cell, record.info)
    ]
    return RunPart(run, record.info, frozenset(unfinished), tuple(on_one_line(note) for note in record.notes))


def _refuse_too_large(run: Path, files: Sequence[Path], most_bytes: int) -> int:
    """The bytes of these files together; InputError where they are more than may be, or not plain files."""
    size = sum(_size(run, file) for file in files)
    if size > most_bytes:
        raise InputError(
            f"{on_one_line(run)} is larger than any run: {size:,} bytes, where {most_bytes:,} are left of what"
            " is read. Leave it out"
        )
    return size


def _size(run: Path, file: Path) -> int:
    for folder in file.relative_to(run).parents:
        if (run / folder).is_symlink() and folder != Path():
            raise _no_link(run / folder)
    try:
        found = file.lstat()
    except OSError as error:
        raise cannot_read(file, error) from error
    if stat.S_ISLNK(found.st_mode):
        raise _no_link(file)
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{on_one_line(file)} is not a file. No run has that: leave this folder out")
    return found.st_size


def _no_link(path: Path) -> InputError:
    return InputError(
        f"{on_one_line(path)} is a symbolic link, which may lead anywhere. No run has one: leave it out"
    )

"""Files of one JSON document per line that survive being interrupted.

What a killed process leaves behind: every line is handed to the kernel in a single ``write`` to a file
opened for appending, and from then on the kernel keeps it, whether or not the process lives. So ``kill -9``
loses nothing that was appended. Only a failure of the machine can, and for that there is `sync`, to be
called where measuring pauses: calling it for every line would keep the disk busy meanwhile.

A last line without its newline was not finished: it is *torn*, and is left out when reading. Before more is
appended it must be cut off, or the two would become one damaged line in the middle.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.record.layout import BISECT_FILE, RUN_FILE
from perf_matrix.record.shown import shown

Item = TypeVar("Item")

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


def append_line(path: Path, item: BaseModel) -> None:
    """Append one line; when this returns, the kernel has it. MeasurementError if it cannot be written."""
    line = item.model_dump_json().encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, _APPENDING, 0o644)
        try:
            _write_whole(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise cannot_write(path, error) from error


def _write_whole(descriptor: int, line: bytes) -> None:
    """Write all of the line or, if there is only space for a part of it, nothing."""
    written = os.write(descriptor, line)
    if written < len(line):
        os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sync(path: Path) -> None:
    """Wait until everything in a file (or the entries of a folder) is on the disk.

    MeasurementError if the disk refuses.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> MeasurementError:
    """Say which file of a run folder could not be written, what is left, and how to go on."""
    cure = "Free some space on that disk" if error.errno in _NO_SPACE else "Remove the cause"
    return MeasurementError(
        f"{path}: cannot be written: {error.strerror}. "
        f"What was recorded before is intact. {cure}, then {_again(path)}"
    )


def _again(path: Path) -> str:
    """How to go on; with the whole bisect where the run is a measurement of one."""
    for file, command in ((BISECT_FILE, "bisect"), (RUN_FILE, "run")):
        folder = next((folder for folder in path.parents if (folder / file).exists()), None)
        if folder is not None:
            return f"go on with: perf-matrix {command} --resume {folder}"
    return "start again; nothing was measured yet"


def cut_torn_tail(path: Path, notes: list[str]) -> None:
    """Cut off what follows the last newline of an existing file, and say so in ``notes``.

    MeasurementError if it cannot be done.
    """
    try:
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
            notes.append(_torn(path, content[whole:]))
    except OSError as error:
        raise cannot_write(path, error) from error


def read_lines(path: Path, line_type: TypeAdapter[Item], notes: list[str]) -> list[Item]:
    """Read every finished line; a torn last one is left out, and said in ``notes``.

    A file that does not exist has no lines. InputError if it cannot be read, or with the number of the
    line that does not fit its schema.
    """
    if not path.exists():
        return []
    try:
        with path.open("rb") as lines:
            return list(_finished(lines, path, line_type, notes))
    except OSError as error:
        raise cannot_read(path, error) from error


def _finished(
    lines: Iterable[bytes], path: Path, line_type: TypeAdapter[Item], notes: list[str]
) -> Iterator[Item]:
    for number, line in enumerate(lines, start=1):
        if line.endswith(b"\n"):
            yield _parse(line, line_type, f"{path}:{number}")
        else:
            notes.append(_torn(path, line))


def cannot_read(path: Path, error: OSError) -> InputError:
    """Say which file of a run folder could not be read."""
    return InputError(
        f"{path}: cannot be read: {error.strerror}. Make it readable for the user who runs this"
    )


def _parse(line: bytes, line_type: TypeAdapter[Item], place: str) -> Item:
    try:
        return line_type.validate_json(line)
    except ValidationError as error:
        raise InputError(
            f"{place}: {reason(error)}. Finished lines of a run folder never change, so this file was "
            "damaged or edited: remove that line, or measure again"
        ) from error


def reason(error: ValidationError) -> str:
    """Return the first thing that is wrong, in one line, without what was read."""
    first = error.errors(include_url=False, include_input=False)[0]
    # The place may be a key that somebody made up.
    where = shown(".".join(str(part) for part in first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def _torn(path: Path, line: bytes) -> str:
    return (
        f"{path}: the last line was torn (interrupted while being written) and was dropped: {len(line)} bytes"
    )

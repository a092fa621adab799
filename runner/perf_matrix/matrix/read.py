"""Reads matrix, workload and other small text files: the only part of this room that touches the disk."""

from __future__ import annotations

import stat
from pathlib import Path

from perf_matrix.errors import InputError
from perf_matrix.matrix.load import parse_matrix, parse_workload
from perf_matrix.matrix.model import MatrixFile, Workload
from perf_matrix.matrix.yaml_tree import MAX_BYTES

_NAME_ONE = "name a matrix file, or a shipped one such as smoke"


def read_matrix(path: Path) -> MatrixFile:
    """The matrix in the file at ``path``.

    Raises InputError as read_text does, and for whatever parse_matrix refuses.
    """
    return parse_matrix(read_text(path, _NAME_ONE), str(path))


def read_workload(path: Path) -> Workload:
    """The workload in the file at ``path``; raises InputError as read_matrix does."""
    return parse_workload(read_text(path, _NAME_ONE), str(path))


def read_text(path: Path, if_missing: str) -> str:
    """The text of the file at ``path``; ``if_missing`` tells what to do where there is no such file.

    Raises InputError for a file that is missing, not regular, larger than 1 MiB or not UTF-8.
    """
    data = _bytes(path, if_missing)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{line}: not UTF-8 ({error.reason}); save the file as UTF-8") from None


def _bytes(path: Path, if_missing: str) -> bytes:
    try:
        _check_size(path)
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; {if_missing}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _check_size(path: Path) -> None:
    """Before reading: a device or a pipe may never end, and a large file is not one of ours."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path}: is a folder; name a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: is not a regular file; write its text to a file first")
    if status.st_size > MAX_BYTES:
        raise InputError(f"{path}: {status.st_size} bytes, more than {MAX_BYTES}; is this the right file?")

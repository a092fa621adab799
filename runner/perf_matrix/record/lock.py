"""Only one process at a time writes a run folder.

The lock is held by the kernel on behalf of the process, so it ends with it, however it ends. The file
beside it only serves to name the holder to whoever finds the folder locked.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from perf_matrix.errors import InputError
from perf_matrix.record.lines import cannot_write

LOCK_FILE = ".lock"
WRITER_FILE = ".writer"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of an existing run folder.

    InputError naming the holder if it is locked already, MeasurementError if the folder cannot be written.
    """
    lock = FileLock(folder / LOCK_FILE, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            f"{folder} is being written by {_holder(folder)}. Wait until that ends, or use another folder"
        ) from error
    except OSError as error:
        raise cannot_write(folder / LOCK_FILE, error) from error
    try:
        _say_who(folder / WRITER_FILE)
        yield
    finally:
        lock.release()


def _say_who(file: Path) -> None:
    try:
        file.write_text(f"process {os.getpid()} on {socket.gethostname()}")
    except OSError as error:
        raise cannot_write(file, error) from error


def _holder(folder: Path) -> str:
    try:
        return (folder / WRITER_FILE).read_text() or "another process"
    except FileNotFoundError:
        # It has the lock already, and not yet said its name.
        return "another process"

"""The control groups of a private engine, in the one hierarchy of v2 and in each of v1."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import NoEngineError
from .place import EnginePlace

_TOP = Path("/sys/fs/cgroup")
_OUTSIDE = "perf-matrix-outside"
_TRIES = 10
_STOP_LIMIT_S = 15.0
_POLL_S = 0.05


def make_room() -> None:
    """Let groups below the top one limit memory and processors.

    In a container with v2 the top group is not the system's, and the kernel lets it hand on no controller while it
    has processes of its own. They are moved to a group beside the engine's, where they stay.
    """
    if not (_TOP / "cgroup.type").exists():
        return
    controllers = (_TOP / "cgroup.controllers").read_text().split()
    handed_on = _TOP / "cgroup.subtree_control"
    if set(controllers) <= set(handed_on.read_text().split()):
        return
    try:
        _empty_top()
        handed_on.write_text(" ".join(f"+{controller}" for controller in controllers))
    except OSError as error:
        raise NoEngineError(f"its containers need control groups: {error}") from error


def end_containers(place: EnginePlace) -> None:
    """Kill what runs in the engine's groups, and remove them: where dockerd was killed, its containers live on."""
    deadline = time.monotonic() + _STOP_LIMIT_S
    while folders := list(_groups(place)):
        for folder in folders:
            for pid in _processes(folder):
                _kill(pid)
            _remove(folder)
        if time.monotonic() > deadline:
            raise NoEngineError(f"what ran in {folders[-1]} did not end within {_STOP_LIMIT_S:.0f} s")
        time.sleep(_POLL_S)


def _empty_top() -> None:
    outside = _TOP / _OUTSIDE
    outside.mkdir(exist_ok=True)
    # A process that is moved may just have started another.
    for _ in range(_TRIES):
        for pid in _processes(_TOP):
            try:
                (outside / "cgroup.procs").write_text(str(pid))
            except ProcessLookupError:
                continue


def _groups(place: EnginePlace) -> Iterator[Path]:
    """Innermost first."""
    for top in {found.resolve() for pattern in ("", "*/") for found in _TOP.glob(f"{pattern}{place.id}")}:
        for folder, _, _ in os.walk(top, topdown=False):
            yield Path(folder)


def _processes(folder: Path) -> list[int]:
    try:
        return [int(line) for line in (folder / "cgroup.procs").read_text().split()]
    except OSError as error:
        # It has just been removed; or it is one that v2 calls invalid, and can have none.
        if error.errno not in (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP):
            raise
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _remove(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        # Busy until its last process is gone: the caller comes again.
        if error.errno not in (errno.EBUSY, errno.ENOENT):
            raise

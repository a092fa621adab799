"""What one run holds on this machine, and how it is given back even when the run was killed.

Every process that a run starts carries the lease's id in its environment, and everything it writes
besides the run folder lies in the lease's private folder. A lease is held by a file lock, which the
kernel lets go of when its holder dies, however it dies. So whoever starts next can tell the dead
leases from the living and clear up after them, without touching anything else on the machine.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

LEASE_VARIABLE = "PERF_MATRIX_LEASE"
ASK_WAIT_S = 1.0
KILL_WAIT_S = 2.0
_POLL_S = 0.02


class _Entry(BaseModel):
    """What is written down of a lease: where its private folder is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    private: Path


@dataclass(frozen=True)
class Lease:
    """The identity and the private folder of one run. The folder is traversable, but not listable, by others."""

    id: str
    private: Path


@dataclass(frozen=True)
class DeadLease:
    """A lease whose holder is dead, and when that one took it, in seconds since 1970."""

    id: str
    private: Path
    began_at: float


@contextmanager
def hold_lease(registry: Path) -> Iterator[Lease]:
    """Clear what dead runs left, take a lease, and give everything back on the way out."""
    registry.mkdir(parents=True, exist_ok=True)
    clear_leftovers(registry)
    lease_id = uuid.uuid4().hex[:12]
    lock = FileLock(registry / f"{lease_id}.lock")
    with lock:
        private = Path(tempfile.gettempdir()).resolve() / f"perf-matrix-{lease_id}"
        entry = _Entry(id=lease_id, private=private)
        _entry_path(registry, lease_id).write_text(entry.model_dump_json())
        try:
            private.mkdir()
            # Postgres may have to run as another user, which must be able to reach its own folder below.
            private.chmod(0o711)
            yield Lease(id=lease_id, private=private)
        finally:
            _give_back(registry, entry)


def clear_leftovers(registry: Path) -> list[str]:
    """End the processes and delete the folders of every lease whose holder is dead; returns their ids."""
    ids = sorted(lock.stem for lock in registry.glob("*.lock"))
    return [lease_id for lease_id in ids if clear_dead_lease(registry, lease_id)]


def clear_dead_lease(registry: Path, lease_id: str) -> bool:
    """End the processes and delete the folder of one lease; False where its holder lives, or it is gone."""
    lock = registry / f"{lease_id}.lock"
    try:
        with FileLock(lock, timeout=0):
            entry = _read(lock.with_suffix(".json"))
            if entry is not None:
                _give_back(registry, entry)
            # One that was killed while it wrote these few bytes had not started anything yet.
            lock.with_suffix(".json").unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
    except Timeout:
        return False
    return entry is not None


def dead_leases(registry: Path) -> list[DeadLease]:
    """Every lease whose holder is dead and of which something may be left. Nothing is changed."""
    found = []
    for lock in sorted(registry.glob("*.lock")):
        file = lock.with_suffix(".json")
        with suppress(Timeout, FileNotFoundError), FileLock(lock, timeout=0):
            entry = _read(file)
            if entry is not None:
                found.append(DeadLease(entry.id, entry.private, file.stat().st_mtime))
    return found


def oldest_held(registry: Path) -> float | None:
    """When the oldest of the leases that are held was taken, in seconds since 1970; None where none is."""
    taken = []
    for lease_id in held_leases(registry):
        with suppress(FileNotFoundError):
            taken.append(_entry_path(registry, lease_id).stat().st_mtime)
    return min(taken, default=None)


def held_leases(registry: Path) -> set[str]:
    """The ids of the leases that somebody holds at this moment."""
    return {lock.stem for lock in registry.glob("*.lock") if _is_held(lock)}


def processes_of(lease_id: str) -> list[psutil.Process]:
    """Every running process that was started under this lease, grandchildren included."""
    return [process for process in psutil.process_iter() if _carries(process, lease_id)]


def end_processes(lease_id: str) -> None:
    """End every process of the lease; repeated, since a dying parent may just have started a child."""
    # A Postgres that is killed outright leaves shared memory behind, so all are asked first.
    for number, wait_s in ((signal.SIGINT, ASK_WAIT_S), *[(signal.SIGKILL, KILL_WAIT_S)] * 3):
        running = processes_of(lease_id)
        if not running:
            return
        for process in running:
            _signal(process, number)
        _wait_until_ended(running, wait_s)


def _give_back(registry: Path, entry: _Entry) -> None:
    end_processes(entry.id)
    shutil.rmtree(entry.private, ignore_errors=True)
    _entry_path(registry, entry.id).unlink(missing_ok=True)
    (registry / f"{entry.id}.lock").unlink(missing_ok=True)


def _entry_path(registry: Path, lease_id: str) -> Path:
    return registry / f"{lease_id}.json"


def _read(path: Path) -> _Entry | None:
    try:
        return _Entry.model_validate_json(path.read_text())
    except (FileNotFoundError, ValidationError, UnicodeDecodeError):
        return None


def _is_held(lock: Path) -> bool:
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def _carries(process: psutil.Process, lease_id: str) -> bool:
    try:
        return process.environ().get(LEASE_VARIABLE) == lease_id
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError):
        return False


def _wait_until_ended(processes: list[psutil.Process], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and any(map(_runs, processes)):
        time.sleep(_POLL_S)


def _runs(process: psutil.Process) -> bool:
    # One that has ended and that nobody asked for yet stays listed; in a container that may be for ever.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return

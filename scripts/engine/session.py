"""Who uses a private engine, so that the last one ends it and nobody ends it for another.

Each user holds a shared lock on a file. The kernel lets go of it when its holder dies, however it dies.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from .place import EnginePlace


def changing(place: EnginePlace) -> FileLock:
    """Held while the engine is started, stopped or given images."""
    return FileLock(place.state / "changing.lock")


@contextmanager
def using(place: EnginePlace) -> Iterator[None]:
    """Count as a user."""
    with _users(place).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def is_used(place: EnginePlace) -> bool:
    """Whether anybody uses it."""
    with _users(place).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _users(place: EnginePlace) -> Path:
    return place.state / "users.lock"

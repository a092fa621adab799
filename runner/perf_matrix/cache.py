"""Things that are costly to make and are made once: environments, installed packages.

A thing is a folder. It counts as made when its marker is there, which is written last; a folder
without the marker is what a killed run left and is made anew. A file lock beside the folder keeps
two runs from making the same thing at once. The marker's time says when the thing was used last.

The lock files stay when a thing is removed. They are empty, and whoever deletes one that another
process waits for splits the lock in two: that process then holds a file that nobody else sees.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

CACHE_VARIABLE = "PERF_MATRIX_CACHE"
# The folders of the cache that hold things that are made once. Others may put their own beside them.
SHELVES = ("image-facts", "npm", "prisma-native", "stand-ins", "subjects")
_MARKER = ".complete"


@dataclass(frozen=True)
class Thing:
    """A folder in the cache, and when it was used last, in seconds since 1970; None for one that is half-made."""

    folder: Path
    used_at: float | None


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """The cache folder: $PERF_MATRIX_CACHE, else the user's own."""
    chosen = environ.get(CACHE_VARIABLE)
    return Path(chosen).resolve() if chosen else user_cache_path("perf-matrix")


def lease_registry(cache: Path) -> Path:
    """Where the leases of the runs that use this cache are noted."""
    return cache / "leases"


def is_made(folder: Path) -> bool:
    """Whether the thing in ``folder`` is there, whole."""
    return (folder / _MARKER).is_file()


def make_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return ``folder``, after ``make(folder)`` filled it if it was missing or half-made.

    Whatever ``make`` raises leaves no folder behind, and the next call tries again.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_lock_of(folder)):
        if is_made(folder):
            (folder / _MARKER).touch()
        else:
            _remake(folder, make)
    return folder


def things(cache: Path) -> list[Thing]:
    """What the cache holds, but for what somebody is making at this moment."""
    folders = sorted(lock.with_suffix("") for shelf in SHELVES for lock in (cache / shelf).glob("*.lock"))
    found = []
    for folder in folders:
        with suppress(Timeout), FileLock(_lock_of(folder), timeout=0):
            if _is_folder(folder):
                found.append(Thing(folder, _used_at(folder)))
    return found


def remove_thing(thing: Thing) -> bool:
    """Delete a thing; False, and nothing is deleted, where it was used since or somebody is making it."""
    try:
        with FileLock(_lock_of(thing.folder), timeout=0):
            if not _is_folder(thing.folder) or _used_at(thing.folder) != thing.used_at:
                return False
            # Without its marker it is made anew, even where this is killed half-way.
            (thing.folder / _MARKER).unlink(missing_ok=True)
            shutil.rmtree(thing.folder)
    except Timeout:
        return False
    return True


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")


def _is_folder(path: Path) -> bool:
    # What a link leads to is not the cache's own.
    return path.is_dir() and not path.is_symlink()


def _used_at(folder: Path) -> float | None:
    try:
        return (folder / _MARKER).stat().st_mtime
    except FileNotFoundError:
        return None


def _remake(folder: Path, make: Callable[[Path], None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with ExitStack() as unfinished:
        unfinished.callback(shutil.rmtree, folder, ignore_errors=True)
        make(folder)
        unfinished.pop_all()
    (folder / _MARKER).touch()

"""Things that are costly to make and are made once: environments, installed packages.

A thing is a folder. It counts as made when its marker is there, which is written last; a folder
without the marker is what a killed run left and is made anew. A file lock beside the folder keeps
two runs from making the same thing at once.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

CACHE_VARIABLE = "PERF_MATRIX_CACHE"
_MARKER = ".complete"


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """The cache folder: $PERF_MATRIX_CACHE, else the user's own."""
    chosen = environ.get(CACHE_VARIABLE)
    return Path(chosen).resolve() if chosen else user_cache_path("perf-matrix")


def is_made(folder: Path) -> bool:
    """Whether the thing in ``folder`` is there, whole."""
    return (folder / _MARKER).is_file()


def make_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return ``folder``, after ``make(folder)`` filled it if it was missing or half-made.

    Whatever ``make`` raises leaves no folder behind, and the next call tries again.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(folder.name + ".lock")):
        if not is_made(folder):
            _remake(folder, make)
    return folder


def _remake(folder: Path, make: Callable[[Path], None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with ExitStack() as unfinished:
        unfinished.callback(shutil.rmtree, folder, ignore_errors=True)
        make(folder)
        unfinished.pop_all()
    (folder / _MARKER).touch()

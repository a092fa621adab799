"""Builds versions ahead, in a process of its own that gives way to everything else.

Only while statements are counted: counts are exact whatever else runs, and latencies are not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from perf_matrix.processes import Process, end, spawn

_POLITE = 19
# Its own lease ends what it started; that takes a second or two.
_GRACE_S = 8.0


class Ahead:
    """At most one build at a time. ``arguments``: of `perf-matrix prepare`, besides the versions."""

    def __init__(self, arguments: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._folder = folder
        self._environ = environ
        self._building: Process | None = None
        self._asked: set[str] = set()
        self._under_way: Sequence[str] = ()

    def build(self, specs: Sequence[str]) -> None:
        """Begin to build these versions, unless that was asked for already or something is being built."""
        wanted = [spec for spec in specs if spec not in self._asked]
        if not wanted or (self._building is not None and self._building.exit_code is None):
            return
        self._asked.update(wanted)
        self._under_way = wanted
        # -P: what lies in the folder that it starts in, maybe a checkout of strangers' code, is not imported.
        argv = [sys.executable, "-P", "-m", "perf_matrix", "prepare", *wanted, *self._arguments]
        self._building = spawn(
            "building ahead",
            argv,
            env=self._environ,
            log=self._folder / "building-ahead.log",
            cwd=Path.cwd(),
        )
        _give_way(self._building.popen.pid)

    def stop(self) -> None:
        """End a build that is under way. What it built before is kept."""
        if self._building is not None and self._building.exit_code is None:
            end([self._building], grace_s=_GRACE_S)
            self._asked.difference_update(self._under_way)
        self._building = None


def _give_way(pid: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, pid, _POLITE)
        if hasattr(os, "SCHED_IDLE"):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    except OSError:
        # It has ended, or this system does not let it: then it builds as everything else runs.
        return

"""Where a run takes place: what a reader needs to know before comparing figures of two runs by eye."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

from perf_matrix.record.model import HostInfo

_CPU_INFO = Path("/proc/cpuinfo")


def this_host() -> HostInfo:
    """The machine that this process runs on. ``cpus`` counts those that this process may use."""
    return HostInfo(
        system=platform.platform(),
        machine=platform.machine(),
        cpu_model=_cpu_model(),
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        python=platform.python_version(),
        user_is_root=os.geteuid() == 0,
    )


def _cpu_model() -> str:
    if not _CPU_INFO.exists():
        return platform.processor()
    lines = _CPU_INFO.read_text().splitlines()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )

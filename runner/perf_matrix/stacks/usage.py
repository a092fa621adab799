"""What the processes of one arm have used: the proxy, its workers, and the engines that these started."""

from __future__ import annotations

import psutil

from perf_matrix.processes import Process
from perf_matrix.record.model import Usage


def usage_of(process: Process) -> Usage:
    """The CPU time since its start and the memory now, of a process and everything that it started.

    Raises PartDiedError where it has ended.
    """
    process.check_alive()
    # It cannot be gone: until somebody waits for it, an ended process keeps its entry.
    root = psutil.Process(process.popen.pid)
    # Children before their parent: one that ends meanwhile is then in the parent's times, if it was missed.
    tree = [*reversed(root.children(recursive=True)), root]
    return Usage(cpu_s=sum(map(_cpu_s, tree)), memory_bytes=sum(map(_memory_bytes, tree)))


def _cpu_s(process: psutil.Process) -> float:
    """Its own, with that of its children that ended and were waited for: 0 where it is gone."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


def _memory_bytes(process: psutil.Process) -> int:
    """Its share of the memory it has (PSS): pages that several workers share are counted once, not for each.

    Where that cannot be read, since the process is another user's, all pages that it has are counted (RSS).
    """
    try:
        return _pss_or_rss(process)
    except psutil.NoSuchProcess:
        return 0


def _pss_or_rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)

"""Ending everything that a run started: act gives every step a session of its own, so its group is not enough."""

from __future__ import annotations

from contextlib import suppress

import psutil

MARK_VARIABLE = "PERF_MATRIX_TESTS_ACT"


def end_all(mark: str) -> list[str]:
    """Kill what carries the mark in its environment, and what that started; returns what it was, in words."""
    ended = []
    while found := marked(mark):
        for process in _with_children(found):
            with suppress(psutil.NoSuchProcess):
                ended.append(_in_words(process))
                process.kill()
        psutil.wait_procs(found, timeout=10)
    return ended


def marked(mark: str) -> list[psutil.Process]:
    """What runs and carries the mark in its environment."""
    return [process for process in psutil.process_iter() if _carries(process, mark)]


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and process.environ().get(MARK_VARIABLE) == mark
    except (psutil.Error, OSError):
        return False


def _with_children(processes: list[psutil.Process]) -> list[psutil.Process]:
    # What a stack starts has an environment of its own making, without the mark.
    everything = dict.fromkeys(processes)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            everything.update(dict.fromkeys(process.children(recursive=True)))
    return list(everything)


def _in_words(process: psutil.Process) -> str:
    return f"process {process.pid}: {' '.join(process.cmdline())}"

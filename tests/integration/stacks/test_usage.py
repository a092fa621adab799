"""What a tree of real processes has used."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from perf_matrix.errors import PartDiedError
from perf_matrix.processes import Process, end, spawn
from perf_matrix.record.model import Usage
from perf_matrix.stacks.usage import _memory_bytes, usage_of

MB = 1_000_000
NOBODY = 65534

# Clocks of processes tick in hundredths of a second, so what is waited for is a little less than what is burnt.
BURN = "import time\nwhile time.process_time() < {cpu_s}: pass\n"
HOLD = "held = bytearray({bytes})\nfor i in range(0, len(held), 4096): held[i] = 1\n"
SLEEP = "import time\ntime.sleep(600)\n"
CHILD = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', {program!r}], start_new_session=True)\n"
)
WAIT_FOR_GO = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\n"

Start = Callable[[str], Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts Python programs; what they started ends with them."""
    with ExitStack() as started:

        def begin(program: str) -> Process:
            argv = [sys.executable, "-c", program]
            process = spawn("it", argv, env=os.environ, log=tmp_path / "it.log", cwd=tmp_path)
            started.callback(end_tree, process)
            return process

        yield begin


def end_tree(process: Process) -> None:
    if process.exit_code is not None:
        return
    for child in psutil.Process(process.popen.pid).children(recursive=True):
        child.kill()
    end([process])


def wait_for(process: Process, holds: Callable[[Usage], bool]) -> Usage:
    until = time.monotonic() + 30
    while not holds(found := usage_of(process)):
        assert time.monotonic() < until, f"waited in vain: {found}"
        time.sleep(0.05)
    return found


def test_the_time_of_a_grandchild_counts_also_in_a_session_of_its_own(start: Start) -> None:
    grandchild = BURN.format(cpu_s=0.6) + SLEEP
    child = CHILD.format(program=grandchild) + SLEEP
    process = start(CHILD.format(program=child) + SLEEP)
    wait_for(process, lambda found: found.cpu_s >= 0.5)
    own = psutil.Process(process.popen.pid).cpu_times()
    assert own.user + own.system < 0.4


def test_the_time_of_a_child_that_ended_still_counts(start: Start) -> None:
    process = start(CHILD.format(program=BURN.format(cpu_s=0.6)) + "child.wait()\n" + SLEEP)
    alone = psutil.Process(process.popen.pid)
    found = wait_for(process, lambda found: found.cpu_s >= 0.5 and not alone.children())
    assert found.cpu_s < 5


def test_time_and_memory_grow_with_what_is_done(start: Start, tmp_path: Path) -> None:
    process = start(WAIT_FOR_GO + BURN.format(cpu_s=0.6) + HOLD.format(bytes=80 * MB) + SLEEP)
    before = usage_of(process)
    assert before.cpu_s < 0.5
    (tmp_path / "go").touch()
    after = wait_for(process, lambda found: found.memory_bytes >= before.memory_bytes + 70 * MB)
    assert after.cpu_s >= 0.5


def test_memory_is_that_of_all_processes_together(start: Start) -> None:
    child = HOLD.format(bytes=60 * MB) + SLEEP
    process = start(CHILD.format(program=child) + HOLD.format(bytes=60 * MB) + SLEEP)
    found = wait_for(process, lambda found: found.memory_bytes >= 120 * MB)
    assert found.memory_bytes < 180 * MB


def test_memory_that_workers_share_counts_once(start: Start) -> None:
    fork = "import os\nfor _ in range(3): os.fork() or (time.sleep(600))\n"
    process = start("import time\n" + HOLD.format(bytes=60 * MB) + fork + SLEEP)
    alone = psutil.Process(process.popen.pid)
    found = wait_for(process, lambda _: len(alone.children()) == 3)
    # Four processes show 60 MB each.
    assert sum(each.memory_info().rss for each in (alone, *alone.children())) > 200 * MB
    assert 60 * MB < found.memory_bytes < 120 * MB


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_of_another_user_all_pages_are_counted(start: Start) -> None:
    process = start(HOLD.format(bytes=60 * MB) + SLEEP)
    wait_for(process, lambda found: found.memory_bytes >= 60 * MB)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        found = _memory_bytes(psutil.Process(process.popen.pid))
    finally:
        os.seteuid(0)
        os.setegid(0)
    assert found == psutil.Process(process.popen.pid).memory_info().rss


def test_a_process_that_has_ended_is_named_with_its_last_words(start: Start) -> None:
    process = start("print('its last words')")
    process.popen.wait()
    with pytest.raises(PartDiedError, match=r"it exited with status 0\. .*\n  \| its last words"):
        usage_of(process)


def test_a_child_that_nobody_waited_for_does_no_harm(start: Start) -> None:
    process = start(CHILD.format(program="pass") + SLEEP)
    alone = psutil.Process(process.popen.pid)
    until = time.monotonic() + 30
    while [child.status() for child in alone.children()] != [psutil.STATUS_ZOMBIE]:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert usage_of(process).memory_bytes > 0

"""Starting and ending real processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from perf_matrix.processes import LOG_TAIL_LINES, Process, describe_exit, end, log_tail, spawn

Start = Callable[[str], Process]
IGNORES_TERM = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
WAITS = "print('up', flush=True)\ntime.sleep(60)\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts Python programs and waits for their first line; what a test leaves running is ended."""
    started: list[Process] = []

    def start_one(code: str) -> Process:
        log = tmp_path / f"{len(started)}.log"
        process = spawn("it", [sys.executable, "-c", code], env=os.environ, log=log, cwd=tmp_path)
        started.append(process)
        wait_for(lambda: process.exit_code is not None or log.stat().st_size > 0)
        return process

    yield start_one
    end(started, signal_number=signal.SIGKILL)


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline, "waited for 10 s"
        time.sleep(0.01)


def group(process: Process) -> list[int]:
    return [each.pid for each in psutil.process_iter() if pgid(each.pid) == process.popen.pid]


def pgid(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exited with status 0"),
        (3, "exited with status 3"),
        (-9, "was killed by SIGKILL"),
        (-15, "was killed by SIGTERM"),
        (-40, "was killed by signal 40"),
    ],
)
def test_how_it_ended_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words


def test_the_tail_is_the_last_thirty_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    assert LOG_TAIL_LINES == 30
    assert log_tail(log) == [f"line {number}" for number in range(70, 100)]


def test_the_tail_of_a_short_log_is_all_of_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\n\xff\xfe two\nno line break at the end")
    assert log_tail(log) == ["one", "\ufffd\ufffd two", "no line break at the end"]


def test_the_tail_of_no_log_is_empty(tmp_path: Path) -> None:
    assert log_tail(tmp_path / "log") == []


def test_the_tail_of_a_huge_log_is_read_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.truncate(1 << 32)
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast\n")
    assert log_tail(log)[-1] == "last"


def test_a_log_is_added_to(tmp_path: Path) -> None:
    for word in ("one", "two"):
        process = spawn("echo", ["/bin/echo", word], env={}, log=tmp_path / "logs" / "echo.log", cwd=tmp_path)
        assert process.popen.wait() == 0
    assert process.log_tail() == ["one", "two"]


def test_it_has_the_environment_that_it_is_given_and_no_other(tmp_path: Path) -> None:
    process = spawn("env", ["/usr/bin/env"], env={"ONLY": "this"}, log=tmp_path / "log", cwd=tmp_path)
    process.popen.wait()
    assert process.log_tail() == ["ONLY=this"]


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn("nothing", [str(tmp_path / "nothing")], env={}, log=tmp_path / "log", cwd=tmp_path)


def test_ending_asks_first(start: Start) -> None:
    process = start(
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n" + WAITS
    )
    end([process], grace_s=5)
    assert process.exit_code == 7


def test_ending_kills_a_group_that_does_not_listen(start: Start) -> None:
    code = IGNORES_TERM + "import os\nos.fork()\n" + WAITS
    deaf, deaf_too = start(code), start(code)
    wait_for(lambda: len(group(deaf)) == len(group(deaf_too)) == 2)
    begin = time.monotonic()
    end([deaf, deaf_too], grace_s=0.3)
    # Both are given the same 0.3 s, not one after the other.
    assert 0.3 <= time.monotonic() - begin < 0.6
    assert deaf.exit_code == deaf_too.exit_code == -signal.SIGKILL
    wait_for(lambda: not group(deaf) and not group(deaf_too))


def test_ending_takes_the_children_of_a_dead_leader(start: Start) -> None:
    process = start(IGNORES_TERM + "import os\nif os.fork(): os._exit(0)\n" + WAITS)
    wait_for(lambda: process.exit_code is not None)
    assert len(group(process)) == 1
    end([process])
    wait_for(lambda: not group(process))


def test_ending_leaves_no_zombie_and_may_be_repeated(start: Start) -> None:
    process = start("import time\n" + WAITS)
    end([process])
    end([process])
    assert not psutil.pid_exists(process.popen.pid)
    assert process.exit_code == -signal.SIGTERM

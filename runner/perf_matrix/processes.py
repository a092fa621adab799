"""Starting and ending the processes of a stack. Each leads a group of its own and writes to a log file."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.accounts import Account
from perf_matrix.errors import PartDiedError

LOG_TAIL_LINES = 30
_TAIL_BYTES = 64 * 1024
_POLL_S = 0.02
# What programs colour their logs with.
_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Process:
    """A started process: what to call it, its handle and where its output goes."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.popen.poll()

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""
        code = self.exit_code
        if code is not None:
            raise PartDiedError(f"{self.name} {describe_exit(code)}.", self.log_tail())

    def log_tail(self) -> list[str]:
        """The last lines that it wrote."""
        return log_tail(self.log)


def spawn(
    name: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path,
    account: Account | None = None,
) -> Process:
    """Start ``argv`` in a new session, so that a Ctrl-C on the terminal reaches perf-matrix alone.

    ``account``: whom to run as (only root may ask for another).
    Raises OSError where the program cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        popen = subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **(account.popen_arguments() if account else {}),
        )
    return Process(name, popen, log)


def end(processes: Sequence[Process], *, signal_number: int = signal.SIGTERM, grace_s: float = 1.0) -> None:
    """Ask all process groups to end at once, wait ``grace_s`` seconds for all together, then kill."""
    for process in processes:
        _signal_group(process, signal_number)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline and any(process.exit_code is None for process in processes):
        time.sleep(_POLL_S)
    for process in processes:
        _signal_group(process, signal.SIGKILL)
        process.popen.wait()


def log_tail(log: Path, lines: int = LOG_TAIL_LINES) -> list[str]:
    """The last ``lines`` lines of a log file that say something, without colours; empty where there is no file."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        return last_lines(file.read().decode(errors="replace"), lines)


def last_lines(log: str, lines: int = LOG_TAIL_LINES) -> list[str]:
    """The last ``lines`` lines of a log that say something, without colours."""
    return [line for line in _ESCAPE.sub("", log).splitlines() if line.strip()][-lines:]


def describe_exit(exit_code: int) -> str:
    """'exited with status 3' or 'was killed by SIGKILL'."""
    if exit_code >= 0:
        return f"exited with status {exit_code}"
    return f"was killed by {_signal_name(-exit_code)}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # The real-time signals have no names of their own.
        return f"signal {number}"


def _signal_group(process: Process, number: int) -> None:
    # The group outlives its leader where the leader left children behind, so it is signalled either way.
    try:
        os.killpg(process.popen.pid, number)
    except ProcessLookupError:
        return

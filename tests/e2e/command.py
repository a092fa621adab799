"""The installed command ``perf-matrix`` in a process of its own, and what it holds on this machine meanwhile.

Whatever belongs to a run is found by its lease (or by a mark in the environment that the installers
inherit), never by the name of a program, so that nothing else on the machine is taken for a part of it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from perf_matrix.cache import cache_root
from perf_matrix.compare.model import Comparison
from perf_matrix.lease import LEASE_VARIABLE
from perf_matrix.matrix.model import Arm

COMMAND = Path(sys.executable).with_name("perf-matrix")
BASE = "litellm==1.80.5"
HEAD = "litellm==1.81.0"
# For a run that does not come to its end.
LONG = ("--time", "10m")
# Installing two releases for the first time is a part of the first run.
LIMIT_S = 600.0
_MARK = "PERF_MATRIX_TEST"
# Tests of the other backend say so themselves.
BACKEND_VARIABLE = "PERF_MATRIX_BACKEND"
_POLL_S = 0.05
_ATTEMPTS = 3
# Printed when the lease is held: from then on no other lease's lock is open in the process.
_LEASE_IS_HELD = "looking for the programs"


@dataclass(frozen=True)
class Ended:
    """How a command ended: what it wrote, and the seconds that it took."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


class Command:
    """A running ``perf-matrix``; what it writes goes to files in ``scratch``."""

    def __init__(
        self,
        arguments: Sequence[str],
        scratch: Path,
        environ: Mapping[str, str],
        program: Sequence[str] = (str(COMMAND),),
    ) -> None:
        self.mark = uuid.uuid4().hex
        self._name = f"{arguments[0]}-{self.mark[:6]}"
        self._stdout = scratch / f"{self._name}.out"
        self._stderr = scratch / f"{self._name}.err"
        self._registry = cache_root({**os.environ, **environ}) / "leases"
        self._lease: str | None = None
        self._leases: set[str] = set()
        self._open: set[str] = set()
        self._started = time.monotonic()
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                [*program, *arguments],
                cwd=scratch,
                env={**os.environ, BACKEND_VARIABLE: "local", **environ, _MARK: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process of the command itself."""
        return self._process.pid

    @property
    def stderr(self) -> str:
        """What it has written for people until now."""
        return self._stderr.read_text()

    @property
    def lease(self) -> str:
        """The id of the lease that it holds."""
        if self._lease is None:
            self.wait_for(_LEASE_IS_HELD)
            self._look()
        assert self._lease is not None, "it holds no lease"
        return self._lease

    @property
    def private(self) -> Path:
        """The private folder of its lease."""
        return _private(self.lease)

    def wait_for(self, text: str) -> None:
        """Wait until ``text`` stands on its standard error."""
        self.wait_until(lambda: text in self.stderr, f"{text!r} on standard error")

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds while the command runs; fails when it ends before."""
        until = time.monotonic() + LIMIT_S
        while not holds():
            self._look()
            assert not self.has_ended or holds(), f"ended before there was {what}:\n{self.stderr}"
            assert time.monotonic() < until, f"waited in vain for {what}:\n{self.stderr}"
            time.sleep(_POLL_S)

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.poll() is not None

    def send(self, number: signal.Signals) -> float:
        """Send a signal to the command alone; returns the moment, by the monotonic clock."""
        os.kill(self.pid, number)
        return time.monotonic()

    def end(self, limit_s: float = LIMIT_S) -> Ended:
        """Wait for its end."""
        until = time.monotonic() + limit_s
        while not self.has_ended:
            self._look()
            assert time.monotonic() < until, f"still running after {limit_s:g} s:\n{self.stderr}"
            time.sleep(_POLL_S)
        seconds = time.monotonic() - self._started
        return Ended(self._process.returncode, self._stdout.read_text(), self.stderr, seconds)

    def part(self, what: Arm | str) -> psutil.Process:
        """The leading process of a part of its stack: ``base``, ``head``, ``postgres`` or ``k6``."""
        leaders = [process for process in self.processes() if os.getsid(process.pid) == process.pid]
        (found,) = (process for process in leaders if _is(process, what))
        return found

    def processes(self) -> list[psutil.Process]:
        """Every process that was started for the run, but not the command itself."""
        return [one for one in psutil.process_iter() if one.pid != self.pid and self._owns(one)]

    def left_behind(self) -> list[str]:
        """What there still is of the run besides its folder, in words."""
        processes = [f"process {one.pid}: {_command_line(one)}" for one in self.processes()]
        folders = [_private(lease) for lease in self._leases]
        entries = [path for lease in self._leases for path in self._registry.glob(f"{lease}*")]
        return processes + [f"path {path}" for path in (*folders, *entries) if path.exists()]

    def clear(self) -> None:
        """End the command, and everything of it, by force."""
        self._process.kill()
        self._process.wait()
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _look(self) -> None:
        """Note the leases that it holds: it keeps their locks open. A bisect has one for each measurement, too."""
        held = self._locks()
        if self._lease is None and held and _LEASE_IS_HELD in self.stderr:
            self._lease = held.pop()
            self._leases.add(self._lease)
        # Another's lock is open only for as long as it takes to see that it is held.
        self._leases |= held & self._open
        self._open = held

    def _locks(self) -> set[str]:
        with suppress(psutil.Error):
            paths = [Path(file.path) for file in psutil.Process(self.pid).open_files()]
            return {path.stem for path in paths if path.parent == self._registry and path.suffix == ".lock"}
        return set()

    def _owns(self, process: psutil.Process) -> bool:
        try:
            environ = process.environ()
            # Postgres overwrites the environment of its children with their titles.
            folder = process.cwd() + "/"
        except (psutil.Error, OSError):
            return False
        inside = any(f"/perf-matrix-{lease}/" in folder for lease in self._leases)
        return inside or environ.get(LEASE_VARIABLE) in self._leases or environ.get(_MARK) == self.mark


@contextmanager
def started(
    arguments: Sequence[str],
    scratch: Path,
    environ: Mapping[str, str] = {},
    program: Sequence[str] = (str(COMMAND),),
) -> Iterator[Command]:
    """Start the command; on the way out nothing of it runs any more, however the test went."""
    command = Command(arguments, scratch, environ, program)
    try:
        yield command
    finally:
        command.clear()


@dataclass(frozen=True)
class Measuring:
    """A ``compare`` that has recorded a block, its run folder, and the limit that it was given."""

    command: Command
    folder: Path
    limit_s: int


@contextmanager
def measuring(
    arguments: Sequence[str], scratch: Path, limit_s: int, environ: Mapping[str, str] = {}
) -> Iterator[Measuring]:
    """Start ``compare`` in ``limit_s`` seconds and wait for its first block.

    Where the machine is so busy that the limit is refused, what the refusal asks for is given, and a fifth
    more.
    """
    for attempt in range(_ATTEMPTS):
        folder = scratch / f"run-{attempt}"
        told = ("--time", f"{limit_s}s", "--out", str(folder))
        with started(["compare", *arguments, *told], scratch, environ) as command:
            command.wait_until(partial(_measures_or_ended, command, folder), "a block")
            if blocks_file(folder) is not None:
                assert command.lease
                yield Measuring(command, folder, limit_s)
                return
            refusal = re.search(r"the shortest that works here is about (\d+)s", command.end().stderr)
            assert refusal, command.stderr
        limit_s = int(refusal[1]) * 6 // 5
    raise AssertionError("the machine is too busy: every limit was refused")


def _measures_or_ended(command: Command, folder: Path) -> bool:
    return blocks_file(folder) is not None or command.has_ended


def comparison_in(folder: Path) -> Comparison:
    """The comparison.json of a run folder."""
    return Comparison.model_validate_json((folder / "comparison.json").read_text())


def blocks_file(folder: Path) -> Path | None:
    """Where the blocks of a run's first cell are recorded; None before there is one."""
    return next(folder.glob("cells/*/paired/blocks.jsonl"), None)


def stages(stderr: str) -> list[str]:
    """The lines that tell how far a run is, without their times."""
    return re.findall(r"^\[ *[\dms]+\] (.*)$", stderr, re.MULTILINE)


def _private(lease: str) -> Path:
    return Path(tempfile.gettempdir()).resolve() / f"perf-matrix-{lease}"


def _is(process: psutil.Process, what: str) -> bool:
    command_line = process.cmdline()
    if what == "postgres":
        return Path(command_line[0]).name == "postgres"
    if what == "k6":
        return Path(command_line[0]).name == "k6"
    home = Path(process.environ().get("HOME", "/")).name
    return home.startswith(f"{what}-") and any(word.startswith("--port=") for word in command_line)


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return "?"

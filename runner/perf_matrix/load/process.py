"""A running k6: how it is started, its log as it comes, and its end.

Answers come through the log on standard error, which k6 writes line by line: its result files are written
seconds late and lose what is pending when it is killed.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, Protocol

from perf_matrix.errors import MeasurementError
from perf_matrix.load.exit_codes import meaning
from perf_matrix.load.lines import Answer, Garbled, parse_line
from perf_matrix.load.plan import Planned

TAIL_LINES = 10
REAP_S = 5.0


class Spawn(Protocol):
    """Starts a program in a session of its own, with standard error as a pipe and standard input empty."""

    def __call__(
        self, argv: Sequence[str], *, env: Mapping[str, str], stdout: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start the program; a failure is an OSError."""


def start_process(
    argv: Sequence[str], *, env: Mapping[str, str], stdout: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a program; see Spawn."""
    return subprocess.Popen(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def command_line(k6: Path, script: Path, plan: Path, config: Path) -> list[str]:
    """Return how k6 is called: quiet, without the user's configuration, and calling nobody.

    No REST API either: its fixed port would clash with that of another k6.
    """
    return [
        *(str(k6), "run", "--address", "", "--no-usage-report", "--quiet", "--no-color"),
        *("--log-format", "raw", "--config", str(config), "-e", f"PERF_MATRIX_PLAN={plan}", str(script)),
    ]


def write_inputs(k6: Path, script: Path, plan: Planned, folder: Path) -> list[str]:
    """Write the files that k6 reads into a private folder; return k6's command line."""
    plan_path, config_path = folder / "plan.json", folder / "config.json"
    plan_path.write_text(plan.model_dump_json())
    config_path.write_text("{}")
    return command_line(k6, script, plan_path, config_path)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return k6's environment: without the user's options (K6_…) and without a proxy before the arms."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith("K6_") and not name.lower().endswith("_proxy")
    }


@dataclass(frozen=True)
class _Ended:
    """The log is over, so k6 is too."""


class K6Process:
    """k6 with a thread that reads its log; whatever is no answer is kept in the file at ``log_path``."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes], log_path: Path) -> None:
        self._process = process
        self._log = log
        self._log_path = log_path
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._events: queue.Queue[Answer | Garbled | _Ended] = queue.Queue()
        self._reader = Thread(target=self._read_log, name="k6-log", daemon=True)
        self._reader.start()

    @classmethod
    def start(cls, argv: Sequence[str], env: Mapping[str, str], log_path: Path, spawn: Spawn) -> K6Process:
        """Start k6. Raises MeasurementError where that fails."""
        log = log_path.open("ab", buffering=0)
        try:
            return cls(spawn(argv, env=env, stdout=log), log, log_path)
        except OSError as error:
            log.close()
            raise MeasurementError(f"k6 could not be started: {error}") from error

    @property
    def pid(self) -> int:
        """The process, and its group."""
        return self._process.pid

    def answer(self, number: int, timeout_s: float) -> Answer:
        """Wait for the answer to a command.

        Raises MeasurementError where k6 ended, or was silent for ``timeout_s`` and was killed for it.
        """
        try:
            event = self._events.get(timeout=timeout_s)
        except queue.Empty:
            self.kill()
            raise self._failure(f"k6 said nothing for {timeout_s:g} s and was stopped") from None
        if isinstance(event, _Ended):
            self._events.put(event)
            self.stop(REAP_S)
            raise self._failure(f"k6 ended while measuring: {meaning(self._process.returncode)}")
        if isinstance(event, Garbled) or event.id != number:
            self.kill()
            raise self._failure(f"k6 was asked for answer {number} and wrote {str(event)[:200]!r}")
        return event

    def answers(self, timeout_s: float, every_s: float, meanwhile: Callable[[], None]) -> list[Answer]:
        """Wait until k6 has come to its end; return all that it reported, in the order of its log.

        ``meanwhile`` is called every ``every_s`` seconds until then. Raises MeasurementError where k6 failed,
        or ran for more than ``timeout_s`` and was killed for it.
        """
        ends_at = time.monotonic() + timeout_s
        while not self._ends_within(min(every_s, timeout_s)):
            if time.monotonic() >= ends_at:
                self.kill()
                raise self._failure(f"k6 did not end within {timeout_s:g} s and was stopped")
            meanwhile()
        self.kill()
        if self._process.returncode != 0:
            raise self._failure(f"k6 ended while measuring: {meaning(self._process.returncode)}")
        return [self._answer_in(event) for event in self._told()]

    def stop(self, grace_s: float) -> None:
        """Wait until k6 has ended, at most ``grace_s``, then kill it; its log is complete afterwards."""
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=grace_s)
        finally:
            self.kill()

    def kill(self) -> None:
        """End k6's process group at once, where it still runs."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ended between these two lines
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(REAP_S)
        self._reader.join(REAP_S)

    def _ends_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _told(self) -> Iterator[Answer | Garbled]:
        """What k6 reported until its end."""
        while not isinstance(event := self._events.get(), _Ended):
            yield event

    def _answer_in(self, event: Answer | Garbled) -> Answer:
        if isinstance(event, Garbled):
            raise self._failure(f"k6 wrote {event.text[:200]!r}")
        return event

    def _read_log(self) -> None:
        assert self._process.stderr is not None  # noqa: S101  (Spawn makes it a pipe)
        try:
            with self._process.stderr as lines, self._log:
                for line in lines:
                    self._take(line)
        finally:
            self._events.put(_Ended())

    def _take(self, line: bytes) -> None:
        event = parse_line(line)
        if event is None:
            self._keep(line)
        else:
            self._events.put(event)

    def _keep(self, line: bytes) -> None:
        self._log.write(line)
        self._tail.append(line.decode(errors="replace").rstrip())

    def _failure(self, what: str) -> MeasurementError:
        tail = [line for line in self._tail if line] or ["(nothing)"]
        return MeasurementError("\n  ".join([f"{what}. The last lines of {self._log_path}:", *tail]))

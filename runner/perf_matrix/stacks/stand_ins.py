"""The stand-ins of a stack as processes of this machine: the upstream, with its MCP server, and the telemetry sink.

They are a package of their own, ``compose/stand_ins``, which containers are made of as well. Here it is
installed, started and ended.
"""

from __future__ import annotations

import platform
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import PartDiedError
from perf_matrix.matrix.model import Sink, Upstream
from perf_matrix.processes import Process, end, spawn
from perf_matrix.shipped import shipped
from perf_matrix.stacks.ports import LOOPBACK
from perf_matrix.subjects.content import content_of
from perf_matrix.subjects.environment import Environment, make_locked_environment

# Where the upstream answers a chat completion at once, whatever latency it was given.
CONTROL_PATH = "/control/v1/chat/completions"
START_LIMIT_S = 15.0
_POLL_S = 0.02
_PACKAGE = "perf_matrix_stand_ins"
# With the end of its line: a line may be read while it is written.
_LISTENING = re.compile(r"^listening on (\d+)\n", re.MULTILINE)


@dataclass(frozen=True)
class StandInPrograms:
    """The stand-ins, installed. ``python``: the interpreter that has them."""

    python: Path


@dataclass(frozen=True)
class StandIn:
    """A running stand-in. ``url`` is its origin, without a slash at the end."""

    process: Process
    url: str

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""
        self.process.check_alive()

    def stop(self) -> None:
        """End it at once; what it was still answering is broken off."""
        end([self.process])


def prepare_stand_ins(cache: Path, uv: Path) -> StandInPrograms:
    """Install the stand-ins, once for each version of them, of what they need, and of Python.

    Raises MeasurementError with uv's words where that fails.
    """
    source = shipped("compose/stand_ins")

    def put_package(environment: Environment) -> None:
        shutil.copytree(
            source / _PACKAGE,
            environment.site_packages / _PACKAGE,
            ignore=shutil.ignore_patterns("__pycache__"),
        )

    folder = cache / "stand-ins" / f"{content_of(source)[:16]}-python-{platform.python_version()}"
    environment = make_locked_environment(source / "requirements.lock", put_package, folder=folder, uv=uv)
    return StandInPrograms(environment.bin / "python")


def start_upstream(
    programs: StandInPrograms, upstream: Upstream, *, environ: Mapping[str, str], log: Path, cwd: Path
) -> StandIn:
    """Start the upstream, which has the MCP server at ``/mcp``; returns once it listens.

    It takes a free port by listening on it. ``environ`` is its whole environment. Raises PartDiedError where
    it ends or does not listen within ``START_LIMIT_S`` seconds.
    """
    options = _options({"--latency-ms": upstream.latency_ms, "--jitter-ms": upstream.jitter_ms})
    return _start(
        "the upstream stand-in", programs, ["upstream", *options], environ=environ, log=log, cwd=cwd
    )


def start_sink(
    programs: StandInPrograms, sink: Sink, *, environ: Mapping[str, str], log: Path, cwd: Path
) -> StandIn:
    """Start the telemetry sink, as ``start_upstream`` starts the upstream."""
    options = _options({"--delay-ms": sink.delay_ms})
    return _start("the telemetry sink", programs, ["sink", *options], environ=environ, log=log, cwd=cwd)


def _options(asked: Mapping[str, float | None]) -> list[str]:
    return [f"{name}={value}" for name, value in asked.items() if value is not None]


def _start(
    name: str,
    programs: StandInPrograms,
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    log: Path,
    cwd: Path,
) -> StandIn:
    # The log may hold the port of an earlier epoch.
    written_before = log.stat().st_size if log.exists() else 0
    # -P: what lies in the folder that it starts in is not imported.
    argv = [str(programs.python), "-P", "-m", _PACKAGE, *arguments, f"--host={LOOPBACK}", "--port=0"]
    with ExitStack() as started:
        process = spawn(name, argv, env=environ, log=log, cwd=cwd)
        started.callback(end, [process])
        port = _wait_for_port(process, written_before)
        started.pop_all()
    return StandIn(process, f"http://{LOOPBACK}:{port}")


def _wait_for_port(process: Process, written_before: int) -> int:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        written = process.log.read_bytes()[written_before:].decode(errors="replace")
        told = _LISTENING.search(written)
        if told:
            return int(told[1])
        process.check_alive()
        time.sleep(_POLL_S)
    raise PartDiedError(f"{process.name} did not listen after {START_LIMIT_S:g} s.", process.log_tail())

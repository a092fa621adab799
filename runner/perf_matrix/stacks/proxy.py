"""One proxy as a process of this machine, known to be the one that answers on its port."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from perf_matrix.errors import PartDiedError
from perf_matrix.matrix.model import Arm
from perf_matrix.processes import Process, spawn
from perf_matrix.stacks.ports import LOOPBACK, is_taken
from perf_matrix.targets.base import Launch


class PortLostError(Exception):
    """Something else answers on the port that was chosen for a proxy: another one has to be tried."""


@dataclass(frozen=True)
class Proxy:
    """A started proxy of one arm, whether it is ready yet or not."""

    label: str
    process: Process
    port: int
    started_at: float

    @property
    def url(self) -> str:
        """Its origin, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""
        self.process.check_alive()

    def check_port(self) -> None:
        """Raise PortLostError where something listens on the port, and it is not the proxy."""
        if is_taken(self.port) and not self._listens() and is_taken(self.port):
            raise PortLostError(
                f"port {self.port} was taken by another process before {self.label} could listen on it"
            )

    def log_tail(self) -> list[str]:
        """The last lines that it wrote."""
        return self.process.log_tail()

    def _listens(self) -> bool:
        listeners = {
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (self.port,)
        }
        return any(_group_of(pid) == self.process.popen.pid for pid in listeners if pid is not None)


def proxy_label(arm: Arm, spec: str) -> str:
    """What messages call the proxy of an arm, whoever runs it; those that tell of its end begin with it."""
    return f"the {arm} proxy ({spec})"


def start_proxy(
    label: str, launch: Launch, port: int, *, environ: Mapping[str, str], log: Path, cwd: Path
) -> Proxy:
    """Start a proxy; returns at once. ``environ`` is its whole environment but for what the launch adds.

    Raises PartDiedError where there is no such program: the version may not have it.
    """
    started_at = time.monotonic()
    try:
        process = spawn(label, launch.argv, env={**environ, **launch.env}, log=log, cwd=cwd)
    except OSError as error:
        raise PartDiedError(
            f"{label} could not be started: {launch.argv[0]}: {error.strerror}.", []
        ) from error
    return Proxy(label, process, port, started_at)


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None

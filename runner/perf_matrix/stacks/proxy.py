"""One proxy: started, watched until it is ready, and known to be the one that answers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
from packaging.version import InvalidVersion, Version

from perf_matrix.errors import PartDiedError
from perf_matrix.processes import Process, end, spawn
from perf_matrix.stacks.ports import LOOPBACK, is_taken
from perf_matrix.targets.base import Launch, Target

READY_LIMIT_S = 240.0
_POLL_S = 0.2
_ANSWER_LIMIT_S = 5.0


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


def start_proxy(
    label: str, launch: Launch, port: int, *, environ: Mapping[str, str], log: Path, cwd: Path
) -> Proxy:
    """Start a proxy; returns at once. ``environ`` is its whole environment but for what the launch adds."""
    started_at = time.monotonic()
    process = spawn(label, launch.argv, env={**environ, **launch.env}, log=log, cwd=cwd)
    return Proxy(label, process, port, started_at)


def wait_until_ready(
    proxy: Proxy, target: Target, version: str, *, waiting: Callable[[], None], limit_s: float = READY_LIMIT_S
) -> float:
    """Wait until the proxy answers with ``version``; returns the seconds that it took since its start.

    ``waiting`` is called several times a second. Raises PartDiedError where it ends or takes longer than
    ``limit_s``, PortLostError where it is another process that listens on its port.
    """
    deadline = proxy.started_at + limit_s
    while time.monotonic() < deadline:
        # Before asking whether it lives: one that finds its port taken may end for that.
        _check_port(proxy)
        proxy.check_alive()
        waiting()
        found = _ask_version(proxy, target)
        if found is not None:
            _check_port(proxy)
            _check_version(proxy, found, version)
            return time.monotonic() - proxy.started_at
        time.sleep(_POLL_S)
    end([proxy.process])
    raise PartDiedError(f"{proxy.label} was not ready after {limit_s:.0f} s.", proxy.process.log_tail())


def _ask_version(proxy: Proxy, target: Target) -> str | None:
    try:
        answer = requests.get(proxy.url + target.ready_path, timeout=_ANSWER_LIMIT_S)
    except requests.RequestException:
        return None
    return target.ready_version(answer.text) if answer.ok else None


def _check_port(proxy: Proxy) -> None:
    """Raise PortLostError where something listens on the port, and it is not the proxy."""
    if is_taken(proxy.port) and not _listens(proxy) and is_taken(proxy.port):
        raise PortLostError(
            f"port {proxy.port} was taken by another process before {proxy.label} could listen on it"
        )


def _check_version(proxy: Proxy, found: str, version: str) -> None:
    if not _same_version(found, version):
        raise PartDiedError(
            f"{proxy.label} says that it is version {found}, not {version}.", proxy.process.log_tail()
        )


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _listens(proxy: Proxy) -> bool:
    listeners = {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (proxy.port,)
    }
    return any(_group_of(pid) == proxy.process.popen.pid for pid in listeners if pid is not None)


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None

"""A relay between a service and Postgres that makes every round trip take longer by a chosen delay.

The relay is a process of its own (``relay_process``), which says how the delay is made. Here it is
started, steered and ended.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from perf_matrix.errors import PartDiedError
from perf_matrix.processes import Process, end, spawn
from perf_matrix.stacks import relay_process

START_LIMIT_S = 10.0
_POLL_S = 0.005


@dataclass(frozen=True)
class Relay:
    """A running relay. ``port`` is the loopback port to connect to in place of the server's own."""

    process: Process
    folder: Path
    port: int

    def set_delay(self, seconds: float) -> None:
        """Hold back by ``seconds`` what the server answers from now on; open connections stay open.

        What is held back already goes on when it was due before. Raises ValueError below 0 or not finite.
        """
        set_delay(self.folder, seconds)

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""
        self.process.check_alive()

    def stop(self) -> None:
        """End it at once, which breaks off every connection, and delete its folder."""
        _stop(self.process, self.folder)


def start_relay(
    name: str,
    server_port: int,
    *,
    environ: Mapping[str, str],
    private: Path,
    log: Path,
    delay_s: float = 0.0,
    limit_s: float = START_LIMIT_S,
) -> Relay:
    """Start a relay to ``server_port`` of the loopback address; returns once it listens.

    ``name`` is what messages call it, ``environ`` its whole environment, ``private`` where its folder is
    made. It takes a free port by listening on it, so that no other process can win a race for it. Nothing
    has to listen on ``server_port`` yet: it is connected to anew for every client. Raises PartDiedError
    where it ends or does not listen within ``limit_s`` seconds, ValueError for a delay below 0.
    """
    folder = Path(tempfile.mkdtemp(prefix="relay-", dir=private))
    make_delay_file(folder, delay_s)
    # -P: what lies in the folder that it starts in is not imported.
    argv = [
        sys.executable,
        "-P",
        "-m",
        relay_process.__name__,
        str(folder),
        f"{relay_process.LOOPBACK}:{server_port}",
    ]
    with ExitStack() as started:
        process = spawn(name, argv, env=environ, log=log, cwd=folder)
        started.callback(_stop, process, folder)
        relay = Relay(process, folder, _wait_for_port(process, folder, limit_s))
        started.pop_all()
    return relay


def make_delay_file(folder: Path, seconds: float) -> None:
    """What a relay reads its delay from; ValueError below 0 or not finite."""
    (folder / relay_process.DELAY_FILE).write_bytes(bytes(relay_process.DELAY.size))
    set_delay(folder, seconds)


def set_delay(folder: Path, seconds: float) -> None:
    """Change the delay of the relay that reads ``folder``; ValueError below 0 or not finite."""
    if not isfinite(seconds) or seconds < 0:
        raise ValueError(f"a delay of {seconds} s: write 0 or a positive number of seconds")
    relay_process.write_delay(folder, seconds)


def _wait_for_port(process: Process, folder: Path, limit_s: float) -> int:
    told = folder / relay_process.PORT_FILE
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if told.exists():
            return int(told.read_text())
        process.check_alive()
        time.sleep(_POLL_S)
    raise PartDiedError(f"{process.name} did not listen after {limit_s:g} s.", process.log_tail())


def _stop(process: Process, folder: Path) -> None:
    end([process])
    shutil.rmtree(folder, ignore_errors=True)

"""Serving an application from one process until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.applications import Starlette

# Longer than any client keeps an idle connection, so that none is closed just as a request goes out on it.
_KEEP_ALIVE_S = 3600
_TIMER_SLACK = Path("/proc/self/timerslack_ns")


class _Selector(selectors.DefaultSelector):
    """Waits for microseconds: ``epoll`` rounds up to whole milliseconds, ``select`` on its descriptor does not."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Like the one of ``DefaultSelector``, to the microsecond."""
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        select.select([self.fileno()], [], [], timeout)
        return super().select(0)


class _Server(uvicorn.Server):
    """Says where it listens, and ends at once: nothing that is in flight is worth waiting for."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What was imported stays for good. Going through all of it again, to find out, is a pause of many ms.
        gc.collect()
        gc.freeze()
        print(f"listening on {self.servers[0].sockets[0].getsockname()[1]}", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - named by uvicorn
        os._exit(0)


def serve(build: Callable[[], Starlette], host: str, port: int) -> None:
    """Serve the application that ``build`` makes; prints ``listening on PORT`` once it listens.

    Port 0 is any free one. Exits with status 3, and the reason on standard error, where the port is taken.
    """
    with suppress(OSError):
        # Linux wakes a process up to 50 microseconds late unless told; elsewhere there is nothing to tell.
        _TIMER_SLACK.write_text("1")
    config = uvicorn.Config(
        build,
        factory=True,
        host=host,
        port=port,
        lifespan="on",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
    )
    # uvicorn makes the socket. On one that is made elsewhere asyncio would leave Nagle's algorithm on, and from the
    # second answer of a connection on each would wait 40 ms for the client's acknowledgement.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(_Selector())) as runner:
        runner.run(_Server(config).serve())

"""A small HTTP server that answers as it is told, in ways in which a real GitHub only answers on a bad day."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import ClassVar, Self


@dataclass(frozen=True)
class Request:
    """What was asked; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def token(self) -> str | None:
        """What it was authorised with."""
        return self.headers.get("authorization")


@dataclass(frozen=True)
class Reply:
    """What is answered. ``content`` that is no bytes is sent in pieces, for as long as somebody listens.

    ``missing``: so many bytes less than announced are sent. ``reset``: the connection is broken off instead.
    """

    status: int = 200
    content: bytes | Iterable[bytes] = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    reset: bool = False


def said(message: str) -> bytes:
    """The content of an error as GitHub writes it."""
    return json.dumps({"message": message, "documentation_url": "https://docs.github.com/rest"}).encode()


RESET = Reply(reset=True)
Answering = Callable[[Request], Reply]


class Scripted:
    """Answers with ``replies`` in turn, or with what a function says. Listens from ``start`` on, or in a ``with``."""

    def __init__(self, replies: Iterable[Reply] | Answering) -> None:
        self.requests: list[Request] = []
        script: Iterator[Reply] = iter(()) if callable(replies) else iter(replies)
        self._answer: Answering = replies if callable(replies) else lambda _request: next(script)
        handler = type("Handler", (_Handler,), {"scripted": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler, bind_and_activate=False)
        self._server.server_bind()
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: Request) -> Reply:
        """What to answer, having noted the request."""
        self.requests.append(request)
        return self._answer(request)

    def start(self) -> None:
        """Listen: until now connections are refused."""
        self._server.server_activate()
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scripted: ClassVar[Scripted]

    def _any(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.scripted.answer(Request(self.command, self.path, headers, content))
        if reply.reset:
            self._reset()
        elif isinstance(reply.content, bytes):
            self._whole(reply, reply.content)
        else:
            self._pieces(reply, reply.content)

    do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815

    def _reset(self) -> None:
        # Closed without lingering, the other side gets a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def _whole(self, reply: Reply, content: bytes) -> None:
        self._head(reply, {"Content-Length": str(len(content))})
        self.wfile.write(content[: len(content) - reply.missing])
        self.close_connection = self.close_connection or reply.missing > 0

    def _pieces(self, reply: Reply, pieces: Iterable[bytes]) -> None:
        self._head(reply, {"Transfer-Encoding": "chunked"})
        try:
            for piece in pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _head(self, reply: Reply, more: Mapping[str, str]) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **more, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass

"""HTTP on 127.0.0.1: what a handler of the standard library reads becomes a Request, an Answer becomes bytes."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .exchange import Answer, Request

_LOCAL = "127.0.0.1"


@dataclass(frozen=True)
class Sent:
    """What to send: an answer, or None to end the connection instead.

    ``part``: how much of the body is sent, from 0 to 1; with less than all of it the connection ends, too.
    """

    answer: Answer | None
    part: float = 1


Answering = Callable[[Request], Sent]


class BrokenServerError(AssertionError):
    """The local GitHub itself failed at a request: the cause is its own mistake, not the client's."""


@contextmanager
def serving(answering: Answering, port: int = 0) -> Iterator[int]:
    """Serve at a port (0: any that is free) of 127.0.0.1 while the context lasts; yields the port.

    Raises BrokenServerError at its end where ``answering`` raised something.
    """
    server = _Server((_LOCAL, port), answering)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    if server.failures:
        raise BrokenServerError(
            f"{len(server.failures)} requests could not be answered"
        ) from server.failures[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that keeps its connection open must not keep the test from ending.
    block_on_close = False

    def __init__(self, address: tuple[str, int], answering: Answering) -> None:
        super().__init__(address, _Handler)
        self.answering = answering
        self.failures: list[BaseException] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away. Anything else is kept for the end: a thread cannot fail a test."""
        failure = sys.exception()
        if failure is not None and not isinstance(failure, ConnectionError):
            self.failures.append(failure)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "GitHub.com"
    # Head and body in one packet: else each answer waits 40 ms for the client's acknowledgement.
    wbufsize = 1 << 20

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing: the log is kept elsewhere."""

    def answer(self) -> None:
        sent = self.server.answering(self._request())
        if sent.answer is None:
            self._cut()
        else:
            self._send(sent.answer, sent.part)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - the names that the base class looks for

    def _request(self) -> Request:
        url = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = tuple(parse_qsl(url.query, keep_blank_values=True))
        return Request(self.command, url.path, query, headers, self.rfile.read(length))

    def _send(self, answer: Answer, part: float) -> None:
        content = _content(answer)
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        if content:
            self.send_header("Content-Type", answer.media)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: int(len(content) * part)])
        if part < 1:
            self._cut()

    def _cut(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _content(answer: Answer) -> bytes:
    if answer.body is None:
        return b""
    if isinstance(answer.body, bytes):
        return answer.body
    return (json.dumps(answer.body) if "json" in answer.media else str(answer.body)).encode()

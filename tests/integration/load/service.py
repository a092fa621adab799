"""A small real HTTP service on this machine, whose every answer is known."""

import gzip
import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Received:
    """A request as it arrived; ``at`` is in seconds of ``time.perf_counter``."""

    service: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    client_port: int
    at: float


@dataclass(frozen=True)
class Answered:
    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def users(received: Received) -> Answered:
    answer = {"users": [{"id": f"u{n}"} for n in range(24)], "total": 24, "next": None, "ok": True}
    return Answered(json.dumps(answer).encode())


def echo(received: Received) -> Answered:
    told = {
        "method": received.method,
        "target": received.target,
        "headers": {name.lower(): value for name, value in received.headers.items()},
        "body": received.body.decode(),
    }
    return Answered(json.dumps(told).encode())


def login(received: Received) -> Answered:
    return Answered(b"", 303, {"Set-Cookie": "token=secret; Path=/", "Location": "/elsewhere"})


def stream(received: Received) -> Answered:
    events = [b'data: {"delta": "%d"}\n\n' % n for n in range(3)] + [b"data: [DONE]\n\n"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in events) + b"0\r\n\r\n"
    return Answered(chunks, 200, {"Transfer-Encoding": "chunked", "Content-Type": "text/event-stream"})


def broken_stream(received: Received) -> Answered:
    return Answered(b"6\r\ndata: \r\n", 200, {"Transfer-Encoding": "chunked", "Connection": "close"})


def large(received: Received) -> Answered:
    rows = [{"id": n, "text": "x" * 480} for n in range(10_000)]
    return Answered(json.dumps({"rows": rows}).encode())


def zipped(received: Received) -> Answered:
    return Answered(gzip.compress(b'{"n": 1}'), 200, {"Content-Encoding": "gzip"})


def sleepy(received: Received) -> Answered:
    time.sleep(3)
    return Answered()


def nothing(received: Received) -> Answered:
    return Answered(b"nothing here", 404)


ROUTES: Mapping[str, Callable[[Received], Answered]] = {
    "/users": users,
    "/echo": echo,
    "/login": login,
    "/stream": stream,
    "/broken-stream": broken_stream,
    "/large": large,
    "/gzip": zipped,
    "/sleepy": sleepy,
    "/text": lambda _: Answered("not JSON: \N{PILE OF POO}\n\n and more ".encode() * 50),
    "/binary": lambda _: Answered(bytes(range(256))),
    "/empty": lambda _: Answered(b""),
    "/error": lambda _: Answered(b"it\n  broke " + b"x" * 500, 500),
    "/post-only": lambda _: Answered(b"no", 405),
}


class Service(ThreadingHTTPServer):
    """Answers as in ROUTES, else 404, ``delay_s`` late; closes connections that are idle for ``idle_s``.

    Every request is added to ``log``, which several services may share.
    """

    block_on_close = False

    def __init__(
        self, name: str, log: list[Received], delay_s: float = 0.0, idle_s: float | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name, self.log, self.delay_s, self.idle_s = name, log, delay_s, idle_s
        self.connections: set[socket.socket] = set()
        self.thread = Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def lateness_s(self, received: Received) -> float:
        return self.delay_s

    def stop(self) -> None:
        """Go down at once, with all connections."""
        self.shutdown()
        self.server_close()
        self.thread.join()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.idle_s)
        self.server.connections.add(self.connection)

    def do_GET(self) -> None:
        received = self._received()
        self.server.log.append(received)
        time.sleep(self.server.lateness_s(received))
        answer = ROUTES.get(urlsplit(self.path).path, nothing)
        self._send(answer(received))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _received(self) -> Received:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = dict(self.headers.items())
        port, at = self.client_address[1], time.perf_counter()
        return Received(self.server.name, self.command, self.path, headers, body, port, at)

    def _send(self, answer: Answered) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Transfer-Encoding" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

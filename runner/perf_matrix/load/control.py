"""Where k6 asks for its next command: an HTTP server on this machine that answers nobody else.

The path holds a secret token; a question is kept open until there is a command (long poll), so that a command
reaches k6 in less than a millisecond.
"""

from __future__ import annotations

import hmac
import json
import queue
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any

LONG_POLL_S = 20.0
WAIT: Mapping[str, Any] = {"verb": "wait"}


class ControlServer:
    """Hands commands to k6, in order, each to one question. The port is open until ``close``."""

    def __init__(self) -> None:
        self._server = _Server()
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="k6-control", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What k6 asks, secret token included: not to be logged."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self._server.secret_path}"

    def put(self, command: Mapping[str, Any]) -> None:
        """Add a command for k6; ``verb`` names it."""
        self._server.commands.put(command)

    def close(self) -> None:
        """Stop answering and close the port."""
        self._server.commands.put(WAIT)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        self.secret_path = f"/{secrets.token_urlsafe(32)}/next"
        self.commands: queue.Queue[Mapping[str, Any]] = queue.Queue()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """Bind without asking the resolver for this machine's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5
    # One write per answer: headers and body in two meet Nagle's algorithm and take 40 ms.
    wbufsize = -1

    def do_GET(self) -> None:
        if not hmac.compare_digest(self.path.encode(), self.server.secret_path.encode()):
            self._answer(HTTPStatus.NOT_FOUND, {})
        elif self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {})
        else:
            self._answer(HTTPStatus.OK, self._next_command())

    def _next_command(self) -> Mapping[str, Any]:
        try:
            return self.server.commands.get(timeout=LONG_POLL_S)
        except queue.Empty:
            return WAIT

    def _answer(self, status: HTTPStatus, command: Mapping[str, Any]) -> None:
        body = json.dumps(command).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        try:
            self.wfile.flush()
        except ConnectionError:  # k6 has ended; whoever reads its log says so
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the path is secret."""

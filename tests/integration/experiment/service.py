"""A small service on a real database, in two versions whose differences are known."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

USERS = 5


class Service:
    """Answers on a free port of the loopback address.

    ``/light`` issues one statement; ``/users`` one, and one more per user where ``careless``; ``/old`` is
    there unless ``careless``; ``/right`` lists every user, and none where ``careless``. After ``ends_after``
    requests it only fails.
    """

    def __init__(self, conninfo: str, *, careless: bool, ends_after: int | None = None) -> None:
        self._connection = psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)
        self._lock = threading.Lock()
        self._careless = careless
        self._ends_after = ends_after
        self._answered = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Without it, Nagle's algorithm and delayed acknowledgements add 40 ms to every answer.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                status, answer = service.answer(self.path)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def ended(self) -> bool:
        return self._ends_after is not None and self._answered > self._ends_after

    def answer(self, path: str) -> tuple[int, object]:
        with self._lock:
            self._answered += 1
            if self.ended:
                return 503, {}
            if path == "/light":
                return 200, {"count": self._count()}
            if path == "/users":
                return 200, {"users": self._users()}
            if path == "/old" and not self._careless:
                return 200, {"count": self._count()}
            if path == "/right":
                return 200, {"users": [] if self._careless else self._users()}
            return 404, {"detail": "Not Found"}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._connection.close()

    def _count(self) -> int:
        row = self._connection.execute("SELECT count(*) FROM users").fetchone()
        assert row is not None
        return int(row[0])

    def _users(self) -> list[str]:
        rows = self._connection.execute("SELECT id, name FROM users ORDER BY id").fetchall()
        if self._careless:
            for number, _ in rows:
                self._connection.execute("SELECT name FROM users WHERE id = %s", [number])
        return [name for _, name in rows]


@contextmanager
def serving(conninfo: str, *, careless: bool, ends_after: int | None = None) -> Iterator[Service]:
    service = Service(conninfo, careless=careless, ends_after=ends_after)
    try:
        yield service
    finally:
        service.close()

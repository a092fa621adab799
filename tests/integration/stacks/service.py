"""A small service with a database, as a program of its own: what the tests of the stack start instead of LiteLLM.

How it behaves is told by its environment: BEHAVIOUR is ``serve``, ``exit`` (after 40 lines of log), ``never``
(listens and is never ready), ``greedy`` (takes 512 MiB first) or ``exit-if-taken`` (ends when its port is taken,
else serves).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg


class Handler(BaseHTTPRequestHandler):
    """Answers /ready with its version, /environment with its environment and /rows from its database."""

    def do_GET(self) -> None:
        if self.path == "/ready":
            ready = os.environ["BEHAVIOUR"] != "never"
            self._answer({"version": os.environ["VERSION"] if ready else None})
        elif self.path == "/environment":
            self._answer({**os.environ, "cwd": str(Path.cwd())})
        else:
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                self._answer([row[0] for row in connection.execute("SELECT name FROM it ORDER BY name")])

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(HTTPServer):
    """Fails where the port is taken."""

    allow_reuse_address = False


def main() -> None:
    """Start a child in another session, and serve."""
    if os.environ["BEHAVIOUR"] == "exit":
        for number in range(1, 41):
            print(f"line {number}")
        sys.exit(3)
    if os.environ["BEHAVIOUR"] == "greedy":
        hoard = b"x" * (512 << 20)
        print(f"took {len(hoard) >> 20} MiB")
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    print("serving", flush=True)
    host, port = sys.argv[1:]
    Server((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()

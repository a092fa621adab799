"""The run's Postgres server as a service of the compose project."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import make_conninfo

from perf_matrix.errors import PartDiedError
from perf_matrix.stacks.compose.containers import Containers
from perf_matrix.stacks.database_server import SUPERUSER, DatabaseServer
from perf_matrix.stacks.ports import LOOPBACK

SERVICE = "postgres"
LABEL = "Postgres"
IMAGE_VARIABLE = "POSTGRES_IMAGE"
# As in the compose file.
DEFAULT_IMAGE = "postgres:16"
INSIDE_PORT = 5432
_START_LIMIT_S = 60.0
_POLL_S = 0.25


@dataclass(frozen=True)
class ComposePostgres(DatabaseServer):
    """A running server, published on a port of the loopback address."""

    containers: Containers
    port: int
    password: str

    def conninfo(self, database: str = "postgres") -> str:
        """libpq connection parameters over TCP."""
        return make_conninfo(
            host=LOOPBACK, port=self.port, user=SUPERUSER, password=self.password, dbname=database
        )

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""
        self.containers.check_alive({SERVICE: LABEL})

    def version(self) -> str:
        """Such as 16.4."""
        with self._connected() as connection:
            numbers = connection.info.server_version
        return f"{numbers // 10_000}.{numbers % 10_000}"

    def log_tail(self) -> list[str]:
        """The last lines that it wrote."""
        return self.containers.log_tail(SERVICE)

    def published_url(self, port: int) -> str:
        """What this machine connects with, by the server's port or by that of a relay."""
        return f"postgresql://{SUPERUSER}:{self.password}@{LOOPBACK}:{port}/postgres"

    def url(self, database: str, host: str = SERVICE) -> str:
        """What a service of the same project connects with; by another ``host`` where a relay stands for it."""
        return f"postgresql://{SUPERUSER}:{self.password}@{host}:{INSIDE_PORT}/{database}"


def wait_for_postgres(containers: Containers, password: str) -> ComposePostgres:
    """Wait until the server takes connections; PartDiedError, with its last log lines, where it does not.

    An image starts the server a first time to set it up, and in some that one can be reached already. So it has
    to be the same server twice, with a pause in between.
    """
    deadline = time.monotonic() + _START_LIMIT_S
    server = ComposePostgres(containers, containers.port(SERVICE, INSIDE_PORT, LABEL), password)
    before: object = None
    while time.monotonic() < deadline:
        now = _started_at(server)
        if now is not None and now == before:
            return server
        if now is None:
            server.check_alive()
        before = now
        time.sleep(_POLL_S)
    raise PartDiedError(
        f"Postgres took no connection within {_START_LIMIT_S:.0f} s.", containers.log_tail(SERVICE)
    )


def _started_at(server: ComposePostgres) -> object:
    """When the server that answers was started; None where none does."""
    try:
        with server.connect() as connection:
            row = connection.execute("SELECT pg_postmaster_start_time()").fetchone()
    except psycopg.OperationalError:
        return None
    return row[0] if row else None

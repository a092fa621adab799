"""A Postgres server of a run, whoever runs it: its databases are made, cloned and filled from here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

from perf_matrix.errors import MeasurementError, PartDiedError

SUPERUSER = "perf_matrix"
SCRIPT = "the SQL script"
"""How a message begins that tells of a script that failed: a migration, or the seed."""
# Durability is off, since nothing has to survive a run, for both arms; the rest is the server's default but for
# what the measurement needs.
SETTINGS: Mapping[str, str] = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "10000",
    "pg_stat_statements.track": "top",
    "pg_stat_statements.track_utility": "on",
    "pg_stat_statements.save": "off",
    "max_connections": "300",
    "shared_buffers": "256MB",
    # A checkpoint or a vacuum in the middle of a block would be a disturbance of one arm.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "autovacuum": "off",
}


class DatabaseServer(ABC):
    """A running server that this process can connect to as its superuser."""

    @abstractmethod
    def conninfo(self, database: str = "postgres") -> str:
        """libpq connection parameters."""

    @abstractmethod
    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""

    @abstractmethod
    def log_tail(self) -> list[str]:
        """The last lines that it wrote."""

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """An autocommit connection."""
        return psycopg.connect(self.conninfo(database), autocommit=True)

    def create(self, database: str) -> None:
        """Create an empty database."""
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))

    def clone(self, template: str, database: str) -> None:
        """(Re)create ``database`` as a copy of ``template``; whoever is still connected to either is cut off."""
        self.drop(database)
        self._execute(
            sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(
                sql.Literal(template)
            )
        )
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )

    def drop(self, database: str) -> None:
        """Drop ``database`` where it exists, cutting off whoever is connected."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def run_scripts(self, database: str, scripts: Sequence[tuple[str, str]]) -> None:
        """Run SQL scripts, (name, text) each, in order, on one connection.

        Raises MeasurementError naming the script that failed and the server's words.
        """
        with self._connected(database) as connection:
            for name, text in scripts:
                try:
                    connection.execute(text.encode())
                except psycopg.Error as error:
                    self._check_held(connection, f"{SCRIPT} {name} failed on {database}")
                    raise MeasurementError(f"{SCRIPT} {name} failed on {database}: {error}") from error

    def _execute(self, statement: sql.Composed) -> None:
        with self._connected() as connection:
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                self._check_held(connection, f"{statement.as_string()!r} failed")
                raise MeasurementError(f"Postgres refused {statement.as_string()!r}: {error}") from error

    def _check_held(self, connection: psycopg.Connection, what: str) -> None:
        """Raise PartDiedError where the server has ended, or broke the connection off: its log says why."""
        self.check_alive()
        if connection.broken:
            raise PartDiedError(f"{what}: Postgres broke the connection off.", self.log_tail())

    @contextmanager
    def _connected(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        try:
            connection = self.connect(database)
        except psycopg.Error as error:
            self.check_alive()
            raise MeasurementError(f"Postgres takes no connection to {database}: {error}") from error
        with connection:
            yield connection

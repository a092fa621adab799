"""Counting the statements of databases by pg_stat_statements, without adding to the counts.

One server holds the database of each arm, and pg_stat_statements is one table for the whole server.
Everything here goes through a connection to another database of that server, and counts are kept apart
by database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.record.model import StatementCount

Row = tuple[Any, ...]

_POLLS_PER_QUIET_PERIOD = 4

_LIBRARY = "pg_stat_statements"
_MISLEADING_SETTINGS = {
    "pg_stat_statements.track": "none",
    "pg_stat_statements.track_utility": "off",  # BEGIN, COMMIT
    "compute_query_id": "off",
}

# What stands for the text of another role's statement, where the server does not show it.
_HIDDEN = "<insufficient privilege>"
_LOCK = "perf-matrix"

_PG_13 = 13_00_00  # total_exec_time
_PG_14 = 14_00_00  # pg_stat_statements_info, toplevel


@contextmanager
def open_counters(conninfo: str) -> Iterator[StatementCounters]:
    """Connect to a maintenance database and have pg_stat_statements ready there.

    MeasurementError if the server cannot be reached, InputError if it is not set up for counting, or
    not for counting by this role. Where the extension is there already, the role need not be a superuser:
    it needs ``pg_read_all_stats``.
    """
    try:
        connection = psycopg.connect(conninfo, autocommit=True, application_name="perf-matrix")
    except psycopg.OperationalError as error:
        raise MeasurementError(f"Postgres cannot be reached to count statements: {error}") from error
    with connection:
        counters = StatementCounters(connection)
        counters.install()
        yield counters


class StatementCounters:
    """The statement counters of one Postgres server (12 or later).

    Every method raises MeasurementError if the server fails or does not have a database that is asked for,
    and InputError if the role lacks a right that it needs.
    """

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        """Use an autocommitting connection to a database that is not measured."""
        if not connection.autocommit:
            raise ValueError("the connection must commit by itself, or it would hold a transaction open")
        self._connection = connection
        self._version = connection.info.server_version
        self._evictions = 0
        self._tainted: set[str] = set()

    def install(self) -> None:
        """Create the extension and stop counting this connection.

        InputError, telling which setting to change, if the server does not count statements.
        """
        self._refuse_unless_loaded()
        self._execute(f"CREATE EXTENSION IF NOT EXISTS {_LIBRARY}")
        self._refuse_misleading_settings()
        # Only a superuser may. Without it, this connection is counted, but for a database that is not measured.
        with suppress(InputError):
            self._execute("SET pg_stat_statements.track = 'none'")
        self._evictions = self._count_evictions()

    @contextmanager
    def alone_with(self, database: str) -> Iterator[None]:
        """Wait until nobody else is alone with a database, and be it: for those that count through this database."""
        key = [_LOCK, database]
        self._execute("SELECT pg_advisory_lock(hashtext(%s), hashtext(%s))", key)
        try:
            yield
        finally:
            # A connection that is lost holds nothing.
            with suppress(MeasurementError):
                self._execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", key)

    def accept(self, database: str) -> None:
        """Let bygones be bygones: what was evicted before now is no longer held against the database."""
        self._note_evictions()
        self._tainted.discard(database)

    def snapshot(self, databases: Collection[str]) -> Mapping[str, list[StatementCount]]:
        """Return each database's statements, sent by clients (not from within functions).

        Counts are cumulative: since the server's counters began for that database.
        """
        time, top = self._columns()
        names = {dbid: name for name, dbid in self._dbids(databases).items()}
        rows = self._rows(
            f"SELECT dbid, query, calls, rows, {time} FROM pg_stat_statements WHERE dbid = ANY(%s) AND {top}",  # noqa: S608
            [list(names)],
        )
        self._note_evictions()
        found: dict[str, list[StatementCount]] = {name: [] for name in databases}
        for dbid, text, calls, count, milliseconds in rows:
            if text is None:  # The server lost its file of texts.
                self._tainted.add(names[dbid])
            elif text == _HIDDEN:
                raise self._refusal("the statements of other roles are hidden from it")
            else:
                found[names[dbid]].append(
                    StatementCount(text=text, calls=calls, rows=count, exec_ms=milliseconds)
                )
        return found

    def connections(self, databases: Collection[str]) -> Mapping[str, int]:
        """Return how many connections to each database are open now."""
        names = {dbid: name for name, dbid in self._dbids(databases).items()}
        rows = self._rows(
            "SELECT datid, count(*) FROM pg_stat_activity WHERE datid = ANY(%s) GROUP BY datid", [list(names)]
        )
        return dict.fromkeys(databases, 0) | {names[dbid]: int(count) for dbid, count in rows}

    def evicted(self, database: str) -> bool | None:
        """Tell whether the database's snapshots may lack statements that were evicted since ``accept``.

        The server forgets the rarest statements of all databases when it has pg_stat_statements.max.
        ``None``: unknown, since servers before version 14 do not say.
        """
        if database in self._tainted:
            return True
        return None if self._version < _PG_14 else False

    def settle(
        self,
        databases: Collection[str],
        quiet_s: float,
        limit_s: float,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> bool:
        """Wait until no statement of the databases ended for ``quiet_s`` seconds.

        Services write after they answered. False if it did not come to that within ``limit_s`` seconds.
        """
        dbids = list(self._dbids(databases).values())
        began = quiet_since = clock()
        calls = self._total_calls(dbids)
        while (now := clock()) - quiet_since < quiet_s:
            if now - began >= limit_s:
                return False
            sleep(quiet_s / _POLLS_PER_QUIET_PERIOD)
            if (current := self._total_calls(dbids)) != calls:
                calls, quiet_since = current, clock()
        return True

    @property
    def _server(self) -> str:
        info = self._connection.info
        return f"Postgres at {info.host}:{info.port}"

    def _refuse_unless_loaded(self) -> None:
        # The list of libraries is for superusers only; everyone sees the settings of those that are loaded.
        settings = self._settings(["shared_preload_libraries", f"{_LIBRARY}.max"])
        if f"{_LIBRARY}.max" not in settings:
            libraries = filter(None, [settings.get("shared_preload_libraries"), _LIBRARY])
            raise InputError(
                f"{self._server} does not count statements. Add to its postgresql.conf, and restart it: "
                f"shared_preload_libraries = '{', '.join(libraries)}'"
            )

    def _settings(self, names: Collection[str]) -> dict[str, str]:
        """Return the settings of these names that the server has and shows to this role."""
        return dict(self._rows("SELECT name, reset_val FROM pg_settings WHERE name = ANY(%s)", [list(names)]))

    def _refusal(self, reason: str) -> InputError:
        info = self._connection.info
        role = sql.Identifier(info.user).as_string()
        return InputError(
            f"{self._server}: the role {role} may not count statements: {reason}. Let a superuser run, "
            f"in the database {info.dbname}: CREATE EXTENSION IF NOT EXISTS {_LIBRARY}; "
            f"GRANT pg_read_all_stats TO {role};"
        )

    def _refuse_misleading_settings(self) -> None:
        settings = self._settings(_MISLEADING_SETTINGS)
        for name, misleading in _MISLEADING_SETTINGS.items():
            if settings.get(name) == misleading:
                raise InputError(
                    f"{self._server} has {name} = {misleading}, so statements go uncounted. "
                    "Remove that from its postgresql.conf, and reload it"
                )

    def _columns(self) -> tuple[str, str]:
        """Return what this version calls execution time, and its condition for statements of clients."""
        return (
            "total_exec_time" if self._version >= _PG_13 else "total_time",
            "toplevel" if self._version >= _PG_14 else "true",
        )

    def _total_calls(self, dbids: list[int]) -> int:
        # Without texts, which are in a file.
        rows = self._rows("SELECT sum(calls) FROM pg_stat_statements(false) WHERE dbid = ANY(%s)", [dbids])
        return int(rows[0][0] or 0)

    def _note_evictions(self) -> None:
        """Mark every database if statements were evicted since this was last looked at."""
        evictions = self._count_evictions()
        if evictions != self._evictions:
            self._tainted.update(name for (name,) in self._rows("SELECT datname FROM pg_database"))
        self._evictions = evictions

    def _count_evictions(self) -> int:
        if self._version < _PG_14:
            return 0
        return int(self._rows("SELECT dealloc FROM pg_stat_statements_info")[0][0])

    def _dbids(self, databases: Collection[str]) -> dict[str, int]:
        """Return the ids of databases by name; ValueError for the one that the counting itself goes on in."""
        if self._connection.info.dbname in databases:
            raise ValueError(f"{self._connection.info.dbname} is counted through, so it cannot be counted")
        found: dict[str, int] = dict(
            self._rows("SELECT datname, oid FROM pg_database WHERE datname = ANY(%s)", [list(databases)])
        )
        if missing := sorted(set(databases) - found.keys()):
            raise MeasurementError(f"{self._server} has no database {missing[0]}")
        return found

    def _rows(self, statement: str, values: list[Any] | None = None) -> list[Row]:
        return self._execute(statement, values).fetchall()

    def _execute(self, statement: str, values: list[Any] | None = None) -> psycopg.Cursor[Row]:
        try:
            return self._connection.execute(statement.encode(), values)
        except psycopg.errors.InsufficientPrivilege as error:
            raise self._refusal(str(error.diag.message_primary)) from error
        except psycopg.Error as error:
            raise MeasurementError(f"{self._server}: statements cannot be counted: {error}") from error

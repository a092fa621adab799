"""What one round trip to the database costs, seen from a client."""

from __future__ import annotations

import time
from statistics import median

import psycopg

from perf_matrix.errors import InputError, MeasurementError

# The first ones pay for a cold server process and are not counted.
_WARM_UP = 10


def measure_round_trip(conninfo: str, statements: int = 200) -> float:
    """Median of the milliseconds that ``SELECT 1`` takes on one TCP connection, one after the other.

    ``conninfo``: libpq connection parameters or a URL. ``pg_stat_statements`` counts these statements, too.
    Raises InputError where they lead to a Unix socket, MeasurementError where the server does not answer.
    """
    return median(time_round_trips(conninfo, statements))


def time_round_trips(conninfo: str, statements: int) -> list[float]:
    """The milliseconds of each of ``statements`` round trips; the rest as ``measure_round_trip``."""
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            _check_tcp(connection)
            cursor = connection.cursor()
            return [_time_one(cursor) for _ in range(_WARM_UP + statements)][_WARM_UP:]
    except psycopg.Error as error:
        raise MeasurementError(f"measuring a round trip to the database failed: {error}") from error


def _time_one(cursor: psycopg.Cursor) -> float:
    begin = time.perf_counter()
    # Unprepared it is the simple protocol: one message there, one answer back.
    cursor.execute("SELECT 1", prepare=False)
    return 1000 * (time.perf_counter() - begin)


def _check_tcp(connection: psycopg.Connection) -> None:
    host = connection.info.host
    if host.startswith(("/", "@")):
        raise InputError(
            f"a round trip is measured over TCP, and {host} is a Unix socket: write a host name or address"
        )

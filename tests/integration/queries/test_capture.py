"""Counting statements on a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.matrix.model import Arm
from perf_matrix.queries.capture import StatementCounters, open_counters
from perf_matrix.queries.ledger import Ledger
from perf_matrix.queries.profile import MAX_WINDOWS, WINDOW_SIZES, needs_more, profile_endpoint
from perf_matrix.record.model import QueryWindow

Server = Callable[..., AbstractContextManager[str]]
Connection = psycopg.Connection[tuple[Any, ...]]

COUNTING = {"shared_preload_libraries": "pg_stat_statements"}
BOTH = ("base", "head")


@pytest.fixture
def counters(server: str) -> Iterator[StatementCounters]:
    with open_counters(server) as counters:
        for database in BOTH:
            _forget(server, database)
        yield counters


@pytest.fixture
def base(server: str) -> Iterator[Connection]:
    with _connect(server, "base") as connection:
        yield connection


@pytest.fixture
def head(server: str) -> Iterator[Connection]:
    with _connect(server, "head") as connection:
        yield connection


def _connect(server: str, database: str) -> Connection:
    return psycopg.connect(server, dbname=database, autocommit=True, prepare_threshold=None)


def _forget(server: str, database: str) -> None:
    """Let the server forget what was done in a database, without leaving a trace there."""
    with psycopg.connect(server) as connection:
        connection.execute("SET pg_stat_statements.track = 'none'")
        connection.execute(
            "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = %s", [database]
        )


def _run_many_statements(connection: Connection) -> None:
    for columns in range(1, 300):
        connection.execute(f"SELECT {', '.join(['1'] * columns)}")


def _calls(counters: StatementCounters, databases: Collection[str] = BOTH) -> Mapping[str, dict[str, int]]:
    found = counters.snapshot(databases)
    return {name: {row.text: row.calls for row in rows} for name, rows in found.items()}


def test_statements_are_counted_by_database(
    counters: StatementCounters, base: Connection, head: Connection
) -> None:
    for value in range(3):
        base.execute(f"SELECT {value} AS a")
    head.execute("SELECT 7 AS b")
    assert _calls(counters) == {"base": {"SELECT $1 AS a": 3}, "head": {"SELECT $1 AS b": 1}}


def test_rows_time_and_transactions_are_counted(counters: StatementCounters, base: Connection) -> None:
    with base.transaction():
        base.execute("SELECT generate_series(1, 20), pg_sleep(0.002)")
    found = {row.text: row for row in counters.snapshot(["base"])["base"]}
    assert set(found) == {"BEGIN", "COMMIT", "SELECT generate_series($1, $2), pg_sleep($3)"}
    select = found["SELECT generate_series($1, $2), pg_sleep($3)"]
    assert (select.calls, select.rows) == (1, 20)
    assert 40 <= select.exec_ms < 1000


def test_counting_adds_nothing(counters: StatementCounters, server: str) -> None:
    _forget(server, "postgres")
    for _ in range(10):
        counters.accept("base")
        counters.snapshot(BOTH)
        counters.settle(BOTH, 0.01, 1, time.sleep, time.monotonic)
        counters.evicted("base")
    assert _calls(counters) == {"base": {}, "head": {}}
    with psycopg.connect(server) as connection:
        own = connection.execute(
            "SELECT query FROM pg_stat_statements JOIN pg_database ON oid = dbid AND datname = 'postgres' "
            "WHERE query ~ 'pg_stat_statements[_( ]'"
        ).fetchall()
    assert [text for (text,) in own if not text.startswith(("CREATE", "SET", "SELECT query"))] == []


def test_statements_within_functions_are_not_counted_twice(postgres_with: Server) -> None:
    with (
        postgres_with(**COUNTING, pg_stat_statements__track="all") as server,
        open_counters(server) as counters,
    ):
        _create(server, "base")
        with _connect(server, "base") as connection:
            connection.execute(
                "CREATE FUNCTION f() RETURNS int AS 'BEGIN RETURN (SELECT 42); END' LANGUAGE plpgsql"
            )
            ledger = Ledger(counters, ["base"])
            connection.execute("SELECT f()")
        (found,) = ledger.since(["base"])["base"].statements
        assert (found.text, found.calls) == ("SELECT f()", 1)


def test_evicted_statements_are_noticed(postgres_with: Server) -> None:
    with (
        postgres_with(**COUNTING, pg_stat_statements__max="100") as server,
        open_counters(server) as counters,
    ):
        _create(server, "base")
        _create(server, "head")
        with _connect(server, "base") as connection:
            connection.execute("SELECT 1 AS few")
            counters.snapshot(BOTH)
            assert counters.evicted("base") is False
            _run_many_statements(connection)
        counters.snapshot(["base"])
        assert counters.evicted("base") is True
        assert counters.evicted("head") is True


def test_evictions_are_forgiven_to_the_database_that_is_accepted_after_them(postgres_with: Server) -> None:
    with (
        postgres_with(**COUNTING, pg_stat_statements__max="100") as server,
        open_counters(server) as counters,
    ):
        _create(server, "base")
        _create(server, "head")
        with _connect(server, "head") as connection:
            _run_many_statements(connection)
            counters.accept("base")
            counters.snapshot(BOTH)
            assert (counters.evicted("base"), counters.evicted("head")) == (False, True)
            _run_many_statements(connection)
        counters.snapshot(BOTH)
        assert (counters.evicted("base"), counters.evicted("head")) == (True, True)


def test_settling_waits_for_late_writes(counters: StatementCounters, base: Connection) -> None:
    def write_late() -> None:
        for _ in range(4):
            time.sleep(0.15)
            base.execute("SELECT 1 AS late")

    with _in_background(write_late):
        assert counters.settle(BOTH, 0.4, 10, time.sleep, time.monotonic)
        assert _calls(counters)["base"] == {"SELECT $1 AS late": 4}


def test_settling_is_bounded(counters: StatementCounters, base: Connection) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.02):
            base.execute("SELECT 1 AS busy")

    with _in_background(write):
        began = time.monotonic()
        settled = counters.settle(BOTH, 0.5, 1.0, time.sleep, time.monotonic)
        stop.set()
    assert not settled
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("period_s", [0.03, 0.3])
def test_a_profile_is_exact_beside_a_background_writer(
    counters: StatementCounters, base: Connection, server: str, period_s: float
) -> None:
    """A request reads twice and writes in a transaction; a job reads, every few requests or seldom."""
    base.execute("CREATE TABLE IF NOT EXISTS spend (id int, amount float)")
    stop = threading.Event()

    def job() -> None:
        with _connect(server, "base") as connection:
            while not stop.wait(period_s):
                connection.execute("SELECT count(*) FROM spend WHERE amount > 3")

    def request() -> None:
        time.sleep(0.01)
        for user in (1, 2):
            base.execute("SELECT amount FROM spend WHERE id = %s", [user])
        with base.transaction():
            base.execute("INSERT INTO spend VALUES (%s, %s)", [1, 0.5])

    with _in_background(job):
        idle = _window(counters, 0, lambda: time.sleep(1))
        windows: list[QueryWindow] = []
        while needs_more(windows, [idle]):
            windows.append(_window(counters, WINDOW_SIZES[len(windows) % 2], request))
        stop.set()
    profile = profile_endpoint(windows, [idle])
    assert len(windows) <= MAX_WINDOWS
    assert profile.stable, profile.unstable_because
    assert profile.statements == {
        "SELECT amount FROM spend WHERE id = $1": 2,
        "INSERT INTO spend VALUES ($1, $2)": 1,
    }
    assert (profile.per_request, profile.transactions) == (3, 2)
    assert set(profile.background) == {"SELECT count(*) FROM spend WHERE amount > $1"}


def test_a_job_faster_than_requests_is_never_taken_for_their_work(
    counters: StatementCounters, base: Connection, server: str
) -> None:
    stop = threading.Event()

    def job() -> None:
        with _connect(server, "base") as connection:
            while not stop.wait(0.002):
                connection.execute("SELECT 1 AS one")

    def request() -> None:
        time.sleep(0.01)
        base.execute("SELECT 1, 2")

    with _in_background(job):
        idle = _window(counters, 0, lambda: time.sleep(0.5))
        windows = [_window(counters, WINDOW_SIZES[turn % 2], request) for turn in range(MAX_WINDOWS)]
        stop.set()
    profile = profile_endpoint(windows, [idle])
    assert not profile.stable
    assert profile.unstable_because.startswith("SELECT $1 AS one: ")
    assert profile.statements["SELECT $1, $2"] == 1


def _window(counters: StatementCounters, requests: int, act: Callable[[], None]) -> QueryWindow:
    ledger = Ledger(counters, ["base"])
    began = time.monotonic()
    for _ in range(max(requests, 1)):
        act()
    counters.settle(["base"], 0.02, 0.1, time.sleep, time.monotonic)
    done = ledger.since(["base"])["base"]
    arm: Arm = "base"
    return QueryWindow(
        epoch=0,
        endpoint="chat" if requests else None,
        arm=arm,
        kind="warm" if requests else "idle",
        requests=requests,
        seconds=time.monotonic() - began,
        statements=done.statements,
        evicted=done.evicted,
    )


def test_a_server_that_does_not_count_is_refused(postgres_with: Server) -> None:
    with (
        postgres_with() as server,
        pytest.raises(InputError, match="shared_preload_libraries = 'pg_stat_statements'"),
        open_counters(server),
    ):
        pass


def test_a_setting_that_hides_statements_is_refused(postgres_with: Server) -> None:
    with (
        postgres_with(**COUNTING, pg_stat_statements__track_utility="off") as server,
        pytest.raises(InputError, match=r"has pg_stat_statements\.track_utility = off"),
        open_counters(server),
    ):
        pass


@pytest.fixture
def as_counter(server: str, counters: StatementCounters) -> Iterator[str]:
    """How the role ``counter`` connects, which is no superuser and has no rights; the extension is there."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE ROLE counter LOGIN")
        yield make_conninfo(server, user="counter")
        connection.execute("DROP OWNED BY counter")
        connection.execute("DROP ROLE counter")


def _as_superuser(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_role_with_one_right_counts_what_others_do(as_counter: str, server: str, base: Connection) -> None:
    _as_superuser(server, "GRANT pg_read_all_stats TO counter")
    with open_counters(as_counter) as counters:
        base.execute("SELECT 1 AS a")
        assert counters.settle(["base"], 0.01, 10, time.sleep, time.monotonic)
        assert _calls(counters, ["base"]) == {"base": {"SELECT $1 AS a": 1}}
        assert counters.evicted("base") is False


def test_statements_that_are_hidden_from_a_role_are_not_passed_over(
    as_counter: str, base: Connection
) -> None:
    with open_counters(as_counter) as counters:
        base.execute("SELECT 1 AS a")
        with pytest.raises(InputError, match=r'hidden from it\. .*; GRANT pg_read_all_stats TO "counter";$'):
            counters.snapshot(["base"])


def test_a_role_that_may_not_create_the_extension_is_told_where(postgres_with: Server) -> None:
    with postgres_with(**COUNTING) as server:
        _as_superuser(server, "CREATE ROLE counter LOGIN")
        with (
            pytest.raises(InputError, match="in the database postgres: CREATE EXTENSION IF NOT EXISTS"),
            open_counters(make_conninfo(server, user="counter")),
        ):
            pass


def test_two_that_want_to_be_alone_with_a_database_wait_for_each_other(
    counters: StatementCounters, server: str
) -> None:
    order: list[str] = []

    def second() -> None:
        with open_counters(server) as others, others.alone_with("base"):
            order.append("second")

    with counters.alone_with("base"):
        thread = threading.Thread(target=second)
        thread.start()
        while thread.is_alive() and not _waiting_for_a_lock(server):
            time.sleep(0.01)
        order.append("first")
    thread.join(timeout=20)
    assert order == ["first", "second"]


def _waiting_for_a_lock(server: str) -> bool:
    with psycopg.connect(server) as connection:
        found = connection.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return found.fetchone() is not None


def test_being_alone_with_one_database_holds_nobody_off_another(
    counters: StatementCounters, server: str
) -> None:
    impatient = make_conninfo(server, options="-c lock_timeout=5s")
    with counters.alone_with("base"), open_counters(impatient) as others, others.alone_with("head"):
        pass
    with (
        counters.alone_with("base"),
        open_counters(make_conninfo(server, options="-c lock_timeout=10ms")) as others,
        pytest.raises(MeasurementError, match="lock timeout"),
        others.alone_with("base"),
    ):
        pass


def test_a_server_that_is_not_there() -> None:
    with (
        pytest.raises(MeasurementError, match="cannot be reached"),
        open_counters("host=127.0.0.1 port=1 user=postgres connect_timeout=2"),
    ):
        pass


def test_a_server_that_goes_away(postgres_with: Server) -> None:
    with postgres_with(**COUNTING) as server:
        _create(server, "base")
        counters_open = open_counters(server)
        counters = counters_open.__enter__()
    with pytest.raises(MeasurementError, match="statements cannot be counted"):
        counters.snapshot(["base"])
    counters_open.__exit__(None, None, None)


def test_a_database_that_is_not_there(counters: StatementCounters) -> None:
    with pytest.raises(MeasurementError, match="has no database nowhere"):
        counters.snapshot(["nowhere"])


def test_the_database_that_is_counted_through_cannot_be_counted(counters: StatementCounters) -> None:
    with pytest.raises(ValueError, match="postgres is counted through"):
        counters.snapshot(["postgres"])


def test_a_connection_that_holds_transactions_open_is_refused(server: str) -> None:
    with psycopg.connect(server) as connection, pytest.raises(ValueError, match="must commit by itself"):
        StatementCounters(connection)


def _create(server: str, database: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}")


@contextmanager
def _in_background(act: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=20)

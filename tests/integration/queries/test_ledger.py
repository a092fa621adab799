"""What databases did between looks, on a real server: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pytest

from perf_matrix.queries.capture import StatementCounters, open_counters
from perf_matrix.queries.ledger import Done, Ledger

Server = Callable[..., AbstractContextManager[str]]
Connection = psycopg.Connection[tuple[Any, ...]]

BOTH = ("base", "head")
COUNTING = {"shared_preload_libraries": "pg_stat_statements"}
ONE, FOUR = "SELECT $1 AS one", "SELECT $1 AS two, $2 AS three FROM generate_series($3, $4)"


@pytest.fixture
def counters(server: str) -> Iterator[StatementCounters]:
    with open_counters(server) as counters:
        yield counters


def connect(server: str, database: str) -> Connection:
    return psycopg.connect(server, dbname=database, autocommit=True, prepare_threshold=None)


@pytest.fixture
def base(server: str) -> Iterator[Connection]:
    with connect(server, "base") as connection:
        yield connection


def calls(done: Done) -> Counter[str]:
    return Counter({count.text: count.calls for count in done.statements})


def rows(done: Done) -> Counter[str]:
    return Counter({count.text: count.rows for count in done.statements})


def run_many_statements(connection: Connection) -> None:
    for columns in range(1, 300):
        connection.execute(f"SELECT {', '.join(['1'] * columns)}")


def create(server: str, *databases: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        for database in databases:
            connection.execute(f"CREATE DATABASE {database}")


class Busy:
    """Executes statements without a pause until it is stopped, and knows how many."""

    def __init__(self, server: str) -> None:
        self.executed: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self._connection = connect(server, "base")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    @contextmanager
    def working(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join(timeout=20)

    def close(self) -> None:
        self._connection.close()

    def _work(self) -> None:
        while not self._stop.is_set():
            turn = self.executed.total()
            if turn % 3:
                self._connection.execute("SELECT 1 AS one")
                self.executed[ONE] += 1
                self.rows[ONE] += 1
            else:
                self._connection.execute("SELECT 2 AS two, 3 AS three FROM generate_series(1, 4)")
                self.executed[FOUR] += 1
                self.rows[FOUR] += 4


def test_statements_that_go_on_all_the_time_are_each_in_one_look(
    counters: StatementCounters, server: str
) -> None:
    """Looks follow each other as fast as they can, beside a client that never rests."""
    ledger = Ledger(counters, BOTH)
    busy = Busy(server)
    looks: list[Done] = []
    with busy.working():
        while len(looks) < 100 or busy.executed.total() < 500:
            looks.append(ledger.since(BOTH)["base"])
    busy.close()
    looks.append(ledger.since(BOTH)["base"])
    assert sum((calls(look) for look in looks), Counter[str]()) == busy.executed
    assert sum((rows(look) for look in looks), Counter[str]()) == busy.rows
    assert sum(bool(look.statements) for look in looks) > 10
    assert not any(look.evicted for look in looks)


def test_what_was_done_before_the_ledger_began_is_not_in_it(
    counters: StatementCounters, base: Connection
) -> None:
    base.execute("SELECT 1 AS one")
    ledger = Ledger(counters, BOTH)
    assert ledger.since(BOTH)["base"] == Done([], evicted=False)
    base.execute("SELECT 1 AS one")
    assert calls(ledger.since(BOTH)["base"]) == {ONE: 1}
    assert ledger.since(BOTH)["base"].statements == []


def test_a_look_says_only_what_happened_since_the_one_before(
    counters: StatementCounters, base: Connection
) -> None:
    ledger = Ledger(counters, BOTH)
    base.execute("SELECT 1 AS one, pg_sleep(0.05)")
    (first,) = ledger.since(BOTH)["base"].statements
    base.execute("SELECT 1 AS one, pg_sleep(0.01)")
    (second,) = ledger.since(BOTH)["base"].statements
    assert (first.calls, second.calls, second.rows) == (1, 1, 1)
    assert first.exec_ms >= 50
    assert second.exec_ms >= 10


def test_databases_are_accounts_of_their_own(
    counters: StatementCounters, base: Connection, server: str
) -> None:
    """Looked at together or not: a look at one takes nothing from the other."""
    ledger = Ledger(counters, BOTH)
    with connect(server, "head") as head:
        base.execute("SELECT 1 AS one")
        head.execute("SELECT 1 AS one")
        assert calls(ledger.since(["base"])["base"]) == {ONE: 1}
        head.execute("SELECT 1 AS one")
    found = ledger.since(BOTH)
    assert (calls(found["base"]), calls(found["head"])) == ({}, {ONE: 2})


def test_one_text_of_several_users_is_one_statement(counters: StatementCounters, base: Connection) -> None:
    ledger = Ledger(counters, BOTH)
    base.execute("DROP ROLE IF EXISTS ledger_reader")
    base.execute("CREATE ROLE ledger_reader")
    ledger.since(BOTH)
    base.execute("SELECT 1 AS one")
    base.execute("SET ROLE ledger_reader")
    base.execute("SELECT 1 AS one")
    base.execute("RESET ROLE")
    base.execute("DROP ROLE ledger_reader")
    assert calls(ledger.since(BOTH)["base"])[ONE] == 2


def test_evictions_are_told_and_the_account_begins_anew(postgres_with: Server) -> None:
    with postgres_with(**COUNTING, pg_stat_statements__max="100") as server:
        create(server, *BOTH)
        with open_counters(server) as counters, connect(server, "base") as base:
            ledger = Ledger(counters, BOTH)
            run_many_statements(base)
            found = ledger.since(BOTH)
            # One table for all databases: the other one may have lost something, too.
            assert (found["base"].evicted, found["head"].evicted) == (True, True)
            base.execute("SELECT 1 AS one")
            found = ledger.since(BOTH)
            assert (calls(found["base"]), found["base"].evicted) == ({ONE: 1}, False)
            assert (found["head"].statements, found["head"].evicted) == ([], False)


def test_an_eviction_is_told_to_each_database_at_its_next_look(postgres_with: Server) -> None:
    with postgres_with(**COUNTING, pg_stat_statements__max="100") as server:
        create(server, *BOTH)
        with open_counters(server) as counters, connect(server, "base") as base:
            ledger = Ledger(counters, BOTH)
            run_many_statements(base)
            assert ledger.since(["base"])["base"].evicted
            assert not ledger.since(["base"])["base"].evicted
            assert ledger.since(["head"])["head"].evicted
            assert not ledger.since(["head"])["head"].evicted


def test_a_statement_that_is_under_way_when_the_ledger_begins_is_counted_by_its_normalised_text(
    counters: StatementCounters, base: Connection, server: str
) -> None:
    """It waits for a lock until the ledger has begun. After a reset, it would come back with its constant."""
    waiting = threading.Thread(target=base.execute, args=["SELECT pg_advisory_xact_lock(42)"])
    with connect(server, "base") as holder:
        holder.execute("SELECT pg_advisory_lock(42)")
        waiting.start()
        while waiting.is_alive() and not waiting_for_a_lock(server):
            time.sleep(0.01)
        ledger = Ledger(counters, BOTH)
    waiting.join(timeout=20)
    assert calls(ledger.since(BOTH)["base"]) == {"SELECT pg_advisory_xact_lock($1)": 1}


def waiting_for_a_lock(server: str) -> bool:
    with psycopg.connect(server) as connection:
        found = connection.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return found.fetchone() is not None


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("which", ["0, 0, 0", "0, (SELECT oid FROM pg_database WHERE datname = 'base'), 0"])
def test_a_reset_by_somebody_else_is_told_as_lost_counts(
    counters: StatementCounters, base: Connection, server: str, which: str, after: int
) -> None:
    """Of everything or of one database, and whether or not something was executed after it."""
    ledger = Ledger(counters, BOTH)
    for _ in range(3):
        base.execute("SELECT 1 AS one")
    assert calls(ledger.since(BOTH)["base"]) == {ONE: 3}
    base.execute("SELECT 1 AS one")
    with psycopg.connect(server, autocommit=True) as somebody:
        somebody.execute(f"SELECT pg_stat_statements_reset({which})")
    for _ in range(after):
        base.execute("SELECT 1 AS one")
    assert ledger.since(BOTH)["base"].evicted
    base.execute("SELECT 1 AS one")
    found = ledger.since(BOTH)["base"]
    assert (calls(found), found.evicted) == ({ONE: 1}, False)


def test_a_reset_while_statements_go_on_makes_no_count_up(counters: StatementCounters, server: str) -> None:
    """Counts may be lost then, but none is counted twice.

    Texts are left aside: a statement that is under way during a reset may come back with its constants.
    """
    ledger = Ledger(counters, BOTH)
    busy = Busy(server)
    looks: list[Done] = []
    with busy.working(), psycopg.connect(server, autocommit=True) as somebody:
        for number in range(60):
            looks.append(ledger.since(BOTH)["base"])
            if number in (20, 40):
                somebody.execute("SELECT pg_stat_statements_reset()")
    busy.close()
    looks.append(ledger.since(BOTH)["base"])
    sound = sum(calls(look).total() for look in looks if not look.evicted)
    assert sound <= busy.executed.total()

"""The demonstration service does what it says, as Postgres itself counts it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import requests

from perf_matrix.errors import PartDiedError
from perf_matrix.lease import Lease
from perf_matrix.matrix.model import Endpoint
from perf_matrix.processes import end
from perf_matrix.queries.capture import StatementCounters, open_counters
from perf_matrix.queries.ledger import Ledger
from perf_matrix.record.model import StatementCount
from perf_matrix.stacks.postgres import PostgresServer
from perf_matrix.stacks.proxy import Proxy

from .service import CHATS_PER_REFRESH, CONNECTIONS
from .stack import make_template, start_service, template, wait_until_ready
from .workload import PAGE_SIZES, PLAIN_KEY, SCALE, TEAM_KEY, workload

DATABASE = "demo_service"
REQUESTS = 3
CLEAN = {
    "users": 1,
    "teams": 1,
    "chat-team-key": 0,
    "chat-plain-key": 0,
    "report": 4,
    "search": 1,
    "models": 0,
}
ON_BOTH_CHATS = {"chat-team-key": 1, "chat-plain-key": 1}
HEARTBEAT, REFRESH, USAGE = "UPDATE heartbeat", "SELECT name, value FROM settings", "INSERT INTO usage_log"
NOT_OF_A_REQUEST = (HEARTBEAT, REFRESH, USAGE, "BEGIN", "COMMIT")
Counts = list[StatementCount]
Serving = Callable[..., AbstractContextManager["Served"]]


class Served:
    """A running service, and what its database counts."""

    def __init__(self, postgres: PostgresServer, counters: StatementCounters, service: Proxy) -> None:
        self._postgres = postgres
        self._counters = counters
        self._service = service

    def request(self, endpoint: Endpoint) -> requests.Response:
        asked = endpoint.request
        answer = requests.request(
            asked.method,
            self._service.url + asked.path,
            params={name: str(value) for name, value in asked.query.items()},
            headers={"Authorization": f"Bearer {asked.bearer}"},
            json=asked.body,
            timeout=10,
        )
        assert answer.status_code == endpoint.expect.status, answer.text
        return answer

    def count(self, endpoint: Endpoint, times: int, until: Callable[[], bool] = lambda: True) -> Counts:
        """What the database ran while so many requests were answered, and until something was the case."""
        ledger = Ledger(self._counters, [DATABASE])
        for _ in range(times):
            self.request(endpoint)
        wait_until(until)
        return ledger.since([DATABASE])[DATABASE].statements

    def logged(self) -> int:
        """Rows in the usage log."""
        return self.number("SELECT count(*) FROM usage_log")

    def number(self, statement: str) -> int:
        """The one number that a statement selects."""
        with self._postgres.connect(DATABASE) as connection:
            row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture(scope="module")
def server(postgres: PostgresServer) -> PostgresServer:
    """The session's server, with the service's tables and rows."""
    make_template(postgres, "first", SCALE)
    return postgres


@pytest.fixture
def counters(postgres: PostgresServer) -> Iterator[StatementCounters]:
    with open_counters(postgres.conninfo()) as counters:
        yield counters


@pytest.fixture
def serving(server: PostgresServer, lease: Lease, counters: StatementCounters, tmp_path: Path) -> Serving:
    """Runs the service with the faults given, on a fresh database."""

    log = tmp_path / "service.log"

    @contextmanager
    def serve(*faults: str) -> Iterator[Served]:
        server.clone(template("first"), DATABASE)
        service = start_service(server.url(DATABASE), faults, lease, log)
        try:
            wait_until_ready(service, lambda: None)
            yield Served(server, counters, service)
        finally:
            end([service.process])

    return serve


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("", {}),
        ("n-plus-one", {"users": PAGE_SIZES[0]}),
        ("extra-lookup", ON_BOTH_CHATS),
        ("lost-cache", ON_BOTH_CHATS),
        ("lookup-for-team-keys", {"chat-team-key": 1}),
        ("synchronous-writes", {}),
        ("small-pool", {}),
        ("slow-query", {}),
    ],
)
def test_each_fault_adds_its_own_statements_and_no_others(
    serving: Serving, fault: str, more: Mapping[str, int]
) -> None:
    with serving(fault) as service:
        for endpoint in workload():
            service.request(endpoint)
        found = {
            endpoint.name: calls(
                [
                    one
                    for one in service.count(endpoint, REQUESTS)
                    if not one.text.startswith(NOT_OF_A_REQUEST)
                ]
            )
            for endpoint in workload()
        }
    assert found == {name: REQUESTS * (count + more.get(name, 0)) for name, count in CLEAN.items()}


def test_usage_is_written_after_the_answers_many_rows_at_once(serving: Serving) -> None:
    with serving() as service:
        written = of(USAGE, service.count(chat(TEAM_KEY), 10, lambda: service.logged() == 10))
        assert sum(one.rows for one in written) == 10
        assert calls(written) < 10


def test_synchronous_writes_are_there_before_the_answer_one_by_one(serving: Serving) -> None:
    with serving("synchronous-writes") as service:
        for number in range(1, 4):
            service.request(chat(PLAIN_KEY))
            assert service.logged() == number
        written = of(USAGE, service.count(chat(PLAIN_KEY), REQUESTS))
    assert (calls(written), sum(one.rows for one in written)) == (REQUESTS, REQUESTS)


def test_a_key_is_looked_up_once_and_then_remembered(serving: Serving) -> None:
    with serving() as service:
        first, second = (of("SELECT id, team_id FROM keys", service.count(chat(PLAIN_KEY), 1)) for _ in "12")
    assert (calls(first), calls(second)) == (1, 0)


def test_the_heartbeat_goes_on_without_requests_in_transactions(serving: Serving) -> None:
    with serving() as service:
        beats = service.number("SELECT beats FROM heartbeat")
        seen = service.count(
            chat(PLAIN_KEY), 0, lambda: service.number("SELECT beats FROM heartbeat") >= beats + 2
        )
    assert calls(of(HEARTBEAT, seen)) >= 2
    assert abs(calls(of("BEGIN", seen)) - calls(of("COMMIT", seen))) <= 1


def test_settings_are_refreshed_with_every_twentieth_chat(serving: Serving) -> None:
    with serving() as service:
        assert calls(of(REFRESH, service.count(chat(PLAIN_KEY), CHATS_PER_REFRESH - 1))) == 0
        assert calls(of(REFRESH, service.count(chat(PLAIN_KEY), 1 + CHATS_PER_REFRESH))) == 2


@pytest.mark.parametrize(("fault", "connections"), [("", CONNECTIONS), ("small-pool", 1)])
def test_the_pool_is_full_from_the_start(serving: Serving, fault: str, connections: int) -> None:
    with serving(fault) as service:
        # Apart from the one that asks.
        asked = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
        assert service.number(asked) == connections


def test_a_slow_query_is_the_same_text_and_takes_the_database_longer(serving: Serving) -> None:
    search = next(endpoint for endpoint in workload() if endpoint.name == "search")
    with serving() as service:
        (clean,) = of("SELECT id, name, relevance", service.count(search, REQUESTS))
    with serving("slow-query") as service:
        (slow,) = of("SELECT id, name, relevance", service.count(search, REQUESTS))
    assert (slow.text, slow.calls, slow.rows) == (clean.text, clean.calls, clean.rows)
    assert slow.exec_ms / slow.calls >= 6


def test_every_answer_is_as_the_workload_expects_it_at_either_page_size(serving: Serving) -> None:
    with serving() as service:
        answers = {size: service.request(workload(page_size=size)[0]).json() for size in PAGE_SIZES}
    assert {size: len(answer["users"]) for size, answer in answers.items()} == {25: 25, 10: 10}


def test_a_fault_that_there_is_not_ends_the_service_at_its_start(serving: Serving) -> None:
    with pytest.raises(PartDiedError) as ended, serving("extra-lookup", "lost-cach"):
        pass
    assert ended.value.log_tail[-1].startswith("FAULTS: there is no fault 'lost-cach'; write some of n-plus-")


def chat(key: str) -> Endpoint:
    return next(endpoint for endpoint in workload() if endpoint.request.bearer == key)


def of(beginning: str, counts: Counts) -> Counts:
    return [one for one in counts if one.text.startswith(beginning)]


def calls(counts: Counts) -> int:
    return sum(one.calls for one in counts)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)

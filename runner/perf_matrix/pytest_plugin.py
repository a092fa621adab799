"""The pytest plugin: asserts SQL counts in a project's own tests, against any Postgres with pg_stat_statements.

It is loaded in every pytest run of a project that has perf-matrix installed, so what is heavy is imported
by the fixtures only. docs/PYTEST.md is its manual.
"""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pytest

from perf_matrix.errors import InputError, PerfMatrixError

if TYPE_CHECKING:
    from perf_matrix.queries.assertion import Look, Route
    from perf_matrix.queries.capture import StatementCounters
    from perf_matrix.queries.ledger import Ledger
    from perf_matrix.queries.profile import QueryProfile

_VARIABLE = "PERF_MATRIX_DATABASE_URL"
_STATEMENT_WIDTH = 100
_UNNAMED = "the request"

# As `perf-matrix compare` waits: for writes after an answer, and for jobs to show. But a job that never lets the
# database be quiet is waited for less: requests to a test's service are fast, and a job that runs
# more often than once for each of them cannot be told apart.
_QUIET_S = 0.1
_QUIET_LIMIT_S = 0.3
_IDLE_S = 2.0


class AssertQueries(Protocol):
    """What the fixture ``assert_queries`` is."""

    def __call__(
        self,
        endpoint: Callable[[], object],
        *,
        at_most: int | None = None,
        exactly: int | None = None,
        name: str = "",
        warm_up: int = 1,
    ) -> None:
        """Fail unless a call of ``endpoint`` issues so many SQL statements; say one of at_most and exactly.

        ``endpoint`` sends one request and waits for the answer. It is called ``warm_up`` times first, which
        does not count, then in windows of a few calls until the count is exact. ``name``: for the message.
        """


class AssertNoNPlusOne(Protocol):
    """What the fixture ``assert_no_n_plus_one`` is."""

    def __call__(
        self,
        endpoint: Callable[[int], object],
        *,
        sizes: tuple[int, int] = (10, 25),
        name: str = "",
        warm_up: int = 1,
    ) -> None:
        """Fail unless ``endpoint(rows)`` issues no more SQL statements for the larger size than for the smaller one.

        ``endpoint`` is called as ``assert_queries`` calls it, for each size.
        """


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add where the database is to the command line and the ini file."""
    what = "the database whose SQL statements assert_queries counts: postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    group = parser.getgroup("perf-matrix", "SQL statements (perf-matrix)")
    group.addoption("--perf-database-url", metavar="URL", default="", help=what)
    parser.addini("perf_database_url", help=what, default="")


@pytest.fixture(scope="session")
def perf_database_url(pytestconfig: pytest.Config) -> str:
    """The database whose statements are counted: of the command line, else the environment, else the ini file."""
    chosen = (
        pytestconfig.getoption("perf_database_url")
        or os.environ.get(_VARIABLE)
        or pytestconfig.getini("perf_database_url")
    )
    if not chosen:
        pytest.fail(
            "perf-matrix does not know the database whose SQL statements it is to count. Give its URL by "
            f"--perf-database-url, the environment variable {_VARIABLE}, perf_database_url in the ini file, or "
            "a fixture perf_database_url of your own",
            pytrace=False,
        )
    return str(chosen)


@pytest.fixture(scope="session")
def perf_counting_database() -> str:
    """Another database of the same server, through which the statements are counted."""
    return "postgres"


@pytest.fixture(scope="session")
def _perf_idle() -> dict[Route, Look]:
    """What each database does without requests, by the way to it: looked at once in a session, for it takes seconds."""
    return {}


@pytest.fixture
def _perf_database(
    perf_database_url: str, perf_counting_database: str, _perf_idle: dict[Route, Look]
) -> Iterator[_Database]:
    from perf_matrix.queries.assertion import route
    from perf_matrix.queries.capture import open_counters

    with _in_words():
        way = route(perf_database_url, perf_counting_database)
        with open_counters(way.conninfo) as counters:
            yield _Database(counters, way, _perf_idle)


@pytest.fixture
def assert_queries(_perf_database: _Database) -> AssertQueries:
    """``assert_queries(endpoint, at_most=2)``: a call of ``endpoint`` issues so many SQL statements."""
    from perf_matrix.queries.assertion import count_problem, limit

    def check(
        endpoint: Callable[[], object],
        *,
        at_most: int | None = None,
        exactly: int | None = None,
        name: str = "",
        warm_up: int = 1,
    ) -> None:
        __tracebackhide__ = True
        with _in_words():
            allowed = limit(at_most, exactly)
            profile = _perf_database.profile(endpoint, name or _name(endpoint), warm_up)
        _fail_for(count_problem(profile, allowed, _brief()))

    return check


@pytest.fixture
def assert_no_n_plus_one(_perf_database: _Database) -> AssertNoNPlusOne:
    """``assert_no_n_plus_one(endpoint)``: ``endpoint(rows)`` issues no more statements for more rows."""
    from perf_matrix.queries.assertion import growth_problem, two_sizes

    def check(
        endpoint: Callable[[int], object],
        *,
        sizes: tuple[int, int] = (10, 25),
        name: str = "",
        warm_up: int = 1,
    ) -> None:
        __tracebackhide__ = True
        title = name or _name(endpoint)
        with _in_words():
            low, high = two_sizes(sizes)
            smaller = _perf_database.profile(partial(endpoint, low), title, warm_up, rows=low)
            larger = _perf_database.profile(partial(endpoint, high), title, warm_up, rows=high)
        _fail_for(growth_problem(smaller, larger, _brief()))

    return check


class _Database:
    """The database that is counted, and what it does while something is called."""

    def __init__(self, counters: StatementCounters, way: Route, idle: dict[Route, Look]) -> None:
        self._counters = counters
        self._name = way.database
        self._way = way
        self._idle = idle

    def profile(
        self, endpoint: Callable[[], object], name: str, warm_up: int, rows: int | None = None
    ) -> QueryProfile:
        """Count what calls of an endpoint do, while no other test that asserts counts uses this database."""
        from perf_matrix.queries.assertion import profile_calls
        from perf_matrix.queries.ledger import Ledger

        __tracebackhide__ = True
        with self._counters.alone_with(self._name):
            ledger = Ledger(self._counters, [self._name])
            if self._way not in self._idle:
                self._idle[self._way] = self._take_idle(ledger)
            idle = self._idle[self._way]
            return profile_calls(name, partial(self._take, ledger, endpoint), warm_up, idle, rows)

    def _take_idle(self, ledger: Ledger) -> Look:
        self._look(ledger, time.monotonic())  # What earlier requests left behind is not counted.
        began = time.monotonic()
        time.sleep(_IDLE_S)
        return self._look(ledger, began)

    def _take(self, ledger: Ledger, endpoint: Callable[[], object], requests: int) -> Look:
        __tracebackhide__ = True
        began = time.monotonic()
        for _ in range(requests):
            _refuse_awaitable(endpoint())
        return self._look(ledger, began)

    def _look(self, ledger: Ledger, began: float) -> Look:
        """Wait until the database is quiet, and tell what it did since it was last looked at."""
        self._counters.settle([self._name], _QUIET_S, _QUIET_LIMIT_S, time.sleep, time.monotonic)
        return ledger.since([self._name])[self._name], time.monotonic() - began


@contextmanager
def _in_words() -> Iterator[None]:
    """Fail by the message of what perf-matrix refuses or cannot do: its traceback would tell the user nothing."""
    try:
        yield
    except PerfMatrixError as error:
        pytest.fail(str(error), pytrace=False)


def _fail_for(problem: str) -> None:
    __tracebackhide__ = True
    if problem:
        pytest.fail(problem)


def _refuse_awaitable(answer: object) -> None:
    if not inspect.isawaitable(answer):
        return
    if inspect.iscoroutine(answer):
        answer.close()  # Else Python warns that nobody awaited it.
    raise InputError(
        "the endpoint is asynchronous: it returned before the request was answered. Give a function that waits for "
        "the answer, with a synchronous client (requests, httpx.Client, Starlette's TestClient)"
    )


def _name(endpoint: Callable[..., object]) -> str:
    """Return the name of a function; a lambda has none that would tell anything."""
    name = getattr(endpoint, "__name__", _UNNAMED)
    return _UNNAMED if name == "<lambda>" else name


def _brief() -> Callable[[str], str]:
    from perf_matrix.report.sql import brief

    return partial(brief, limit=_STATEMENT_WIDTH)

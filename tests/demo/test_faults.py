"""Every fault of the demonstration service is found, named rightly, and nothing else is blamed.

Base is clean and head has the fault. Statements are asserted exactly; of latencies only those whose
difference is many times what a busy machine adds. Each comparison is made with the gate's defaults.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from perf_matrix.compare.model import CauseKind, Comparison, EndpointComparison, Queries
from perf_matrix.lease import Lease
from perf_matrix.queries.canonical import canonical
from perf_matrix.stacks.postgres import PostgresServer
from perf_matrix.targets.base import Scale

from . import service
from .measure import measure_patiently
from .workload import PAGE_SIZES, SECOND_SCALE, workload

# On a busy machine it is more.
LIMIT_S = 20.0
CLEAN_RUNS = int(os.environ.get("PERF_MATRIX_CLEAN_RUNS", "20"))
CHATS = {"chat-team-key", "chat-plain-key"}
NAMES = {endpoint.name for endpoint in workload()}
Compared = Callable[..., Comparison]


@pytest.fixture
def compared(postgres: PostgresServer, lease: Lease, tmp_path: Path) -> Compared:
    """Compares the clean service with one that has a fault."""

    def with_fault(fault: str, second_scale: Scale | None = None) -> Comparison:
        return measure_patiently(postgres, lease, tmp_path, [fault], LIMIT_S, second_scale)

    return with_fault


def test_an_n_plus_one_is_found_on_the_list_that_has_it(compared: Compared) -> None:
    comparison = compared("n-plus-one", second_scale=SECOND_SCALE)
    assert_only_blamed(comparison, {"users"})
    users = queries(comparison, "users")
    assert (users.base, users.head, users.stable) == (1, 1 + PAGE_SIZES[0], True)
    assert added(users) == {counted(service.KEYS_OF_USER): PAGE_SIZES[0]}
    assert differences(users) == 1
    assert "queries" in metrics(comparison, "users")
    assert slopes(users) == [("user", "page size", 0, 1)]
    assert slopes(queries(comparison, "teams")) == [("team", "data scale", 0, 0)]
    assert causes(comparison) == {"users": ["n-plus-one"]}


def test_an_extra_lookup_is_found_on_every_kind_of_chat(compared: Compared) -> None:
    comparison = compared("extra-lookup")
    assert_one_more_statement(comparison, CHATS, service.SETTING)
    assert causes(comparison) == both_chats("extra-statement")


def test_a_lost_cache_is_found_and_named_so(compared: Compared) -> None:
    comparison = compared("lost-cache")
    assert_one_more_statement(comparison, CHATS, service.KEY)
    assert causes(comparison) == both_chats("cache-lost")


def test_a_lookup_for_one_kind_of_key_is_found_there_alone(compared: Compared) -> None:
    comparison = compared("lookup-for-team-keys")
    assert_one_more_statement(comparison, {"chat-team-key"}, service.TEAM_NAME)
    assert causes(comparison) == {"chat-team-key": ["extra-statement"]}


def test_a_batch_writer_made_synchronous_is_found_and_named_so(compared: Compared) -> None:
    comparison = compared("synchronous-writes")
    assert_one_more_statement(comparison, CHATS, service.USAGE + "(%s, %s, %s)")
    for name in CHATS:
        (later,) = queries(comparison, name).deferred.base
        assert (later.per_request, later.unit) == (1, "rows")
        assert queries(comparison, name).deferred.head == []
    assert causes(comparison) == both_chats("made-synchronous")


def test_a_smaller_pool_is_found_as_slowness_without_more_statements(compared: Compared) -> None:
    comparison = compared("small-pool")
    assert_only_slower(comparison, "report", statements=len(service.REPORT))
    assert queries(comparison, "report").slower == []
    assert causes(comparison) == {"report": ["fewer-connections"]}


def test_a_slow_query_of_the_same_count_is_found_as_slowness(compared: Compared) -> None:
    comparison = compared("slow-query")
    assert_only_slower(comparison, "search", statements=1)
    (slower,) = queries(comparison, "search").slower
    assert slower.statement == counted(service.SEARCH)
    assert slower.head_ms - slower.base_ms > 5
    assert causes(comparison) == {"search": ["slower-statement"]}


def test_with_all_faults_off_nothing_is_ever_found(
    postgres: PostgresServer, lease: Lease, tmp_path: Path
) -> None:
    alarms = {}
    for number in range(CLEAN_RUNS):
        comparison = measure_patiently(postgres, lease, tmp_path / str(number), [], LIMIT_S)
        if found := [one.summary for one in comparison.findings] + doubts(comparison):
            alarms[number] = found
    assert alarms == {}


def assert_one_more_statement(comparison: Comparison, endpoints: set[str], statement: str) -> None:
    """Exactly these endpoints issue this one statement once more per request."""
    assert_only_blamed(comparison, endpoints)
    for name in endpoints:
        found = queries(comparison, name)
        assert (found.base, found.head, found.stable) == (0, 1, True)
        assert added(found) == {counted(statement): 1}
        assert differences(found) == 1
        assert "queries" in metrics(comparison, name)


def assert_only_slower(comparison: Comparison, name: str, statements: int) -> None:
    """Exactly this endpoint is slower, with the same statements."""
    assert_only_blamed(comparison, {name})
    found = queries(comparison, name)
    assert (found.base, found.head, found.verdict) == (statements, statements, "pass")
    assert differences(found) == 0
    assert {"p50"} <= metrics(comparison, name) <= {"p50", "p95"}


def assert_only_blamed(comparison: Comparison, endpoints: set[str]) -> None:
    """A regression of these endpoints; all others are as they were, as far as statements go surely so."""
    assert comparison.verdict == "regression"
    assert {one.endpoint for one in comparison.findings} == endpoints, comparison.findings
    assert {one.verdict for one in comparison.findings} == {"regression"}
    assert doubts(comparison) == []
    for name in NAMES - endpoints:
        found = queries(comparison, name)
        assert found.verdict == "pass"
        assert differences(found) == 0


def doubts(comparison: Comparison) -> list[str]:
    """The counts that are not exact, and why."""
    return [
        f"{name}: {found.unstable_because}"
        for name in sorted(NAMES)
        if not (found := queries(comparison, name)).stable
    ]


def endpoint(comparison: Comparison, name: str) -> EndpointComparison:
    return next(one for one in comparison.cells[0].endpoints if one.name == name)


def queries(comparison: Comparison, name: str) -> Queries:
    found = endpoint(comparison, name).queries
    assert found is not None
    return found


def metrics(comparison: Comparison, name: str) -> set[str]:
    return {one.metric for one in comparison.findings if one.endpoint == name}


def causes(comparison: Comparison) -> dict[str, list[CauseKind]]:
    """The kinds of causes that are named, of every endpoint that has any."""
    named = {one.name: [cause.kind for cause in one.causes] for one in comparison.cells[0].endpoints}
    return {name: kinds for name, kinds in named.items() if kinds}


def both_chats(kind: CauseKind) -> dict[str, list[CauseKind]]:
    return {name: [kind] for name in CHATS}


def differences(found: Queries) -> int:
    """How many statements are not the same on both arms."""
    return len(found.added) + len(found.removed) + len(found.changed)


def slopes(found: Queries) -> list[tuple[str, str, float, float]]:
    """What one row is, what was varied, and statements for each row on base and on head."""
    return [
        (one.row, one.over, one.base.per_row, one.head.per_row)
        for one in found.slopes
        if one.base and one.head
    ]


def added(found: Queries) -> dict[str, float]:
    return {one.statement: one.per_request for one in found.added}


def counted(statement: str) -> str:
    """A statement of the service as the comparison shows it."""
    return canonical(statement.replace("%s", "$1"))

"""Writes that come after the answer: what is proven, what is left open, what counts for nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.queries.deferred import MIN_FLUSHES, Deferred, Series, deferred_writes, of_endpoint, solve
from perf_matrix.record.model import QueryWindow, StatementCount, WindowKind

LOGS = "INSERT INTO logs VALUES ($1)"
SPEND = "UPDATE spend SET total = total + $1"
READ = "SELECT id FROM users"

Flush = tuple[str | None, int, int]
"""A window: endpoint, requests, rows that were flushed."""
# Two rows for each request; the queue is emptied at the end of every second window: 10, 16 or 22 rows.
STEADY: list[Flush] = [
    (None, 0, 0),
    *(
        ("chat", requests, flushed)
        for requests, flushed in zip([1, 4, 7] * 8, [0, 10, 0, 16, 0, 22] * 4, strict=True)
    ),
]
# So many of its windows have seven flushes.
TOO_FEW = 15


def window(
    endpoint: str | None,
    requests: int,
    statements: Iterable[tuple[str, int, int]] = (),
    *,
    epoch: int = 0,
    failed: int = 0,
    evicted: bool = False,
) -> QueryWindow:
    kind: WindowKind = "rest" if endpoint is None else "warm"
    return QueryWindow(
        epoch=epoch,
        endpoint=endpoint,
        arm="base",
        kind=kind,
        requests=requests,
        seconds=1.0,
        statements=[
            StatementCount(text=text, calls=calls, rows=rows, exec_ms=0.1) for text, calls, rows in statements
        ],
        evicted=evicted,
        failed_requests=failed,
    )


def flushing(
    windows: Sequence[Flush], statement: str = LOGS, also: Mapping[str, int] | None = None, epoch: int = 0
) -> list[QueryWindow]:
    """One statement for all rows of a flush; ``also``: text -> calls (of one row) by each request."""
    return [
        window(
            endpoint,
            requests,
            [
                *([(statement, 1, flushed)] if flushed else []),
                *((text, calls * requests, calls * requests) for text, calls in (also or {}).items()),
            ],
            epoch=epoch,
        )
        for endpoint, requests, flushed in windows
    ]


def test_rows_of_a_batch_are_attributed_to_the_requests_that_caused_them() -> None:
    assert deferred_writes(flushing(STEADY), {}) == [Deferred(LOGS, "chat", 2, "rows")]


def test_calls_are_attributed_where_each_row_has_one() -> None:
    windows = [
        window(endpoint, requests, [(SPEND, flushed, 0)] if flushed else [])
        for endpoint, requests, flushed in STEADY
    ]
    assert deferred_writes(windows, {}) == [Deferred(SPEND, "chat", 2, "calls")]


def test_reads_are_never_deferred() -> None:
    assert deferred_writes(flushing(STEADY, READ), {}) == []


def test_spellings_of_one_statement_are_added_up() -> None:
    windows = [
        window(
            endpoint,
            requests,
            [(LOGS, 1, flushed // 2), ("INSERT INTO logs  VALUES ($1),($2)", 1, flushed // 2)]
            if flushed
            else [],
        )
        for endpoint, requests, flushed in STEADY
    ]
    assert deferred_writes(windows, {}) == [Deferred(LOGS, "chat", 2, "rows")]


def test_what_two_endpoints_cause_is_told_apart() -> None:
    rng = random.Random(1)  # noqa: S311
    each = {"chat": 2, "models": 0, "users": 1}
    queue, windows = 0, []
    for number in range(40):
        endpoint = rng.choice(list(each))
        queue += 11 * each[endpoint]
        windows.append((endpoint, 11, queue if number % 2 else 0))
        queue = 0 if number % 2 else queue
    assert deferred_writes(flushing(windows), {}) == [
        Deferred(LOGS, "chat", 2, "rows"),
        Deferred(LOGS, "users", 1, "rows"),
    ]


def test_what_is_written_while_the_request_is_answered_is_not_deferred() -> None:
    windows = flushing([(endpoint, requests, 0) for endpoint, requests, _ in STEADY], also={LOGS: 2})
    assert deferred_writes(windows, {"chat": {LOGS: 2.0}}) == []


def test_another_endpoints_own_writes_are_left_out_of_the_account() -> None:
    own = flushing([("login", 4, 0), ("login", 7, 0)], also={LOGS: 3})
    windows = [*own, *flushing(STEADY)]
    assert deferred_writes(windows, {"login": {LOGS: 3.0}}) == [Deferred(LOGS, "chat", 2, "rows")]


@pytest.mark.parametrize(
    "login",
    [
        None,  # in doubt
        4.0,  # more than the window had
    ],
)
def test_where_own_writes_are_not_known_nothing_is_claimed(login: float | None) -> None:
    windows = [*flushing([("login", 4, 0), ("login", 7, 0)], also={LOGS: 3}), *flushing(STEADY)]
    assert deferred_writes(windows, {"login": {LOGS: login}}) == []


def test_rows_of_a_flush_among_own_writes_cannot_be_told_apart() -> None:
    """Each login writes one row itself, and in its windows the queue of the chats is emptied."""
    windows = []
    for number in range(12):
        chats = 10 + 2 * (number % 3)
        windows += [window("chat", chats), window("login", 10, [(LOGS, 11, 2 * chats + 10)])]
    assert deferred_writes(windows, {"login": {LOGS: 1.0}}) == []


@pytest.mark.parametrize("bad", [{"failed": 1}, {"evicted": True}])
def test_a_start_with_failures_or_lost_counts_proves_nothing(bad: dict[str, int]) -> None:
    spoilt = [*flushing(STEADY), window("chat", 7, **bad)]  # type: ignore[arg-type]
    assert deferred_writes(spoilt, {}) == []
    assert deferred_writes([*spoilt, *flushing(STEADY, epoch=1)], {}) == [Deferred(LOGS, "chat", 2, "rows")]


def test_the_queue_of_one_start_is_not_flushed_in_the_next() -> None:
    """Two starts, each too short by itself to have flushes enough."""
    short = [*STEADY[:TOO_FEW], ("chat", 5, 0)]
    assert deferred_writes(flushing(short), {}) == []
    both = [*flushing(short), *flushing(short, epoch=1)]
    assert deferred_writes(both, {}) == [Deferred(LOGS, "chat", 2, "rows")]


def job(rows: Sequence[int]) -> list[Flush]:
    """Writes by the clock, in windows of eleven requests."""
    return [(None, 0, 0), *(("chat", 11, count) for count in rows)]


@pytest.mark.parametrize(
    "windows",
    [
        [(None, 0, 3), *STEADY],  # before there was any request
        job([1, 0, 2] * 10),  # does not keep up
        job([30, 10, 20] * 10),  # more than could be
        job([22] * 30),  # two for each request, but always as much: may be the clock's
        STEADY[:TOO_FEW],
        [(None, 0, 0)] * 9,
        [],
    ],
)
def test_what_is_not_claimed(windows: list[Flush]) -> None:
    assert deferred_writes(flushing(windows), {}) == []


def test_what_comes_after_the_last_flush_is_left_open() -> None:
    windows = [*STEADY, ("models", 11, 0)]
    assert deferred_writes(flushing(windows), {}) == [Deferred(LOGS, "chat", 2, "rows")]


def test_of_one_endpoint() -> None:
    found = [Deferred(LOGS, "chat", 2, "rows"), Deferred(SPEND, "users", 1, "calls")]
    assert of_endpoint(found, "users") == [Deferred(SPEND, "users", 1, "calls")]
    assert of_endpoint(found, "models") == []


# --- against trying out everything -----------------------------------------------------------------------


def tried_out(series: Sequence[Series]) -> dict[str, int]:
    """What all k agree on that satisfy the inequalities as the module's docstring has them."""
    names = sorted({name for one in series for name in one.endpoints if name})
    limit = sum(sum(one.written) for one in series) + 1
    solutions = [
        k
        for k in product(*(range(_greatest(name, series, limit) + 1) for name in names))
        if all(_fits(dict(zip(names, k, strict=True)), one) for one in series)
    ]
    values = {name: {k[place] for k in solutions} for place, name in enumerate(names)}
    return {name: value for name, found in values.items() if len(found) == 1 and (value := found.pop())}


def _greatest(name: str, series: Sequence[Series], limit: int) -> int:
    """No more than was written in all, for any of its requests that a flush came after."""
    counts = []
    for one in series:
        for place, written in enumerate(one.written):
            long_before = one.endpoints[: max(place - 1, 0)]
            sent = sum(n for who, n in zip(long_before, one.requests, strict=False) if who == name)
            if written and sent:
                counts.append(sum(one.written[: place + 1]) // sent)
    return min(counts, default=limit)


def _fits(k: Mapping[str, int], series: Series) -> bool:
    long_before = before = queued = written = 0
    for endpoint, requests, count in zip(series.endpoints, series.requests, series.written, strict=True):
        long_before, before, queued = before, queued, queued + k.get(endpoint or "", 0) * requests
        written += count
        if written > queued or (count and written < long_before):
            return False
    return True


@st.composite
def starts(draw: st.DrawFn) -> list[Series]:
    """Queues of one or two endpoints, emptied now and then in the middle of a window; some are spoilt."""
    names = ["chat", "users"][: draw(st.integers(1, 2))]
    each = {name: draw(st.integers(0, 2)) for name in names}
    return [draw(_start(each)) for _ in range(draw(st.integers(1, 2)))]


@st.composite
def _start(draw: st.DrawFn, each: Mapping[str, int]) -> Series:
    sizes = draw(
        st.lists(st.tuples(st.sampled_from([*each, None]), st.integers(1, 6)), min_size=8, max_size=16)
    )
    endpoints = tuple(name for name, _ in sizes)
    requests = tuple(size if name else 0 for name, size in sizes)
    queue: Counter[str] = Counter()
    written = []
    for endpoint, count in zip(endpoints, requests, strict=True):
        rows = each.get(endpoint or "", 0)
        before = draw(st.integers(0, count))
        flushed = queue["rows"] + rows * before if draw(st.integers(0, 4)) else 0
        queue["rows"] += rows * count - flushed
        written.append(flushed)
    if draw(st.integers(0, 3)) == 0:
        written[draw(st.integers(0, len(written) - 1))] += draw(st.integers(1, 3))
    return Series(endpoints, requests, tuple(written))


def test_a_flush_may_have_begun_before_the_last_request_was_queued() -> None:
    sizes, late = [3, 5, 2, 7, 4, 6, 3, 8, 5, 4], 3
    written = [size - (place == late) + (place == late + 1) for place, size in enumerate(sizes)]
    endpoints = tuple(name for _ in sizes for name in ("chat", None))
    requests = tuple(n for size in sizes for n in (size, 0))
    series = Series(endpoints, requests, tuple(n for count in written for n in (0, count)))
    assert solve([series]) == {"chat": 1}


@settings(deadline=None, max_examples=200)
@given(series=starts())
def test_the_same_as_by_trying_out_everything(series: list[Series]) -> None:
    flushes = [written for one in series for written in one.written if written]
    believed = len(flushes) >= MIN_FLUSHES and not set(flushes) <= {min(flushes), 2 * min(flushes)}
    assert solve(series) == (tried_out(series) if believed else {})

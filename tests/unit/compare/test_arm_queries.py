"""What the record of one arm comes to: what is issued now and then, and what comes later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perf_matrix.compare.arm_queries import ArmQueries, arm_queries
from perf_matrix.matrix.model import Cell
from perf_matrix.queries.deferred import Deferred
from perf_matrix.queries.form import form
from perf_matrix.record.model import CellRecord, DataScale, QueryWindow, StatementCount, WindowKind

from .records import endpoint

READ, JOB, CACHE = "SELECT id FROM users", "SELECT count(*) FROM alerts", "SELECT value FROM settings"
LOGS = "INSERT INTO logs VALUES ($1)"


def window(
    kind: WindowKind,
    requests: int,
    calls: Mapping[str, int],
    *,
    endpoint: str | None = "chat",
    rows: int = 0,
    scale: DataScale = "first",
) -> QueryWindow:
    return QueryWindow(
        epoch=0,
        endpoint=endpoint,
        arm="base",
        kind=kind,
        requests=requests,
        seconds=0.1,
        statements=[
            StatementCount(text=text, calls=count, rows=rows, exec_ms=0.1) for text, count in calls.items()
        ],
        evicted=False,
        scale=scale,
    )


def gathered(windows: Sequence[QueryWindow]) -> ArmQueries:
    record = CellRecord(cell=Cell(id="default", variants={}), windows=list(windows))
    return arm_queries(record, [endpoint("chat"), endpoint("models")], "base")


WARM = [window("warm", requests, {READ: requests}) for requests in (4, 7)]


def test_an_endpoint_without_windows_has_no_profile() -> None:
    assert gathered(WARM).profiles.keys() == {"chat"}


def test_what_only_the_first_request_asks_is_told_apart_from_the_background() -> None:
    found = gathered(
        [
            window("idle", 0, {JOB: 2}, endpoint=None),
            window("cold", 1, {READ: 1, CACHE: 1, JOB: 1}),
            *WARM,
        ]
    )
    assert found.first_requests == {form(CACHE).key}
    assert found.background == {form(JOB).key}
    hows = [found.how(text, "chat") for text in (CACHE, "SELECT value, colour FROM settings", JOB, READ)]
    assert hows == ["first request", "first request", "background", ""]


def test_the_background_of_the_second_scale_is_not_the_services() -> None:
    found = gathered([window("idle", 0, {JOB: 2}, endpoint=None, scale="second"), *WARM])
    assert found.background == frozenset()


def leaving_two_rows(
    warm: Sequence[QueryWindow], queue: int, scale: DataScale = "first"
) -> list[QueryWindow]:
    """Blocks of requests that each leave two rows for later; two windows out of three empty the queue."""
    windows = list(warm)
    for number in range(24):
        queue += 20
        flush = number % 3 > 0
        windows.append(window("paired", 10, {LOGS: 1} if flush else {}, rows=queue, scale=scale))
        queue = 0 if flush else queue
    return windows


def test_what_comes_later_is_told_of_the_endpoint_that_causes_it() -> None:
    found = gathered(leaving_two_rows(WARM, queue=22))
    assert found.deferred_by("chat") == [Deferred(LOGS, "chat", 2, "rows")]
    assert found.deferred_by("models") == []
    assert (found.how(LOGS, "chat"), found.how(LOGS, "models")) == ("deferred", "")


def test_what_comes_later_is_told_at_the_first_scale_only() -> None:
    assert gathered(leaving_two_rows([*WARM], queue=22, scale="second")).deferred == []


def test_a_batch_that_is_flushed_once_in_every_window_comes_later() -> None:
    """One call in each window is in doubt, but surely it is not one for each request."""
    warm = [window("warm", size, {READ: size, LOGS: 1}, rows=2 * size) for size in (4, 7)]
    found = gathered(leaving_two_rows(warm, queue=0))
    assert LOGS in found.profiles["chat"].main.in_doubt
    assert found.deferred_by("chat") == [Deferred(LOGS, "chat", 2, "rows")]


def test_what_may_be_written_before_the_answer_is_not_claimed_to_come_later() -> None:
    """Two calls for each request, or a little more: how many of them come later nobody can tell."""
    warm = [window("warm", size, {READ: size, LOGS: 2 * size + size % 2}, rows=2 * size) for size in (4, 7)]
    found = gathered(leaving_two_rows(warm, queue=0))
    assert LOGS in found.profiles["chat"].main.in_doubt
    assert found.deferred == []

"""The rate of the load: half of what base can answer one at a time, unless the matrix file says otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.errors import MeasurementError
from perf_matrix.experiment.load import mean_request_s, mix_of, rate_of
from perf_matrix.matrix.model import Arm, Endpoint, Load, Request
from perf_matrix.record.model import DataScale, LoadSlot, PairedBlock, QueryWindow, WindowKind

CHAT = Endpoint(name="chat", request=Request(path="/chat"), weight=9)
USERS = Endpoint(name="users", request=Request(path="/users"), weight=1)


def block(endpoint: str, *base_ms: float) -> PairedBlock:
    """Head takes ten times as long: it must not matter."""
    head_ms = [10 * ms for ms in base_ms]
    order = [False] * len(base_ms)
    return PairedBlock(
        epoch=0,
        endpoint=endpoint,
        block=0,
        started_at=0,
        base_ms=list(base_ms),
        head_ms=head_ms,
        head_first=order,
    )


def window(
    endpoint: str,
    requests: int,
    request_ms: float,
    *,
    failed: int = 0,
    arm: Arm = "base",
    kind: WindowKind = "warm",
    scale: DataScale = "first",
) -> QueryWindow:
    return QueryWindow(
        epoch=0,
        endpoint=endpoint,
        arm=arm,
        kind=kind,
        requests=requests,
        seconds=1,
        statements=[],
        evicted=False,
        failed_requests=failed,
        scale=scale,
        request_ms=request_ms,
    )


def slot(rate: float) -> LoadSlot:
    return LoadSlot(
        epoch=0, round=0, arm="base", started_at=0, seconds=8, rate=rate, due=8, dropped=0, latencies_ms={}
    )


def test_a_request_of_the_mix_takes_the_weighted_mean_of_the_medians_of_base() -> None:
    blocks = [block("chat", 20, 20, 900), block("chat", 20, 1), block("users", 100, 120, 140)]
    # Nine times 20 ms and once 120 ms, over ten.
    assert mean_request_s([CHAT, USERS], blocks, []) == pytest.approx(0.030)


def test_windows_tell_what_pairs_do_not() -> None:
    windows = [
        window("users", 5, 500),
        window("users", 10, 1200),
        # Two that failed took no time; half of the other two: 140 ms.
        window("users", 4, 280, failed=2),
        window("users", 1, 9000, kind="cold"),
        window("users", 5, 9000, arm="head"),
        window("users", 5, 9000, scale="second"),
        window("users", 3, 0, failed=3),
        window("chat", 5, 9000),
    ]
    assert mean_request_s([CHAT, USERS], [block("chat", 20)], windows) == pytest.approx(0.030)


def test_an_endpoint_that_never_answered_is_left_out_of_the_mean() -> None:
    assert mean_request_s([CHAT, USERS], [block("chat", 20), block("users")], []) == pytest.approx(0.020)


def test_where_nothing_was_answered_there_is_no_rate() -> None:
    with pytest.raises(MeasurementError, match="base answered no request as expected"):
        mean_request_s([CHAT], [block("chat")], [])


def test_auto_is_half_of_what_can_be_answered_one_at_a_time_in_tenths() -> None:
    assert rate_of(Load(), 0.030) == 16.7
    assert rate_of(Load(), 2.0) == 0.2
    assert rate_of(Load(), 0.0001) == 200
    assert rate_of(Load(), 300.0) == 0.1


@given(st.floats(0.01, 10_000), st.floats(0.0001, 100))
def test_a_number_is_taken_as_it_is(rate: float, request_s: float) -> None:
    assert rate_of(Load(rate=rate), request_s) == rate


def test_the_mix_of_later_epochs_has_the_rate_of_the_first() -> None:
    found = mix_of(Load(), [CHAT], [block("chat", 20)], [], [slot(14.3), slot(14.3)])
    assert (found.rate, found.endpoints) == (14.3, [CHAT])
    assert mix_of(Load(), [CHAT], [block("chat", 20)], [], []).rate == 25


def test_the_slower_the_requests_the_more_may_be_in_flight() -> None:
    slow = mix_of(Load(rate=10), [CHAT], [block("chat", 3000)], [], [])
    quick = mix_of(Load(rate=10), [CHAT], [block("chat", 5)], [], [])
    assert (slow.in_flight, quick.in_flight) == (50, 21)

"""Statements that take the database longer: measured by block, decided as latencies are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from perf_matrix.compare.arm_queries import ArmQueries, arm_queries
from perf_matrix.compare.blocks import MAX_UNITS, MIN_UNITS, RESOLUTION_MS
from perf_matrix.compare.holm import NEVER, PValues
from perf_matrix.compare.statement_times import Timed, slower, timed_statements
from perf_matrix.matrix.model import ARMS, Arm, Cell, Gate
from perf_matrix.record.model import CellRecord, QueryWindow, StatementCount

from .records import endpoint, windows

SEARCH, READ = "SELECT id FROM users WHERE name LIKE $1", "SELECT id FROM keys"
GATE = Gate()
SURE = PValues(worse=0.0, better=1.0)
REQUESTS = 11


def block(
    arm: Arm, ms_by_text: dict[str, float], *, epoch: int, evicted: bool = False, calls: int = 1
) -> QueryWindow:
    """Every request of the block executes each statement ``calls`` times, each in so many ms."""
    return QueryWindow(
        epoch=epoch,
        endpoint="chat",
        arm=arm,
        kind="paired",
        requests=REQUESTS,
        seconds=1.0,
        statements=[
            StatementCount(text=text, calls=calls * REQUESTS, rows=0, exec_ms=calls * REQUESTS * ms)
            for text, ms in ms_by_text.items()
        ],
        evicted=evicted,
    )


def blocks(
    arm: Arm, ms: Iterable[float], *, epochs: Sequence[int] = (0, 1), text: str = SEARCH, calls: int = 1
) -> list[QueryWindow]:
    """A block for each of ``ms``, the first share of them in the first epoch."""
    values = list(ms)
    parts = np.array_split(np.arange(len(values)), len(epochs))
    return [
        block(arm, {text: values[place]}, epoch=epoch, calls=calls)
        for epoch, part in zip(epochs, parts, strict=True)
        for place in part
    ]


def counted(
    measured: Iterable[QueryWindow], base: dict[str, int] | None = None, head: dict[str, int] | None = None
) -> tuple[ArmQueries, ArmQueries]:
    """Both arms of a record in which each request has these statements (SEARCH unless told)."""
    each = {"base": base or {SEARCH: 1}, "head": head or {SEARCH: 1}}
    warm = [window for arm in ARMS for window in windows("chat", arm, each[arm])]
    record = CellRecord(cell=Cell(id="default", variants={}), windows=[*warm, *measured])
    first, second = (arm_queries(record, [endpoint("chat")], arm) for arm in ARMS)
    return first, second


def timed(
    measured: Iterable[QueryWindow], base: dict[str, int] | None = None, head: dict[str, int] | None = None
) -> list[Timed]:
    return timed_statements("chat", *counted(measured, base, head), GATE)


def around(milliseconds: float, count: int = 20, spread: float = 0.05, seed: int = 1) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(value) for value in milliseconds * np.exp(rng.normal(0, spread, count))]


def test_a_statement_that_takes_longer_is_found_with_its_price() -> None:
    (one,) = timed([*blocks("base", around(5)), *blocks("head", around(12, seed=2))])
    (found,) = slower([one], [SURE], GATE)
    assert (found.statement, found.units, found.p_adjusted) == (SEARCH, 20, 0.0)
    assert (found.base_ms, found.head_ms) == pytest.approx((5, 12), rel=0.05)
    assert found.ratio == pytest.approx(2.4, rel=0.05)
    assert found.ci[0] < found.ratio < found.ci[1]
    assert found.extra_ms_per_request == pytest.approx(7, rel=0.05)


def test_what_is_as_fast_or_faster_is_not_slower() -> None:
    same = timed([*blocks("base", around(5)), *blocks("head", around(5, seed=2))])
    faster = timed([*blocks("base", around(12)), *blocks("head", around(5))])
    assert slower([*same, *faster], [SURE, SURE], GATE) == []


def test_what_is_not_significant_over_the_run_is_not_slower() -> None:
    found = timed([*blocks("base", around(5)), *blocks("head", around(12))])
    assert slower(found, [NEVER], GATE) == []


def test_what_adds_less_to_a_request_than_matters_is_not_slower() -> None:
    """Ten times as long, and still less than the millisecond that the gate asks for."""
    found = timed([*blocks("base", around(0.05)), *blocks("head", around(0.5))])
    assert slower(found, [SURE], GATE) == []


def test_what_matters_is_measured_by_all_calls_of_a_request() -> None:
    """A third of a millisecond each, ten times for each request."""
    each = {SEARCH: 10}
    measured = [*blocks("base", around(0.3), calls=10), *blocks("head", around(0.65), calls=10)]
    (one,) = timed(measured, each, each)
    assert one.calls == 10
    assert one.latency.base == pytest.approx(3, rel=0.1)
    (found,) = slower([one], [SURE], GATE)
    assert found.base_ms == pytest.approx(0.3, rel=0.1)


def test_more_calls_are_no_slower_statement() -> None:
    """Twice as many on head: that is the counts' to say. What is compared is the calls that both make."""
    measured = [*blocks("base", around(5)), *blocks("head", around(5), calls=2)]
    (one,) = timed(measured, {SEARCH: 1}, {SEARCH: 2})
    assert one.calls == 1
    assert (one.latency.base, one.latency.head) == pytest.approx((5, 5), rel=0.1)


def test_only_statements_of_both_arms_are_compared() -> None:
    measured = [*blocks("base", around(5)), *blocks("head", around(5))]
    found = timed(measured, {SEARCH: 1, "SELECT id FROM gone": 1}, {SEARCH: 1, READ: 1})
    assert [one.statement for one in found] == [SEARCH]


def test_a_statement_that_only_grew_is_compared_with_itself() -> None:
    wider = "SELECT id, colour FROM users WHERE name LIKE $1"
    measured = [*blocks("base", around(5)), *blocks("head", around(12), text=wider)]
    (one,) = timed(measured, {SEARCH: 1}, {wider: 1})
    assert one.statement == wider
    assert (one.latency.base, one.latency.head) == pytest.approx((5, 12), rel=0.1)


def test_too_few_blocks_are_not_compared() -> None:
    enough = [*blocks("base", [5.0] * MIN_UNITS), *blocks("head", [12.0] * MIN_UNITS)]
    assert len(timed(enough)) == 1
    assert timed(enough[1:]) == []


def test_without_blocks_nothing_is_timed() -> None:
    assert timed([]) == []


def test_blocks_in_which_an_arm_did_not_call_it_do_not_count() -> None:
    quiet = [block(arm, {READ: 1.0}, epoch=1) for arm in ARMS]
    (one,) = timed([*blocks("base", [5.0] * 9), *blocks("head", [12.0] * 9), *quiet])
    assert len(one.latency.units) == 9


def test_blocks_whose_counts_were_lost_do_not_count() -> None:
    lost = [block("base", {SEARCH: 900.0}, epoch=1, evicted=True), block("head", {SEARCH: 1.0}, epoch=1)]
    (one,) = timed([*blocks("base", [5.0] * 9), *blocks("head", [12.0] * 9), *lost])
    assert (len(one.latency.units), one.latency.base) == (9, 5.0)


def test_a_run_that_was_killed_between_the_windows_of_a_block_is_compared_all_the_same() -> None:
    """Base's last block of the first epoch has no other half; the second epoch begins anew."""
    killed = [*blocks("base", [5.0] * 6, epochs=[0]), *blocks("head", [5.0] * 5, epochs=[0])]
    resumed = [*blocks("base", [7.0] * 5, epochs=[1]), *blocks("head", [21.0] * 5, epochs=[1])]
    (one,) = timed([*killed, *resumed])
    assert one.latency.units.base.tolist() == [5.0] * 5 + [7.0] * 5
    assert one.latency.units.head.tolist() == [5.0] * 5 + [21.0] * 5


def test_what_takes_no_measurable_time_is_taken_for_the_clocks_resolution() -> None:
    (one,) = timed([*blocks("base", [0.0] * 10), *blocks("head", [0.0] * 10)])
    assert (one.latency.base, one.latency.head) == (RESOLUTION_MS, RESOLUTION_MS)


def test_very_many_blocks_are_merged_within_their_epochs() -> None:
    """Most blocks are of the second epoch: the first still has its say."""
    sizes = {0: 10, 1: 6 * MAX_UNITS}
    measured = [
        window
        for epoch, count in sizes.items()
        for arm, ms in (("base", 5), ("head", 12))
        for window in blocks(arm, around(ms, count), epochs=[epoch])  # type: ignore[arg-type]
    ]
    (one,) = timed(measured)
    assert {epoch: int((one.latency.units.epoch == epoch).sum()) for epoch in sizes} == {
        0: 10,
        1: MAX_UNITS // 2,
    }
    assert len(slower([one], [SURE], GATE)) == 1


def test_the_dearest_come_first() -> None:
    def measured(arm: Arm, search: float, read: float) -> list[QueryWindow]:
        return [block(arm, {SEARCH: search, READ: read}, epoch=number // 10) for number in range(20)]

    each = {SEARCH: 1, READ: 1}
    found = timed([*measured("base", 5, 5), *measured("head", 9, 30)], each, each)
    assert [one.statement for one in slower(found, [SURE, SURE], GATE)] == [READ, SEARCH]

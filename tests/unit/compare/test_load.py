"""Endpoints under load: quantiles by round, failures by request and round, and what counts for a verdict."""

from __future__ import annotations

from itertools import combinations_with_replacement
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.compare.compare import compare
from perf_matrix.compare.load import NOT_GATED
from perf_matrix.compare.model import Comparison, EndpointLoad, Quantile
from perf_matrix.record.model import LoadSlot, RunRecord

from .records import drawn, probe, record
from .slots import drawn_slots, failing, recorded_load, recorded_slots, slot, soaked

ONLY_P50: dict[str, Any] = {"metrics": ["p50"]}
STEADY = drawn(count=40, spread=0.05)


def under_load(found: Comparison, name: str = "chat") -> EndpointLoad:
    load = next(one.load for one in found.cells[0].endpoints if one.name == name)
    assert load
    return load


def p50(found: Comparison, name: str = "chat") -> Quantile:
    quantile = under_load(found, name).p50
    assert quantile
    return quantile


def with_load(slots: list[LoadSlot], **more: Any) -> RunRecord:
    """A run whose pairs pass, so that any other verdict is that of the load."""
    return record(STEADY, slots=slots, gate=ONLY_P50, **more)


# --- quantiles ---------------------------------------------------------------------------------------


def test_the_estimate_is_over_the_rounds() -> None:
    """Brute force: a median for each round and arm, then the median of all means of two log-ratios."""
    slots = drawn_slots(count=8, effect=1.3)
    medians = {(one.round, one.arm): median(one.latencies_ms["chat"]) for one in slots}
    ratios = [np.log(medians[n, "head"] / medians[n, "base"]) for n in range(8)]
    expected = np.exp(median((one + other) / 2 for one, other in combinations_with_replacement(ratios, 2)))
    found = p50(compare(with_load(slots)))
    assert found.ratio == pytest.approx(expected)
    assert found.units == 8


def test_a_level_that_both_arms_share_in_a_round_cancels() -> None:
    found = p50(compare(with_load(drawn_slots(count=24, effect=1.3))))
    assert 1.25 < found.ci[0] < 1.3 < found.ci[1] < 1.36


def test_a_slower_head_is_shown_and_does_not_count() -> None:
    found = compare(with_load(drawn_slots(count=24, effect=2.0)))
    assert (p50(found).verdict, p50(found).gated, p50(found).note) == ("regression", False, NOT_GATED)
    assert (found.verdict, found.findings) == ("pass", [])


def test_the_family_of_the_paired_tests_stays_as_it_is() -> None:
    without, loaded = compare(with_load([])), compare(with_load(drawn_slots(count=24, effect=2.0)))
    assert without.gate == loaded.gate
    assert without.cells[0].endpoints[0].paired == loaded.cells[0].endpoints[0].paired


def test_quantiles_under_load_are_corrected_together() -> None:
    one = compare(with_load(drawn_slots(count=8, effect=1.3)))
    slots = [*drawn_slots(count=8, effect=1.3), *drawn_slots(count=8, name="keys", seed=2)]
    merged = [
        a.model_copy(update={"latencies_ms": a.latencies_ms | b.latencies_ms})
        for a, b in zip(slots[:16], slots[16:], strict=True)
    ]
    both = compare(with_load(merged, endpoints=["chat", "keys"]))
    alone, together = p50(one).p_adjusted, p50(both).p_adjusted
    assert alone
    assert together
    assert together == pytest.approx(2 * alone)


def test_a_round_in_which_an_arm_dropped_is_in_no_quantile() -> None:
    slots = drawn_slots(count=9)
    odd = slot("head", 4, {"chat": [9000.0] * 40}, epoch=1, dropped=1)
    slots = [odd if (one.round, one.arm) == (4, "head") else one for one in slots]
    found = compare(with_load(slots))
    assert (under_load(found).slots, p50(found).units) == (8, 8)
    assert p50(found).head < 100


def test_small_rounds_are_put_together() -> None:
    found = compare(with_load(drawn_slots(count=24, size=3)))
    assert (under_load(found).slots, p50(found).units) == (24, 12)


@pytest.mark.parametrize(
    ("count", "size", "shown", "missing"),
    [
        (8, 2, [], "too few good answers of each arm: p50 takes 20, p95 takes 200, p99 takes 1,000"),
        (8, 24, ["p50"], "too few good answers of each arm: p95 takes 200, p99 takes 1,000"),
        (8, 25, ["p50", "p95"], "too few good answers of each arm: p99 takes 1,000"),
        (8, 125, ["p50", "p95", "p99"], ""),
        (
            5,
            200,
            [],
            ("too few rounds for p50, p95, p99: it takes 6 rounds without a drop, of 5 good answers or more"),
        ),
    ],
)
def test_a_missing_quantile_says_what_it_takes(count: int, size: int, shown: list[str], missing: str) -> None:
    found = under_load(compare(with_load(drawn_slots(count=count, size=size))))
    assert [name for name in ("p50", "p95", "p99") if getattr(found, name)] == shown
    assert found.missing.split("; ")[0] == missing


def test_fewer_than_eight_rounds_are_shown_and_not_decided() -> None:
    found = p50(compare(with_load(drawn_slots(count=6, effect=3.0))))
    assert found.verdict == "inconclusive"


@given(st.integers(0, 1000), st.sampled_from([0.5, 1.0, 1.2, 2.0]), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_order_does_not_matter_and_exchanging_the_arms_mirrors(seed: int, effect: float, random: Any) -> None:
    slots = drawn_slots(count=12, effect=effect, seed=seed)
    mixed = list(slots)
    random.shuffle(mixed)
    arms = {"base": "head", "head": "base"}
    exchanged = [one.model_copy(update={"arm": arms[one.arm]}) for one in slots]
    here, there = p50(compare(record(slots=slots))), p50(compare(record(slots=exchanged)))
    assert compare(record(slots=mixed)) == compare(record(slots=slots))
    assert here.ratio == pytest.approx(1 / there.ratio)
    assert here.p_adjusted == there.p_faster_adjusted


# --- failed requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        ([0] * 8, [0] * 8, "pass"),
        ([0] * 8, [1] * 3 + [0] * 5, "pass"),  # 3 of 320: p = 0.12
        ([0] * 8, [2] * 4 + [0] * 4, "regression"),
        ([0] * 8, [20] * 3 + [0] * 5, "inconclusive"),  # all in three rounds: a stall does that
        ([0] * 12, [20] * 5 + [0] * 7, "inconclusive"),  # not in half of them, nor significantly often
        ([0] * 24, [20] * 7 + [0] * 17, "regression"),  # seven against none: p = 0.008
        ([0] * 23 + [1], [20] * 7 + [0] * 17, "inconclusive"),  # seven against one: p = 0.035
        ([0] * 12, [20] * 6 + [0] * 6, "regression"),
        ([2] * 4 + [0] * 4, [0] * 8, "improvement"),
        ([20] * 3 + [0] * 5, [0] * 8, "pass"),
        ([8] * 8, [8] * 8, "invalid"),
        ([40] * 8, [40] * 8, "invalid"),  # no good answer at all
        ([1] * 8, [1] * 8, "pass"),
    ],
)
def test_failures_decide(base: list[int], head: list[int], expected: str) -> None:
    found = compare(with_load(failing(base, head)))
    assert under_load(found).verdict == expected
    assert found.cells[0].endpoints[0].verdict == expected
    assert found.verdict == expected


def test_failing_under_load_is_a_finding() -> None:
    found = compare(with_load(failing([0] * 8, [5] * 8)))
    assert [(one.endpoint, one.metric, one.verdict, one.summary) for one in found.findings] == [
        ("chat", "load", "regression", "chat: 0 -> 40 failed requests under load (of 320 and 320)")
    ]


def test_failing_on_both_says_what_to_do() -> None:
    found = compare(with_load(failing([8] * 8, [8] * 8)))
    assert found.findings[0].summary == (
        "chat: 64 -> 64 failed requests under load (of 320 and 320):"
        " fails on both arms under load: set load.rate lower, or see the failures"
    )


def test_failures_in_few_rounds_say_what_would_settle_it() -> None:
    found = under_load(compare(with_load(failing([0] * 8, [20, 0, 0, 0, 0, 0, 0, 0]))))
    assert found.note == (
        "head fails more in 1 of 8 rounds, base in 0: stalls do that, too; more slots (load.slots) would settle it"
    )


def test_an_arm_that_was_sent_less_does_not_look_worse_for_that() -> None:
    slots = failing([2] * 8, [2] * 8)
    few = [
        one.model_copy(update={"dropped": 20, "latencies_ms": {"chat": [20.0] * 18}})
        if one.arm == "head"
        else one
        for one in slots
    ]
    found = under_load(compare(with_load(few)))
    assert (found.requests.base, found.requests.head, found.verdict) == (320, 160, "pass")


def test_failures_are_corrected_over_the_endpoints_that_fail() -> None:
    """p = 0.007 alone is 0.014 beside another: with two endpoints it is too much for 1 %."""
    chat = failing([0] * 8, [1] * 7 + [0], sent=40)
    alone = under_load(compare(with_load(chat)))
    both = [
        one.model_copy(
            update={
                "latencies_ms": one.latencies_ms | {"keys": [20.0] * 39},
                "failed": one.failed | {"keys": 1 if one.round == 0 else 0},
            }
        )
        for one in chat
    ]
    beside = under_load(compare(with_load(both, endpoints=["chat", "keys"])))
    assert (alone.verdict, beside.verdict) == ("regression", "pass")


# --- the cell ----------------------------------------------------------------------------------------


def dropping(base: int, head: int) -> list[LoadSlot]:
    slots = drawn_slots(count=8)
    return [one.model_copy(update={"dropped": base if one.arm == "base" else head}) for one in slots]


def test_head_that_drops_is_a_regression_of_the_cell() -> None:
    found = compare(with_load(dropping(0, 9)))
    assert (found.verdict, found.cells[0].verdict) == ("regression", "regression")
    assert found.cells[0].endpoints[0].verdict == "pass"
    assert [(one.endpoint, one.metric, one.verdict, one.summary) for one in found.findings] == [
        ("", "load", "regression", "under load, head dropped 8% of the requests that were due, base none")
    ]


def test_arms_that_both_drop_make_the_cell_invalid() -> None:
    found = compare(with_load(dropping(9, 9)))
    assert (found.verdict, found.findings[0].verdict) == ("invalid", "invalid")
    assert "set load.rate below 14" in found.findings[0].summary


def test_a_regression_elsewhere_is_still_one_where_the_load_is_invalid() -> None:
    found = compare(record(drawn(count=14, effect=1.5), slots=dropping(9, 9), gate=ONLY_P50))
    assert [one.verdict for one in found.findings] == ["regression", "invalid"]
    assert found.verdict == "regression"


def test_an_endpoint_that_an_arm_does_not_have_is_not_compared_under_load() -> None:
    probes = [probe("keys", "base"), probe("keys", "head", present=False)]
    slots = failing([0] * 8, [40] * 8, name="keys")
    found = compare(with_load(slots, endpoints=["chat", "keys"], presence=probes))
    assert found.cells[0].endpoints[1].load is None
    assert found.verdict == "pass"


def test_nothing_is_said_where_there_was_no_load() -> None:
    found = compare(with_load([]))
    assert (found.cells[0].load, found.cells[0].soak, found.cells[0].endpoints[0].load) == (None, None, None)
    assert found.warnings == []


def asked_for(made: RunRecord, **load: Any) -> RunRecord:
    matrix = type(made.info.matrix).model_validate(made.info.matrix.model_dump() | {"load": load})
    told = {"instruments": ["queries", "paired", "load"], "matrix": matrix}
    return made.model_copy(update={"info": made.info.model_copy(update=told)})


def test_load_that_was_asked_for_and_never_came_is_a_warning() -> None:
    found = compare(asked_for(with_load([slot("base")])))
    assert found.warnings == [
        "default: nothing was measured under load: raise --time or have fewer load.slots"
    ]


def test_a_soak_that_was_asked_for_and_never_came_is_a_warning() -> None:
    slots = drawn_slots(count=8)
    found = compare(asked_for(with_load(slots, soaks=[soaked("base", [1.0] * 20)]), soak=60))
    assert found.warnings == ["default: there was no soak: raise --time or make load.soak shorter"]
    whole = [soaked("base", [1.0] * 20), soaked("head", [1.0] * 20)]
    assert compare(asked_for(with_load(slots, soaks=whole), soak=60)).warnings == []


# --- what was recorded: 24 rounds of 8 s, A and A2 one version, B a later one ---------------------------

ALL: dict[str, Any] = {"metrics": ["p50", "p95"]}


def test_every_slot_was_recorded() -> None:
    assert len(recorded_slots()) == 24 * 3
    assert min(len(latencies) for one in recorded_slots().values() for latencies in one.values()) == 9


@pytest.mark.parametrize(("base", "head"), [("A", "A2"), ("A2", "A")])
def test_one_version_against_itself_finds_nothing(base: str, head: str) -> None:
    found = compare(recorded_load(base, head, gate=ALL))
    assert found.findings == []
    assert {one.load.verdict for one in found.cells[0].endpoints if one.load} == {"pass"}
    shown = [
        quantile
        for one in found.cells[0].endpoints
        for quantile in (one.load and one.load.p50, one.load and one.load.p95)
        if quantile
    ]
    assert {one.verdict for one in shown} == {"inconclusive"}
    assert len(shown) == 16
    assert p50(found).ci[0] < 1 < p50(found).ci[1]


def test_the_slower_chat_is_seen_and_does_not_count() -> None:
    found = compare(recorded_load("A", "B", gate=ALL))
    chat = p50(found)
    assert found.findings == []
    assert chat.verdict == "regression"
    assert chat.ratio == pytest.approx(1.76, abs=0.01)
    assert chat.ci == pytest.approx((1.40, 2.03), abs=0.01)


def test_the_noise_is_larger_than_that_of_pairs() -> None:
    """The reason why the paired instrument decides: 145 pairs of chat give an interval of 1.51 to 1.88."""
    low, high = p50(compare(recorded_load("A", "B", gate=ALL))).ci
    assert np.log(high / low) > 1.5 * np.log(1.88 / 1.51)

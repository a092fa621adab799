"""A whole record compared: what counts, how it adds up, and the words for it."""

from __future__ import annotations

from typing import Any

import pytest

from perf_matrix.compare.compare import compare
from perf_matrix.compare.model import Comparison, EndpointComparison
from perf_matrix.compare.verdicts import worst
from perf_matrix.matrix.model import Arm, Cell
from perf_matrix.record.model import CellRecord, EpochEnd, EpochStart, Fault, Phase

from .records import asked, block, drawn, probe, record, windows

SLOWER = drawn(count=14, effect=1.5)
ONLY_P50: dict[str, Any] = {"metrics": ["p50"]}
ALL: dict[str, Any] = {"metrics": ["queries", "p50"]}


def only(comparison: Comparison) -> EndpointComparison:
    (found,) = comparison.cells[0].endpoints
    return found


def summaries(comparison: Comparison) -> list[str]:
    return [finding.summary for finding in comparison.findings]


def test_a_slower_head_is_a_regression_in_words() -> None:
    found = compare(record(SLOWER, gate=ONLY_P50))
    assert (found.verdict, found.cells[0].verdict, only(found).verdict) == ("regression",) * 3
    assert found.findings[0].metric == "p50"
    assert summaries(found) == [
        "chat: p50 20 -> 29.6 ms (+49 %, 98.3 % interval +46 % to +52 %)",
    ]


def test_a_faster_head_is_an_improvement() -> None:
    found = compare(record(drawn(count=14, effect=0.6), gate=ONLY_P50))
    assert (found.verdict, [finding.verdict for finding in found.findings]) == (
        "improvement",
        ["improvement"],
    )


def test_equal_arms_pass_and_say_what_they_could_have_found() -> None:
    found = compare(record(drawn(count=40, spread=0.05), gate=ONLY_P50))
    assert (found.verdict, found.findings, found.warnings) == ("pass", [], [])
    assert 0.05 < found.gate.detectable["chat/p50"] < 0.15
    assert found.gate.confidence == pytest.approx(0.98)


def test_an_undecided_median_says_what_would_settle_it() -> None:
    found = compare(record(drawn(count=8, spread=0.3), gate=ONLY_P50))
    p50 = only(found).paired
    assert found.verdict == "inconclusive"
    assert p50
    assert p50.p50
    assert "would settle it (--time " in p50.p50.note


def test_more_statements_are_a_regression_with_their_price() -> None:
    found = compare(
        record(windows=asked("chat", {"SELECT 1": 3}, {"SELECT 1": 5}), gate={"metrics": ["queries"]})
    )
    assert found.verdict == "regression"
    assert summaries(found) == [
        "chat: 3 -> 5 SQL statements per request (+2); +2.0 ms per request at a 1 ms round trip"
    ]


def test_other_statements_as_many_are_noted_and_pass() -> None:
    found = compare(
        record(
            windows=asked("chat", {"SELECT id FROM a": 1}, {"SELECT id FROM b": 1}),
            gate={"metrics": ["queries"]},
        )
    )
    assert (found.verdict, only(found).note) == (
        "pass",
        "the same number of SQL statements, but not the same ones",
    )


def test_evicted_counts_are_an_invalid_finding() -> None:
    bad = [*windows("chat", "base", {"SELECT 1": 1}), *windows("chat", "head", {"SELECT 1": 1}, evicted=True)]
    found = compare(record(windows=bad, gate={"metrics": ["queries"]}))
    assert found.verdict == "invalid"
    assert summaries(found)[0].startswith("chat: SQL not counted: head: statements were evicted")


def test_ungated_parts_are_shown_and_do_not_decide() -> None:
    found = compare(record(SLOWER, windows=asked("chat", {"S": 1}, {"S": 9}), gate={"metrics": ["p95"]}))
    assert (found.verdict, found.findings, found.gate.tests) == ("inconclusive", [], 0)
    assert only(found).note == "p95 needs 200 requests per arm, this run has 140: raise --time"
    queries, paired = only(found).queries, only(found).paired
    assert queries
    assert queries.verdict == "regression"
    assert paired
    assert paired.p50
    assert paired.p50.note == "shown, not gated: p50 is not in gate.metrics"
    assert paired.p95
    assert paired.p95.note == "shown, not gated: p95 needs 200 requests per arm"


def test_an_undecided_tail_that_does_not_lean_does_not_spoil_a_pass() -> None:
    found = compare(
        record(drawn(count=40, spread=0.05, seed=3), gate={"metrics": ["p50", "p95"], "min_effect": 0.03})
    )
    paired = only(found).paired
    assert paired
    assert paired.p50
    assert paired.p95
    assert (paired.p50.verdict, paired.p95.gated) == ("pass", True)
    assert only(found).verdict == "pass"


def test_an_undecided_tail_counts_where_it_is_all_there_is() -> None:
    found = compare(record(drawn(count=20, spread=0.3), gate={"metrics": ["p95"]}))
    assert (found.gate.tests, found.verdict) == (1, "inconclusive")


def test_an_endpoint_that_one_arm_does_not_have_is_no_regression() -> None:
    probes = [probe("chat", "base"), probe("chat", "head", present=False)]
    found = compare(record(presence=probes))
    assert (found.verdict, only(found).missing_on) == ("pass", ["head"])
    assert only(found).note == "not in litellm==1.81.1: nothing to compare"


def test_an_endpoint_that_neither_has_is_a_mistake_in_the_workload() -> None:
    probes = [probe("chat", "base", present=False), probe("chat", "head", present=False)]
    found = compare(record(presence=probes))
    assert found.verdict == "invalid"
    assert summaries(found) == ["chat: not found on either arm: check its method and path in the workload"]


def test_failing_on_head_alone_is_the_first_finding() -> None:
    failing = [
        block([20.0] * 8, [20.0] * 8, number=n, failed={"head": 2}, failures=["status 500"]) for n in range(8)
    ]
    found = compare(record(failing, windows=asked("chat", {"S": 1}, {"S": 2}), gate=ALL))
    assert [finding.metric for finding in found.findings] == ["errors", "queries"]
    assert summaries(found)[0] == "chat: 0 -> 16 failed requests of 80, first: status 500"


def test_failing_on_both_is_invalid_and_shows_the_checks() -> None:
    probes = [probe("chat", arm, failures=["status 401, expected 200"]) for arm in ("base", "head")]
    found = compare(record(presence=probes))
    assert found.verdict == "invalid"
    assert summaries(found) == ["chat: failed its checks on both arms: status 401, expected 200"]


def test_failing_at_every_start_is_said_without_counts() -> None:
    probes = [probe("chat", "base"), probe("chat", "head", failures=["status 500"])]
    found = compare(record(presence=probes))
    assert summaries(found) == ["chat: the first request after every start fails on head, first: status 500"]


def test_a_start_that_failed_once_is_a_warning() -> None:
    probes = [probe("chat", "head", failures=["status 500"]), probe("chat", "head", epoch=2)]
    found = compare(record(drawn(count=14), presence=probes, gate=ONLY_P50))
    assert found.warnings[0].startswith("default: chat: a first request after a start failed (status 500)")


def test_stray_failures_are_a_warning_with_a_cure() -> None:
    one = [block([20.0] * 9, [20.0] * 9, number=9, epoch=2, failed={"head": 1}, failures=["status 502"])]
    found = compare(record([*drawn(count=8), *one], gate=ONLY_P50))
    assert any("1 on head (status 502): too few to decide; see" in line for line in found.warnings)


def test_nothing_recorded_is_not_a_pass() -> None:
    found = compare(record())
    assert found.verdict == "invalid"
    assert "nothing was recorded" in only(found).note


def test_too_few_blocks_are_not_a_pass() -> None:
    found = compare(record(drawn(count=4), gate=ONLY_P50))
    assert found.verdict == "inconclusive"
    assert only(found).note == "4 blocks of at least 5 pairs, 8 are needed: raise --time"


def test_one_epoch_is_not_a_pass() -> None:
    found = compare(record(drawn(count=40, spread=0.05, epochs=1), gate=ONLY_P50))
    assert found.verdict == "inconclusive"


def test_a_cell_that_died_early_is_invalid_with_its_last_words() -> None:
    fault = Fault(at=1.0, message="head's proxy ended with exit code 137", log_tail=["Killed"])
    found = compare(record(drawn(count=4), faults=[fault], gate=ONLY_P50))
    assert found.verdict == "invalid"
    assert (found.cells[0].fault, found.cells[0].log_tail) == (fault.message, ["Killed"])
    assert summaries(found) == ["default: head's proxy ended with exit code 137"]


def epochs(ended: int) -> dict[str, Any]:
    """Two epochs that were started, and the first so many of them ended."""
    ready_s: dict[Arm, float] = {"base": 1, "head": 1}
    return {
        "epochs_started": [
            EpochStart(epoch=epoch, started_at=0, ready_s=ready_s, measuring_from=1) for epoch in (0, 1)
        ],
        "epochs_ended": [EpochEnd(epoch=epoch, ended_at=9) for epoch in range(ended)],
    }


@pytest.mark.parametrize(("epochs_ended", "verdict"), [(0, "invalid"), (1, "invalid"), (2, "pass")])
def test_a_fault_is_forgiven_only_where_every_epoch_was_finished(epochs_ended: int, verdict: str) -> None:
    fault = Fault(at=1.0, message="the load generator ended")
    run = record(drawn(count=40, spread=0.05), faults=[fault], gate=ONLY_P50, **epochs(ended=epochs_ended))
    assert compare(run).verdict == verdict


def test_a_forgiven_fault_is_said() -> None:
    fault = Fault(at=1.0, message="the load generator ended")
    run = record(drawn(count=40, spread=0.05), faults=[fault], gate=ONLY_P50, **epochs(ended=2))
    found = compare(run)
    assert (found.verdict, found.warnings) == ("pass", ["default: the load generator ended"])


def test_a_planned_cell_without_a_record_is_invalid() -> None:
    here = CellRecord(cell=Cell(id="a=1", variants={"a": "1"}), blocks=drawn(count=40, spread=0.05))
    there = CellRecord(cell=Cell(id="a=2", variants={"a": "2"}))
    run = record(cells=[here, there], gate=ONLY_P50)
    found = compare(run.model_copy(update={"cells": [here]}))
    assert [cell.verdict for cell in found.cells] == ["pass", "invalid"]
    assert found.verdict == "invalid"


def test_several_cells_share_one_family_and_name_their_figures() -> None:
    cells = [CellRecord(cell=Cell(id=f"a={n}", variants={}), blocks=drawn(count=14, seed=n)) for n in (1, 2)]
    found = compare(record(cells=cells, gate=ONLY_P50))
    assert found.gate.tests == 2
    assert set(found.gate.detectable) == {"a=1/chat/p50", "a=2/chat/p50"}


def test_significance_out_of_reach_is_said_with_the_cure() -> None:
    names = [f"e{n}" for n in range(80)]
    found = [one for name in names for one in drawn(name=name, count=8)]
    (warning,) = compare(record(found, endpoints=names, gate=ONLY_P50)).warnings
    assert warning == (
        "80 of 80 gated quantiles may be unable to reach significance: 8 blocks give p >= 0.00016, times 80"
        " tests is more than 0.01: it needs at least 9 blocks: raise --time, or use fewer endpoints or cells"
    )


def test_the_worst_come_first() -> None:
    found = [
        *drawn(name="a", count=14, effect=1.4),
        *drawn(name="b", count=14, effect=2.5),
        *drawn(name="c", count=14, effect=0.5),
    ]
    counts = asked("d", {"S": 1}, {"S": 2}) + asked("e", {"S": 1}, {"S": 51})
    comparison = compare(record(found, endpoints=list("abcde"), windows=counts, gate=ALL))
    assert [finding.endpoint for finding in comparison.findings] == ["e", "d", "b", "a", "c"]


def test_the_same_version_twice_is_said() -> None:
    found = compare(record(drawn(count=14), specs=("litellm==1.80.5",) * 2, gate=ONLY_P50))
    assert found.warnings == [
        "base and head are both litellm==1.80.5: whatever is found here is a false alarm"
    ]


def test_an_epoch_that_was_cut_off_and_what_reading_dropped_are_said() -> None:
    starts = [
        EpochStart(epoch=n, started_at=0, ready_s={"base": 20.0, "head": 40.0}, measuring_from=1)
        for n in (1, 2)
    ]
    run = record(
        drawn(count=14), gate=ONLY_P50, epochs_started=starts, epochs_ended=[EpochEnd(epoch=1, ended_at=9)]
    )
    found = compare(run.model_copy(update={"notes": ["a torn line was dropped"]}))
    assert found.warnings == [
        "default: epoch 2 was not finished; perf-matrix run --resume goes on with it",
        "a torn line was dropped",
    ]
    assert (found.cells[0].ready_s.base, found.cells[0].ready_s.head) == (20.0, 40.0)


def test_phases_add_up() -> None:
    phases = [
        Phase(name=n, started_at=0, seconds=s, measuring=m)
        for n, s, m in [("start", 3, False), ("paired", 5, True), ("paired", 7, True)]
    ]
    timings = compare(record().model_copy(update={"phases": phases})).timings
    assert (timings.total_s, timings.measuring_s, timings.phases) == (15, 12, {"start": 3, "paired": 12})


def test_the_order_of_verdicts() -> None:
    assert worst(["pass", "improvement", "inconclusive", "invalid", "regression"]) == "regression"
    assert worst(["pass", "improvement", "inconclusive", "invalid"]) == "invalid"
    assert worst(["pass", "improvement", "inconclusive"]) == "inconclusive"
    assert worst(["pass", "improvement"]) == "improvement"
    assert worst([]) == "pass"

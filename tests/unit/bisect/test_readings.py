"""What a run says of each symptom: counts, answers, latencies, failures under load, memory."""

from __future__ import annotations

from math import log

import pytest

from perf_matrix.bisect.readings import counted, estimated, is_reading
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.record.model import PairedBlock
from tests.unit.compare.records import asked, block, drawn, probe, record, windows
from tests.unit.compare.slots import failing, soaked

CHAT = Symptom("default", "chat", "queries")
ANSWERS = Symptom("default", "chat", "answers")
BOTH_THERE = [probe("chat", "base"), probe("chat", "head")]


def test_statements_for_each_request() -> None:
    run = record(presence=BOTH_THERE, windows=asked("chat", {"SELECT 1": 2}, {"SELECT 1": 2, "SELECT 2": 1}))
    base, head = counted(run, "base"), counted(run, "head")
    assert base[CHAT].value == 2
    assert head[CHAT].value == 3
    assert (base[CHAT].statements, head[CHAT].statements) == ({"SELECT 1": 2.0}, {"SELECT 1": 3.0})
    assert base[ANSWERS].value == head[ANSWERS].value == 1


def test_an_endpoint_that_is_not_there() -> None:
    presence = [probe("chat", "base"), probe("chat", "head", present=False)]
    run = record(presence=presence, windows=windows("chat", "base", {"SELECT 1": 1}))
    head = counted(run, "head")
    assert head[ANSWERS].value is None
    assert head[CHAT].value is None
    # That it is not there is an exact reading, too.
    assert is_reading(head[CHAT], CHAT)
    assert is_reading(head[ANSWERS], ANSWERS)


def test_an_endpoint_that_answers_in_one_epoch_only_answers() -> None:
    presence = [probe("chat", "head", epoch=1, failures=["status 503"]), probe("chat", "head", epoch=2)]
    assert counted(record(presence=presence), "head")[ANSWERS].value == 1


def test_an_endpoint_that_does_not_answer_as_it_should() -> None:
    presence = [probe("chat", "head", epoch=epoch, failures=["status 500"]) for epoch in (1, 2)]
    found = counted(record(presence=presence), "head")
    assert found[ANSWERS].value == 0
    assert found[ANSWERS].because == "status 500"
    assert is_reading(found[ANSWERS], ANSWERS)
    assert found[CHAT].because == "no request to it was counted"
    assert not is_reading(found[CHAT], CHAT)


def test_a_count_that_is_not_exact() -> None:
    run = record(presence=BOTH_THERE, windows=windows("chat", "head", {"SELECT 1": 1}, evicted=True))
    found = counted(run, "head")[CHAT]
    assert found.value is None
    assert "evicted" in found.because
    assert not is_reading(found, CHAT)


def test_windows_that_do_not_agree() -> None:
    one, two = windows("chat", "head", {"SELECT 1": 1}), windows("chat", "head", {"SELECT 1": 2})
    found = counted(record(presence=BOTH_THERE, windows=[one[0], two[1]]), "head")[CHAT]
    assert found.value is None
    assert found.because


def test_what_was_never_asked_for_has_no_reading() -> None:
    assert counted(record(presence=[probe("chat", "base")]), "head") == {}


def test_how_much_longer_head_takes() -> None:
    found = estimated(record(drawn(effect=1.5, count=24)))
    p50 = found[Symptom("default", "chat", "p50")]
    assert p50.estimate == pytest.approx(log(1.5), abs=0.05)
    assert p50.blocks == 24
    assert p50.block_variance > 0


def test_too_few_blocks_tell_nothing() -> None:
    assert estimated(record(drawn(count=3))) == {}
    assert Symptom("default", "chat", "p50") in estimated(record(drawn(count=4)))


def test_failures_under_load_are_a_difference_of_shares() -> None:
    run = record(slots=failing([0, 0, 4, 0], [10, 10, 14, 10]))
    found = estimated(run)[Symptom("default", "chat", "errors")]
    assert found.estimate == pytest.approx(0.25)
    assert found.blocks == 4
    few = record(slots=failing([0, 0, 0], [10, 10, 10]))
    assert Symptom("default", "chat", "errors") not in estimated(few)


def failed_pairs(count: int) -> list[PairedBlock]:
    """Blocks of ten pairs, of which in each so many failed on head."""
    return [
        block([20.0] * (10 - count), [20.0] * (10 - count), number=number, failed={"head": count})
        for number in range(6)
    ]


def test_failures_in_pairs() -> None:
    found = estimated(record(failed_pairs(3)))[Symptom("default", "chat", "errors")]
    assert found.estimate == pytest.approx(0.3)


def test_what_fails_under_load_and_not_in_pairs() -> None:
    run = record(failed_pairs(0), slots=failing([0] * 4, [20] * 4))
    assert estimated(run)[Symptom("default", "chat", "errors")].estimate == pytest.approx(0.5)


def test_what_no_load_was_sent_to_is_told_by_pairs() -> None:
    run = record(failed_pairs(3), slots=failing([0] * 4, [9] * 4, name="users"), endpoints=("chat", "users"))
    found = estimated(run)
    assert found[Symptom("default", "chat", "errors")].estimate == pytest.approx(0.3)
    assert found[Symptom("default", "users", "errors")].estimate == pytest.approx(9 / 40)
    nothing = record(slots=failing([0] * 4, [9] * 4), endpoints=("chat", "users"))
    assert Symptom("default", "users", "errors") not in estimated(nothing)


def test_memory_grows_by_so_many_bytes_more() -> None:
    soaks = [
        soaked("base", [100.0] * 30),
        soaked("head", [100.0 + number for number in range(30)]),
    ]
    found = estimated(record(soaks=soaks))[Symptom("default", "", "memory")]
    # A megabyte for each 100 requests.
    assert found.estimate == pytest.approx(10e6)
    assert Symptom("default", "", "memory") not in estimated(record(soaks=soaks[:1]))
    short = [soaked("base", [100.0] * 4), soaked("head", [100.0, 101.0, 102.0, 103.0])]
    assert estimated(record(soaks=short)) == {}

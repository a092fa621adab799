"""What the measurements say together: the newest values, doubts, contradictions, comparisons, what things take."""

from __future__ import annotations

from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.store import Purpose, Skip, Trial
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.record.model import PairedBlock, RunRecord
from tests.unit.compare.records import asked, drawn, probe, record, windows

CHAT = Symptom("default", "chat", "queries")
P50 = Symptom("default", "chat", "p50")


def trial(base: str, head: str, purpose: Purpose = "count", seconds: float = 10.0) -> Trial:
    return Trial(
        run="0001", purpose=purpose, subjects={"base": base, "head": head}, host="here", seconds=seconds
    )


def alone(spec: str) -> Trial:
    return Trial(run="0001", purpose="count", subjects={"head": spec}, host="here", seconds=10.0)


def skip(spec: str, reason: str = "it ended") -> Skip:
    return Skip(spec=spec, reason=reason, host="here", seconds=1.0)


def counting(base: int, head: int, blocks: list[PairedBlock] | None = None) -> RunRecord:
    return record(
        blocks or [],
        presence=[probe("chat", "base"), probe("chat", "head")],
        windows=asked("chat", {"SELECT 1": base}, {"SELECT 1": head}),
    )


def unclear() -> RunRecord:
    return record(
        presence=[probe("chat", "head")], windows=windows("chat", "head", {"SELECT 1": 1}, evicted=True)
    )


def test_the_newest_value_counts() -> None:
    knowledge = Knowledge()
    knowledge.add(trial("a", "b"), counting(1, 2))
    knowledge.add(trial("b", "c"), counting(3, 3))
    assert knowledge.values(CHAT) == {"a": 1.0, "b": 3.0, "c": 3.0}
    assert [one.value for one in knowledge.readings(CHAT, "b")] == [2.0, 3.0]
    assert knowledge.contradictions(CHAT) == ["b"]
    assert (knowledge.runs("a"), knowledge.runs("b"), knowledge.runs("z")) == (1, 2, 0)
    assert (knowledge.versions, knowledge.trials, knowledge.starts) == (3, 2, 8)


def test_asking_for_what_is_not_known_makes_nothing_known() -> None:
    knowledge = Knowledge()
    assert knowledge.values(CHAT) == {}
    assert knowledge.readings(CHAT, "a") == []
    assert knowledge.doubt(CHAT, "a") == ""
    assert knowledge.contradictions(CHAT) == []
    assert knowledge.comparison(P50, "a", "b") is None
    assert knowledge.usual_s("count") is None


def test_a_count_that_is_not_exact_twice_is_doubtful() -> None:
    knowledge = Knowledge()
    knowledge.add(alone("a"), unclear())
    assert knowledge.doubt(CHAT, "a") == ""
    knowledge.add(alone("a"), unclear())
    assert "evicted" in knowledge.doubt(CHAT, "a")
    assert knowledge.values(CHAT) == {}
    knowledge.add(trial("z", "a"), counting(0, 4))
    assert knowledge.doubt(CHAT, "a") == ""
    assert knowledge.values(CHAT)["a"] == 4


def test_the_last_reason_to_skip_counts() -> None:
    knowledge = Knowledge()
    knowledge.skip(skip("a", "first"))
    knowledge.skip(skip("a", "second"))
    assert {spec: line.reason for spec, line in knowledge.skipped.items()} == {"a": "second"}


def test_what_was_measured_after_all_is_not_skipped() -> None:
    knowledge = Knowledge()
    knowledge.skip(skip("a"))
    knowledge.skip(skip("c"))
    knowledge.add(trial("a", "b"), counting(1, 1))
    assert set(knowledge.skipped) == {"c"}


def test_comparisons_go_by_their_base() -> None:
    knowledge = Knowledge()
    for head, effect in (("b", 1.2), ("c", 1.5), ("b", 1.3)):
        knowledge.add(trial("a", head, "compare"), counting(1, 1, drawn(effect=effect)))
    knowledge.add(trial("b", "c", "confirm"), counting(1, 1, drawn(effect=1.1)))
    assert [one.head for one in knowledge.comparisons(P50, "a")] == ["b", "c", "b"]
    newest = knowledge.comparison(P50, "a", "b")
    assert newest == knowledge.comparisons(P50, "a")[-1]
    assert knowledge.comparison(P50, "c", "b") is None


def test_a_version_alone_compares_with_nothing() -> None:
    knowledge = Knowledge()
    knowledge.add(alone("a"), counting(1, 1, drawn()))
    assert knowledge.comparisons(P50, "a") == []


def test_what_a_measurement_takes_is_the_longest_of_the_last_three() -> None:
    knowledge = Knowledge()
    for seconds in (99.0, 10.0, 30.0, 20.0):
        knowledge.add(trial("a", "b", "confirm", seconds), counting(1, 1))
    assert knowledge.usual_s("confirm") == 30.0
    assert knowledge.usual_s("count") is None

"""Changes as culprits: figures, direction, how sure, what confirming showed."""

from __future__ import annotations

from math import log

import pytest

from perf_matrix.bisect.confirming import Boundary
from perf_matrix.bisect.culprits import exact_culprit, noisy_culprit
from perf_matrix.bisect.evidence import Evidence, evidence_of
from perf_matrix.bisect.figures import estimated_figure, exact_figure, level_figure, reference_figure
from perf_matrix.bisect.model import Culprit, Direction, Metric
from perf_matrix.bisect.readings import Estimated
from perf_matrix.bisect.search.exact import Change
from perf_matrix.bisect.search.noisy import BelievedChange
from perf_matrix.bisect.symptom import Symptom
from tests.unit.compare.records import asked, drawn, probe, record

ERRORS = Symptom("default", "chat", "errors")
P50 = Symptom("default", "chat", "p50")
QUERIES = Symptom("default", "chat", "queries")
HERE = Boundary(3, 4)
THERE = [probe("chat", "base"), probe("chat", "head")]


def exact(
    before: float | None, after: float | None, metric: Metric = "queries", evidence: Evidence | None = None
) -> Culprit:
    change = Change(3, 4, before, after, resolved=True)
    return exact_culprit(
        Symptom("default", "chat", metric), change, {HERE: evidence} if evidence is not None else {}
    )


def noisy(jump: float, evidence: Evidence | None = None, symptom: Symptom = P50) -> Culprit:
    change = BelievedChange(3, 4, (), jump, jump - 0.1, jump + 0.1, 0.0, jump, 0.97)
    return noisy_culprit(symptom, change, {HERE: evidence} if evidence is not None else {})


def counting(base: int, head: int) -> Evidence:
    statements = [{f"SELECT id FROM {name}": 1 for name in "abcdef"[:count]} for count in (base, head)]
    return evidence_of([record(presence=THERE, windows=asked("chat", *statements))])


@pytest.mark.parametrize(
    ("metric", "before", "after", "expected"),
    [
        ("queries", 1.0, 3.0, "worse"),
        ("queries", 3.0, 1.0, "better"),
        ("queries", None, 1.0, "worse"),
        ("queries", 1.0, None, "worse"),
        ("answers", 1.0, 0.0, "worse"),
        ("answers", 0.0, 1.0, "better"),
        ("answers", 1.0, None, "worse"),
    ],
)
def test_direction(metric: Metric, before: float | None, after: float | None, expected: Direction) -> None:
    assert exact(before, after, metric).direction == expected


def test_suspects_are_what_lies_between() -> None:
    change = Change(3, 6, 0.0, 1.0, resolved=True)
    culprit = exact_culprit(QUERIES, change, {})
    assert (culprit.parent, culprit.version, culprit.suspects) == (3, 6, [4, 5])


def test_a_count_is_certain_until_it_is_contradicted() -> None:
    assert exact(1.0, 3.0).confidence == 1
    assert exact(1.0, 3.0).confirmation is None
    agreed = exact(1.0, 3.0, evidence=counting(1, 3))
    assert agreed.confidence == 1
    assert agreed.confirmation is not None
    assert agreed.confirmation.agreed
    other = exact(1.0, 3.0, evidence=counting(1, 2))
    assert other.confidence == 0
    assert other.confirmation is not None
    assert not other.confirmation.agreed
    assert other.confirmation.after.value == 2


def test_the_statements_that_came_and_went() -> None:
    came = exact(1.0, 3.0, evidence=counting(1, 3))
    assert [one.statement for one in came.added] == ["SELECT id FROM b", "SELECT id FROM c"]
    assert came.removed == []
    went = exact(3.0, 1.0, evidence=counting(3, 1))
    assert [one.statement for one in went.removed] == ["SELECT id FROM b", "SELECT id FROM c"]


def test_a_confirming_run_without_a_count_confirms_nothing() -> None:
    evidence = evidence_of([record(presence=THERE)])
    assert evidence.readings(QUERIES) is None
    assert exact(1.0, 3.0, evidence=evidence).confirmation is None


def test_what_answers_on_one_side_only_is_confirmed() -> None:
    presence = [probe("chat", "base"), probe("chat", "head", present=False)]
    culprit = exact(1.0, None, "answers", evidence=evidence_of([record(presence=presence)]))
    assert culprit.confirmation is not None
    assert culprit.confirmation.agreed
    assert culprit.confirmation.after.value is None


def test_a_count_is_confirmed_with_its_latency() -> None:
    run = record(drawn(effect=1.5), presence=THERE, windows=asked("chat", {"SELECT 1": 1}, {"SELECT 1": 3}))
    confirmation = exact(1.0, 3.0, evidence=evidence_of([run])).confirmation
    assert confirmation is not None
    assert confirmation.p50 is not None
    assert confirmation.p50.ratio == pytest.approx(1.5, rel=0.06)
    assert confirmation.p50.ci[0] < confirmation.p50.ratio < confirmation.p50.ci[1]


def test_a_latency_is_as_sure_as_it_is_believed() -> None:
    culprit = noisy(log(1.5))
    assert culprit.confidence == 0.97
    assert culprit.direction == "worse"
    assert noisy(-0.3).direction == "better"
    assert culprit.before.value == 1
    assert culprit.after.value == pytest.approx(1.5)
    # The interval is that of the jump.
    assert culprit.after.low == pytest.approx(1.5 * 0.905, rel=0.01)
    assert culprit.after.high == pytest.approx(1.5 * 1.105, rel=0.01)


@pytest.mark.parametrize(
    ("effect", "agreed", "note"),
    [(1.5, True, ""), (1.0, False, "side by side the two are alike"), (0.6, False, "")],
)
def test_a_latency_confirmed(effect: float, agreed: bool, note: str) -> None:  # noqa: FBT001 - a parameter
    confirmation = noisy(log(1.5), evidence_of([record(drawn(effect=effect, count=24))])).confirmation
    assert confirmation is not None
    assert (confirmation.agreed, confirmation.note) == (agreed, note)
    assert confirmation.before.value == 1
    assert confirmation.after.value == pytest.approx(effect, rel=0.06)


def test_a_confirming_run_without_latencies_confirms_none() -> None:
    assert noisy(log(1.5), counting(1, 1)).confirmation is None


def test_figures_in_their_own_units() -> None:
    one = Estimated(0.2, 0.04, 16)
    share = estimated_figure(ERRORS, one)
    assert share.value == 0.2
    ratio = estimated_figure(P50, one)
    assert ratio.value == pytest.approx(1.2214, abs=1e-4)
    for figure in (share, ratio):
        assert figure.low is not None
        assert figure.high is not None
        assert figure.value is not None
        assert figure.low < figure.value < figure.high
    assert reference_figure(ERRORS).value == 0
    assert reference_figure(P50).value == 1
    assert level_figure(ERRORS, 0.5, 0.25, 0.75).high == 0.75
    assert exact_figure(None).note == "the endpoint is not there"
    assert exact_figure(2.0).note == ""

"""Which differences between the ends are searched for, and what is said of those that were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from perf_matrix.bisect.ends import (
    Ends,
    Wanted,
    find_symptoms,
    suspected_failures,
    with_failures_of,
)
from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.model import Metric
from perf_matrix.bisect.store import Trial
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.compare.model import (
    Both,
    Comparison,
    EndpointComparison,
    EndpointLoad,
    Errors,
    Soak,
    Verdict,
)
from perf_matrix.matrix.model import Arm
from perf_matrix.record.model import Presence, QueryWindow
from tests.unit.compare.records import probe, record, windows
from tests.unit.report.builders import cell, comparison, endpoint, paired, quantile

ARMS: tuple[Arm, Arm] = ("base", "head")


def symptom(metric: Metric, name: str = "chat") -> Symptom:
    return Symptom("default", name, metric)


def ends_of(counts: Sequence[Mapping[str, tuple[int | None, int | None]]]) -> Knowledge:
    """Runs of both ends, 'good' and 'bad': statements of each endpoint; None where it is not there."""
    knowledge = Knowledge()
    for run in counts:
        presence: list[Presence] = []
        counted: list[QueryWindow] = []
        for name, values in run.items():
            for arm, value in zip(ARMS, values, strict=True):
                presence.append(probe(name, arm, present=value is not None))
                if value is not None:
                    counted += windows(name, arm, {"SELECT 1": value})
        subjects: dict[Arm, str] = {"base": "good", "head": "bad"}
        trial = Trial(run="0001", purpose="ends", subjects=subjects, host="here", seconds=1)
        knowledge.add(trial, record(presence=presence, windows=counted, endpoints=list(run)))
    return knowledge


def found(
    *counts: Mapping[str, tuple[int | None, int | None]],
    on: tuple[str, ...] = (),
    compared: Comparison | None = None,
) -> Ends:
    knowledge = ends_of(counts)
    return find_symptoms(knowledge, "good", "bad", compared or comparison("pass", cell()), Wanted(on))


def one_cell(*endpoints: EndpointComparison, **more: Any) -> Comparison:
    return comparison("pass", cell(*endpoints).model_copy(update=more))


def test_counts_that_differ() -> None:
    told = found(*[{"chat": (1, 2), "users": (3, 3), "keys": (4, 2)}] * 2)
    assert told == Ends([symptom("queries"), symptom("queries", "keys")], [], [])


def test_counts_that_are_not_the_same_in_both_runs() -> None:
    runs: list[dict[str, tuple[int | None, int | None]]] = [{"chat": (1, 2)}, {"chat": (1, 3)}]
    assert found(*runs) == Ends([], [], [symptom("queries")])
    # What varies alike at both ends is no news to anybody who did not ask.
    alike: list[dict[str, tuple[int | None, int | None]]] = [{"chat": (1, 2)}, {"chat": (2, 1)}]
    assert found(*alike) == Ends([], [], [])
    assert found(*alike, on=("chat/queries",)) == Ends([], [], [symptom("queries")])


def test_an_endpoint_that_is_gone_is_one_symptom() -> None:
    assert found(*[{"chat": (2, None)}] * 2).symptoms == [symptom("answers")]


def test_an_endpoint_that_appeared() -> None:
    assert found(*[{"chat": (None, 2)}] * 2).symptoms == []
    asked = found(*[{"chat": (None, 2)}] * 2, on=("chat",))
    assert asked.symptoms == [symptom("answers"), symptom("queries")]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (("chat",), ["chat/queries"]),
        (("chat-*",), ["chat-key/queries"]),
        (("chat*",), ["chat/queries", "chat-key/queries"]),
        (("*/queries",), ["chat/queries", "chat-key/queries", "users/queries"]),
        (("*/p50",), []),
        (("users/q*", "chat/*"), ["chat/queries", "users/queries"]),
        (("CHAT",), []),
    ],
)
def test_what_is_asked_for(on: tuple[str, ...], expected: list[str]) -> None:
    told = found(*[{"chat": (1, 2), "chat-key": (1, 3), "users": (0, 1)}] * 2, on=on)
    assert [f"{one.endpoint}/{one.metric}" for one in told.symptoms] == expected


def test_what_is_asked_for_and_does_not_differ() -> None:
    compared = one_cell(endpoint("chat", paired=paired(quantile(20.0), quantile(30.0))))
    told = found(*[{"chat": (1, 2), "users": (1, 1)}] * 2, on=("chat", "users/queries"), compared=compared)
    assert told.symptoms == [symptom("queries")]
    assert set(told.alike) == {
        symptom("answers"),
        symptom("queries", "users"),
        symptom("p50"),
        symptom("p95"),
    }


def test_the_lowest_quantile_that_regressed_stands_for_those_above() -> None:
    slow = paired(quantile(20.0, 1.01), quantile(30.0, 1.4, "regression"), quantile(40.0, 1.5, "regression"))
    told = found({"chat": (1, 1)}, {"chat": (1, 1)}, compared=one_cell(endpoint("chat", paired=slow)))
    assert told.symptoms == [symptom("p95")]
    asked = found(*[{"chat": (1, 1)}] * 2, on=("chat/p99",), compared=one_cell(endpoint("chat", paired=slow)))
    assert asked.symptoms == [symptom("p99")]


def test_a_quantile_that_is_not_gated_is_none() -> None:
    slow = paired(quantile(20.0, 1.5, "regression", gated=False), None)
    assert found({"chat": (1, 1)}, compared=one_cell(endpoint("chat", paired=slow))).symptoms == []


def test_an_improvement_only_where_it_is_asked_for() -> None:
    compared = one_cell(endpoint("chat", paired=paired(quantile(20.0, 0.6, "improvement"), None)))
    assert found(*[{"chat": (1, 1)}] * 2, compared=compared).symptoms == []
    assert found(*[{"chat": (1, 1)}] * 2, on=("chat/p50",), compared=compared).symptoms == [symptom("p50")]


def test_failures_under_load() -> None:
    load = EndpointLoad(
        slots=8,
        requests=Both(base=100, head=100),
        errors=Both(base=0, head=20),
        verdict="regression",
    )
    compared = one_cell(endpoint("chat", load=load))
    assert found(*[{"chat": (1, 1)}] * 2, compared=compared).symptoms == [symptom("errors")]
    calm = one_cell(endpoint("chat", load=load.model_copy(update={"verdict": "pass"})))
    assert found(*[{"chat": (1, 1)}] * 2, compared=calm).symptoms == []


def test_failures_in_pairs() -> None:
    failed = Errors(base=0, head=20, requests=400, verdict="regression")
    compared = one_cell(endpoint("chat", errors=failed))
    assert found(*[{"chat": (1, 1)}] * 2, compared=compared).symptoms == [symptom("errors")]


def failing(base: int, head: int, verdict: Verdict = "pass", requests: int = 80) -> Comparison:
    errors = Errors(base=base, head=head, requests=requests, verdict=verdict)
    return one_cell(endpoint("chat", errors=errors, paired=paired(quantile(20.0), None)))


@pytest.mark.parametrize(
    ("compared", "on", "suspected"),
    [
        (failing(0, 4), (), True),
        (failing(0, 4), ("chat/p50",), False),
        (failing(2, 2), (), False),
        (failing(4, 0), (), False),
        (failing(0, 20, "regression"), (), False),
        (failing(60, 60, "invalid"), ("chat/errors",), False),
        # Asked for by its name, it is looked for though no request failed.
        (failing(0, 0), ("chat/errors",), True),
        (failing(0, 0), ("chat",), False),
        (failing(0, 0), (), False),
        (one_cell(endpoint("chat", paired=None)), ("chat/errors",), False),
    ],
)
def test_failures_to_look_at_for_longer(
    compared: Comparison, on: tuple[str, ...], *, suspected: bool
) -> None:
    assert suspected_failures(compared, Wanted(on)) == ([symptom("errors")] if suspected else [])


def test_what_a_longer_run_says_of_failures_counts() -> None:
    told = with_failures_of(failing(0, 4), failing(1, 40, "regression", requests=800))
    assert found(*[{"chat": (1, 1)}] * 2, compared=told).symptoms == [symptom("errors")]
    (cell_of,) = told.cells
    assert cell_of.endpoints[0].paired == failing(0, 4).cells[0].endpoints[0].paired
    calm = with_failures_of(failing(0, 4), failing(3, 3, requests=800))
    assert found(*[{"chat": (1, 1)}] * 2, compared=calm) == Ends([], [], [])
    assert found(*[{"chat": (1, 1)}] * 2, compared=calm, on=("chat/errors",)).alike == [symptom("errors")]
    elsewhere = with_failures_of(failing(0, 4), comparison("pass", cell(endpoint("keys"))))
    assert elsewhere == failing(0, 4)


def test_failures_that_are_too_few_are_said_to_be_undecided() -> None:
    told = found(*[{"chat": (1, 1)}] * 2, compared=failing(0, 4), on=("chat/errors",))
    assert (told.symptoms, told.alike) == ([], [])
    assert told.undecided == [(symptom("errors"), "too few requests failed to decide")]


def soak(note: str, head: float | None = 9e6) -> Soak:
    return Soak(
        seconds=60,
        requests=Both(base=100, head=100),
        growth=Both(base=0.0, head=head),
        confidence=0.98,
        start_bytes=Both(base=1e8, head=1e8),
        end_bytes=Both(base=1e8, head=2e8),
        note=note,
    )


def test_memory_that_grows() -> None:
    memory = Symptom("default", "", "memory")
    leaking = one_cell(soak=soak("head's memory grows by 9 MB more"))
    assert found(*[{"chat": (1, 1)}] * 2, compared=leaking).symptoms == [memory]
    assert found(*[{"chat": (1, 1)}] * 2, compared=leaking, on=("*/memory",)).symptoms == [memory]
    assert found(*[{"chat": (1, 1)}] * 2, compared=leaking, on=("chat",)).symptoms == []
    for quiet in (soak(""), soak("too few samples of the memory", head=None)):
        assert found(*[{"chat": (1, 1)}] * 2, compared=one_cell(soak=quiet)).symptoms == []


def test_each_cell_by_itself() -> None:
    slow = endpoint("chat", paired=paired(quantile(20.0, 1.5, "regression"), None))
    compared = comparison("regression", cell(slow, workers="one"), cell(endpoint("chat"), workers="four"))
    assert found(compared=compared).symptoms == [Symptom("workers=one", "chat", "p50")]

"""The sentences of a bisect: the answer first, how sure it is, what is left open."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.bisect.model import Bisection, Culprit, Stretch, Version
from perf_matrix.bisect.report import answers, culprit_sentence, figures, sentences

from .samples import RELEASES, SAMPLES, bisection, confirmed, culprit, figure, points, releases, symptom


def one(metric: str, before: float | None, after: float | None, **changes: Any) -> tuple[Bisection, Culprit]:
    found = culprit(2, 1, before, after, **changes)
    what = symptom(
        "chat", metric, figure(before), figure(after), culprits=[found], points=points({1: before, 2: after})
    )
    return bisection(releases(RELEASES[:3], [0, 1, 2]), what), found


def said(metric: str, before: float | None, after: float | None, **changes: Any) -> str:
    found, made = one(metric, before, after, **changes)
    return culprit_sentence(found, found.symptoms[0], made)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "exact-releases",
            (
                "1.80.9 made chat-virtual-key issue 2 SQL statements per request instead of 0"
                " (certain: counted in 4 runs)."
            ),
        ),
        (
            "not-reproduced",
            "Not reproduced: litellm==1.80.5 and litellm==1.80.10 behave alike in all that was measured.",
        ),
        (
            "narrowed",
            (
                "Not finished: user-list, p50 latency +14% [+11%, +17%] against the good end:"
                " one of 1.80.9, 1.80.10, 1.80.11, 1.80.15 (61% sure so far)."
            ),
        ),
        (
            "several-suspects",
            (
                "One of 1.80.10, 1.80.11, 1.80.15, 1.80.16 (1.80.10 and 1.80.11 could not be started: exit code 1;"
                " 1.80.15 could not be installed: no matchi…tokenizers==0.19) made chat-virtual-key issue 2 SQL"
                " statements per request instead of 1 (certain: counted in 4 runs)."
            ),
        ),
        ("one-step", "1.80.6 made chat issue 1 SQL statement per request instead of 2 (certain: counted in 4 runs)."),
    ],
)  # fmt: skip
def test_the_first_line_is_the_answer(name: str, line: str) -> None:
    assert answers(SAMPLES[name]())[0] == line


@pytest.mark.parametrize(
    ("metric", "before", "after", "line"),
    [
        ("p50", 1.0, 1.5, "1.80.7 made chat slower: p50 +50% (90% sure)."),
        ("p95", 1.5, 1.2, "1.80.7 made chat faster: p95 -20% (90% sure)."),
        ("errors", 0.0, 0.08, "1.80.7 made chat fail more often: 0% → +8.0% of its requests (90% sure)."),
        ("memory", 0.0, 2.5e6, "1.80.7 made the memory of chat grow more under load: 0 → +2.5 MB (90% sure)."),
    ],
)  # fmt: skip
def test_what_is_estimated(metric: str, before: float, after: float, line: str) -> None:
    assert said(metric, before, after, confidence=0.9) == line


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (1, 0, "1.80.7 made chat stop answering as it should (certain: checked in 4 runs)."),
        (0, 1, "1.80.7 made chat answer again (certain: checked in 4 runs)."),
        (None, 1, "1.80.7 brought chat (certain: checked in 4 runs)."),
        (None, 0, "1.80.7 brought chat, which does not answer as it should (certain: checked in 4 runs)."),
        (1, None, "1.80.7 removed chat (certain: checked in 4 runs)."),
    ],
)
def test_whether_it_answers(before: float | None, after: float | None, line: str) -> None:
    assert said("answers", before, after) == line


def test_an_endpoint_that_comes_has_no_count_before() -> None:
    assert said("queries", None, 3) == "1.80.7 brought chat (certain: counted in 4 runs)."


def test_a_latency_is_told_as_it_was_measured_side_by_side() -> None:
    line = said("p50", 1.0, 1.5, confidence=0.9, confirmation=confirmed(1.0, 1.4, (20.0, 28.0)))
    assert line == "1.80.7 made chat slower: p50 20.0 → 28.0 ms, +40% [+36%, +45%] (90% sure)."


def test_what_was_not_confirmed_is_not_certain() -> None:
    line = said("queries", 0, 1, confirmation=confirmed(0, 0, agreed=False, note="it was 0 on both"))
    assert (
        line
        == "1.80.7 made chat issue 1 SQL statement per request instead of 0 (not confirmed when measured afresh)."
    )


def test_several_changes_of_one_version_are_one_sentence() -> None:
    found, _ = one("queries", 0, 1)
    more = [found.symptoms[0].model_copy(update={"endpoint": name}) for name in ("users", "keys")]
    (line,) = answers(found.model_copy(update={"symptoms": [*found.symptoms, *more]}))
    assert line.endswith("(certain: counted in 4 runs); it changed 2 more symptoms.")


def test_no_more_than_a_handful_of_answers_are_told_first() -> None:
    versions = releases(RELEASES, range(12))
    steps = [culprit(place, place - 1, place - 1, place) for place in range(1, 8)]
    found = bisection(versions, symptom("chat", "queries", figure(0), figure(7), culprits=steps))
    assert len(answers(found)) == 5
    assert answers(found)[-1] == "And 3 more, below."


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ([(0, 1), (1, 3)], "1.80.6 raised it 0 → 1, 1.80.7 raised it 1 → 3: +3 together."),
        ([(0, 3), (3, 1)], "1.80.6 raised it 0 → 3, 1.80.7 lowered it 3 → 1: 1 is left."),
        ([(1, 4), (4, 3)], "1.80.6 raised it 1 → 4, 1.80.7 lowered it 4 → 3: 2 are left."),
        ([(0, 3), (3, 0)], "1.80.6 raised it 0 → 3, 1.80.7 lowered it 3 → 0: nothing is left."),
        ([(2, 3), (3, 1)], "1.80.6 raised it 2 → 3, 1.80.7 lowered it 3 → 1: 1 fewer than before."),
        ([(0, 1)], ""),
    ],
)
def test_several_culprits_come_to_a_sum(steps: list[tuple[float, float]], line: str) -> None:
    found = [culprit(place, place - 1, *step) for place, step in enumerate(steps, start=1)]
    what = symptom("chat", "queries", figure(0), figure(1), culprits=found)
    assert sentences.together(releases(RELEASES[:3], [0, 1, 2]), what) == line


def test_latencies_come_to_a_product() -> None:
    found = [culprit(1, 0, 1.0, 1.2, confidence=0.9), culprit(2, 1, 1.2, 1.5, confidence=0.9)]
    what = symptom("chat", "p50", figure(1.0), figure(1.5), culprits=found)
    line = sentences.together(releases(RELEASES[:3], [0, 1, 2]), what)
    assert line == "1.80.6 raised it 0% → +20%, 1.80.7 raised it +20% → +50%: +50% together."


def test_what_explains_a_latency_is_named() -> None:
    found = SAMPLES["exact-releases"]()
    assert (
        next(sentences.state_words(found, found.symptoms[2]))
        == "Explained by what 1.80.9 changed in its SQL."
    )


def test_what_was_not_measured_is_not_compared() -> None:
    missing = figure(None, note="it was not measured")
    assert figures.span("p50", missing, missing) == "it was not measured"


def test_more_stretches_than_can_be_read_are_counted() -> None:
    stretches = [Stretch(first=place, last=place + 2) for place in range(0, 10, 2)]
    line = sentences.unseen(releases(RELEASES, [0]), stretches)
    assert line.startswith(
        "Not looked into, as their ends are alike: 1.80.5 to 1.80.7, 1.80.7 to 1.80.9, 1.80.9 to 1.80.11 and 2 more"
    )
    assert "--scan" in line
    assert sentences.unseen([], []) == ""


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("could not be started: exit code 1", "1.80.6 could not be started: exit code 1"),
        ("exit code 1", "1.80.6 could not be measured: exit code 1"),
        ("", "1.80.6 could not be measured"),
    ],
)
def test_why_a_culprit_is_one_of_several(reason: str, words: str) -> None:
    found, made = one("queries", 0, 1)
    versions = [*found.versions]
    versions[1] = Version(spec="x", label="1.80.6", state="skipped", reason=reason)
    made = made.model_copy(update={"parent": 0, "suspects": [1]})
    found = found.model_copy(update={"versions": versions})
    line = culprit_sentence(found, found.symptoms[0], made)
    assert line.startswith(f"One of 1.80.6, 1.80.7 ({words}) made chat issue 1 SQL statement")


def test_many_suspects_are_counted() -> None:
    versions = releases([f"1.{n}" for n in range(20)], [0, 19], dict.fromkeys(range(1, 19), "no wheel"))
    made = culprit(19, 0, 0, 1, suspects=list(range(1, 19)))
    found = bisection(versions, symptom("chat", "queries", figure(0), figure(1), culprits=[made]))
    line = culprit_sentence(found, found.symptoms[0], made)
    assert line.startswith(
        "One of 19 versions from 1.1 to 1.19 (1.1 to 1.18 (18 versions) could not be measured: no wheel)"
    )


@given(st.floats(0, 1))
def test_a_probability_never_looks_certain(value: float) -> None:
    words = figures.probability(value)
    assert words not in ("0%", "100%")
    assert "e" not in words.removeprefix("more than ").removeprefix("less than ")

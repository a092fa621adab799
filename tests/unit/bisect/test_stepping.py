"""One step of git's own bisect: good, bad or to skip, by what the ends differ in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from perf_matrix.bisect.asked import instruments_asked
from perf_matrix.bisect.ends import Wanted
from perf_matrix.bisect.history.candidate import Candidate
from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.laboratory import COUNTING, LOADING, PAIRING
from perf_matrix.bisect.prober import Prober
from perf_matrix.bisect.stepping import Judgement, Stepper
from perf_matrix.bisect.store import create_store, open_store
from perf_matrix.errors import MeasurementError

from .world import Made, Seen, SimulatedLaboratory, line_of, request, spec

GOOD, BAD, COMMIT = (Candidate(spec(number), label) for number, label in enumerate(("good", "bad", "commit")))


class Steps:
    """The steps of one bisect: versions 0 and 1 are its ends, 2 the commit to judge."""

    def __init__(self, folder: Path, good: Made, bad: Made, commit: Made) -> None:
        self.laboratory = SimulatedLaboratory({spec(0): good, spec(1): bad, spec(2): commit})
        self.folder = folder / "bisect"
        create_store(self.folder, request(line_of(2)))

    def judge(self, *on: str) -> Judgement:
        """Judge the commit, as a new process would."""
        knowledge = Knowledge()
        prober = Prober(self.laboratory, open_store(self.folder), knowledge, "here")
        stepper = Stepper((GOOD, BAD), Wanted(on), prober, knowledge, Seen())
        return stepper.judge(COMMIT, instruments_asked(on))


def counts(good: int | None, bad: int | None, commit: int | None) -> list[Made]:
    return [Made({"chat": count}) for count in (good, bad, commit)]


def slower(bad: float, commit: float) -> list[Made]:
    return [Made({"chat": 1}, {"chat": level}) for level in (1.0, bad, commit)]


@pytest.mark.parametrize(
    ("good", "bad", "commit", "verdict", "words"),
    [
        (1, 3, 1, "good", "1 SQL statement per request, at the good end 1 SQL statement per request"),
        (1, 3, 3, "bad", "3 SQL statements per request, at the good end 1 SQL statement per request"),
        (1, 3, 2, "bad", "2 SQL statements"),
        # On the other side of the good end: better than good.
        (1, 3, 0, "good", "0 SQL statements"),
        (3, 1, 2, "bad", "2 SQL statements"),
        (3, 1, 4, "good", "4 SQL statements"),
        (1, 3, None, "bad", "not there"),
    ],
)
def test_counts(tmp_path: Path, good: int, bad: int, commit: int | None, verdict: str, words: str) -> None:
    found = Steps(tmp_path, *counts(good, bad, commit)).judge("chat/queries")
    assert found.verdict == verdict
    assert found.reason.startswith(f"chat: {words}")


def test_an_endpoint_that_does_not_answer(tmp_path: Path) -> None:
    broken = Made({"chat": 1}, broken=frozenset(["chat"]))
    steps = Steps(tmp_path, Made({"chat": 1}), broken, broken)
    assert steps.judge("chat/answers") == Judgement(
        "bad", "chat: does not answer as it should, at the good end answers"
    )


def test_what_cannot_be_started_is_skipped(tmp_path: Path) -> None:
    good, bad, commit = counts(1, 3, 1)
    steps = Steps(tmp_path, good, bad, Made(commit.counts, fails="exited with status 1."))
    found = steps.judge("chat/queries")
    assert found.verdict == "skip"
    assert found.reason == f"chat cannot be told: the head proxy ({spec(2)}) exited with status 1."


def test_a_count_that_is_never_exact_is_skipped(tmp_path: Path) -> None:
    good, bad, _ = counts(1, 3, 1)
    steps = Steps(tmp_path, good, bad, Made({"chat": 1}, unclear=frozenset(["chat"])))
    found = steps.judge("chat/queries")
    assert found.verdict == "skip"
    assert "evicted" in found.reason


def test_the_ends_are_measured_twice_and_once_for_all_steps(tmp_path: Path) -> None:
    steps = Steps(tmp_path, *counts(1, 3, 1))
    steps.judge("chat/queries")
    assert steps.laboratory.pairs() == [(spec(0), spec(1))] * 2 + [(spec(2),)]
    steps.judge("chat/queries")
    assert len(steps.laboratory.asked) == 3


def test_ends_that_are_alike(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError) as told:
        Steps(tmp_path, *counts(1, 1, 1)).judge("chat/queries", "users")
    assert str(told.value) == (
        "good and bad do not differ in chat/queries or users: there is nothing to bisect. "
        "perf-matrix bisect --repo says what to try"
    )


@pytest.mark.parametrize("end", [0, 1])
def test_an_end_that_cannot_be_measured(tmp_path: Path, end: int) -> None:
    versions = counts(1, 3, 1)
    versions[end] = Made({"chat": 1}, fails="exited with status 1.")
    with pytest.raises(MeasurementError, match=f"^{spec(end)}, an end, cannot be measured: the head proxy"):
        Steps(tmp_path, *versions).judge("chat/queries")


@pytest.mark.parametrize(("level", "verdict"), [(1.0, "good"), (1.5, "bad"), (1.05, "good"), (1.45, "bad")])
def test_latencies(tmp_path: Path, level: float, verdict: str) -> None:
    steps = Steps(tmp_path, *slower(1.5, level))
    found = steps.judge("chat/p50")
    assert found.verdict == verdict
    assert found.reason.startswith("chat: p50 is ")
    assert "times that of the good end" in found.reason
    assert steps.laboratory.pairs()[-1] == (spec(0), spec(2))


def test_a_latency_in_the_middle_is_skipped(tmp_path: Path) -> None:
    # Just between the ends, in logarithms.
    steps = Steps(tmp_path, *slower(1.5, 1.5**0.5))
    found = steps.judge("chat/p50")
    assert found == Judgement("skip", "chat cannot be told: undecided after 8 comparisons")
    assert len(steps.laboratory.asked) == 2 + 8


def test_a_commit_that_cannot_be_compared_is_skipped(tmp_path: Path) -> None:
    good, bad, _ = slower(1.5, 1.0)
    steps = Steps(tmp_path, good, bad, Made({"chat": 1}, fails="exited with status 1."))
    found = steps.judge("chat/p50")
    assert found.verdict == "skip"
    assert "exited with status 1." in found.reason


@pytest.mark.parametrize(("growth", "verdict"), [(0.0, "good"), (30.0, "bad")])
def test_memory(tmp_path: Path, growth: float, verdict: str) -> None:
    versions = [Made({"chat": 1}, growth=one) for one in (0.0, 30.0, growth)]
    found = Steps(tmp_path, *versions).judge("*/memory")
    assert found.verdict == verdict
    assert found.reason.startswith("default: memory grows by ")
    assert found.reason.endswith(" MB more for 1,000 requests than at the good end")


@pytest.mark.parametrize(("failing", "verdict"), [(0, "good"), (20, "bad")])
def test_failures_under_load(tmp_path: Path, failing: int, verdict: str) -> None:
    versions = [Made({"chat": 1}, failing={"chat": one}) for one in (0, 20, failing)]
    found = Steps(tmp_path, *versions).judge("chat/errors")
    assert found == Judgement(
        found.verdict, f"chat: {100 * failing / 40:g} % more of the requests fail than at the good end"
    )
    assert found.verdict == verdict


@pytest.mark.parametrize(("fails", "verdict"), [(False, "good"), (True, "bad")])
def test_requests_that_fail_now_and_then(tmp_path: Path, *, fails: bool, verdict: str) -> None:
    """The ends are compared for longer once, for all steps: eight of 80, at one of four endpoints, may be chance."""
    counts = dict.fromkeys(("chat", "keys", "teams", "users"), 1)
    rarely = {"chat": 10}
    versions = [Made(counts, rarely=rarely if one else {}) for one in (False, True, fails)]
    steps = Steps(tmp_path, *versions)
    assert steps.judge("*/errors").verdict == verdict
    steps.judge("*/errors")
    assert sum(one.time_s is None for one in steps.laboratory.asked) == 1


def test_one_bad_symptom_is_enough(tmp_path: Path) -> None:
    good = Made({"chat": 1, "users": 1})
    bad = Made({"chat": 2, "users": 2})
    commit = Made({"chat": 1, "users": 2})
    found = Steps(tmp_path, good, bad, commit).judge("*/queries")
    assert (found.verdict, found.reason.split(":")[0]) == ("bad", "users")


def test_what_cannot_be_told_of_one_symptom_outweighs_that_another_is_good(tmp_path: Path) -> None:
    good = Made({"chat": 1, "users": 1})
    bad = Made({"chat": 2, "users": 2})
    unclear = Made({"chat": 1, "users": 1}, unclear=frozenset(["users"]))
    assert Steps(tmp_path, good, bad, unclear).judge("*/queries").verdict == "skip"


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (["chat/queries"], COUNTING),
        (["chat/answers", "users/queries"], COUNTING),
        (["chat/p50"], PAIRING),
        (["chat"], PAIRING),
        (["chat/queries", "users/p95"], PAIRING),
        (["chat/errors"], LOADING),
        (["*/memory", "chat"], LOADING),
        (["chat/err*"], LOADING),
        (["chat/*"], LOADING),
        (["chat/p*"], PAIRING),
        (["chat/[qa]*"], COUNTING),
    ],
)
def test_what_has_to_be_measured(on: Sequence[str], expected: Sequence[str]) -> None:
    assert instruments_asked(on) == expected

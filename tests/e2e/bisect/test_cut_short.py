"""Bisects that do not come to their end, for want of time or by kill -9: what they answer, leave and keep."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from perf_matrix.bisect.model import Bisection
from tests.demo_repository.demo import Demo
from tests.e2e.bisect.asking import (
    LIMIT_S,
    NOT_FOUND,
    answer_of,
    arguments_of,
    bisect,
    culprits,
    kept,
    resume,
    sha_of,
    symptom,
    trials,
)
from tests.e2e.command import Ended, started

pytestmark = pytest.mark.e2e

ON_USERS = ("--on", "users/queries", "--metrics", "queries")


def test_when_time_is_over_the_candidates_are_named_and_resuming_names_the_culprit(
    demo: Demo, tmp_path: Path
) -> None:
    out = tmp_path / "bisect"
    ended = _cut_short(demo, tmp_path, out)
    found = answer_of(ended)
    users = symptom(found, "users", "queries")
    assert (users.state, users.culprits) == ("narrowed", [])
    candidates = [sha_of(found.versions[number].spec) for number in users.candidates]
    assert demo.told.n_plus_one in candidates
    assert demo.told.good not in candidates
    # One that does not start may be it as well.
    assert users.candidates == list(range(users.candidates[0], users.candidates[-1] + 1))
    assert users.confidence == pytest.approx(1 / len(candidates))
    assert f"perf-matrix bisect --resume {out}" in ended.stderr
    before = kept(out)

    resumed = resume(out, demo, tmp_path)
    assert resumed.exit_code == 0, resumed.stderr
    finished = answer_of(resumed)
    assert culprits(finished) == {("users", "queries"): [demo.told.n_plus_one]}
    assert symptom(finished, "users", "queries").candidates == []
    assert finished.spent.kept == len(trials(before))
    assert kept(out)[: len(before)] == before
    assert Bisection.model_validate_json((out / "bisection.json").read_text()) == finished


def test_what_a_killed_bisect_left_is_cleared_up_and_what_it_measured_is_kept(
    demo: Demo, tmp_path: Path
) -> None:
    out, line = tmp_path / "bisect", demo.told.main_line
    at = line.index(demo.told.n_plus_one)
    arguments = arguments_of(demo, *ON_USERS, "--out", str(out), good=line[at - 4], bad=line[at + 4])
    with started(arguments, tmp_path, demo.environ) as killed:
        killed.wait_until(
            lambda: len(kept(out)) >= 2 and _service_in(killed.left_behind()),
            "a third measurement with its service",
        )
        killed.send(signal.SIGKILL)
        assert killed.end().exit_code == -signal.SIGKILL
        orphans = killed.left_behind()
        assert _service_in(orphans), "kill -9 left nothing to clear up"
        assert any(each.startswith("path ") for each in orphans)
        before = kept(out)

        with started(["bisect", "--resume", str(out), "--json"], tmp_path, demo.environ) as resumed:
            resumed.wait_for("] counting SQL statements of")
            assert killed.left_behind() == [], "the next start has not cleared up"
            ended = resumed.end(LIMIT_S)
            assert resumed.left_behind() == []
    assert ended.exit_code == 0, ended.stderr
    found = answer_of(ended)
    assert culprits(found) == {("users", "queries"): [demo.told.n_plus_one]}
    assert found.spent.kept == len(trials(before))
    assert kept(out)[: len(before)] == before
    assert demo.repository.git("status", "--porcelain") == ""
    assert len(demo.repository.git("worktree", "list").splitlines()) == 1


def _cut_short(demo: Demo, scratch: Path, out: Path) -> Ended:
    """A bisect whose time was over after the ends were measured; a slow machine is given more for these."""
    ended = bisect(demo, scratch, *ON_USERS, "--time", "20s", "--out", str(out))
    for time_s in (20, 40, 80, 160):
        assert ended.exit_code == NOT_FOUND, ended.stderr
        found = answer_of(ended)
        assert found.state == "narrowed"
        assert found.advice
        if found.symptoms:
            return ended
        ended = resume(out, demo, scratch, "--time", f"{time_s}s")
    raise AssertionError(f"the machine is too busy: the ends were not measured in time\n{ended.stderr}")


def _service_in(left: list[str]) -> bool:
    return any(each.startswith("process ") and "/bin/demo-service" in each for each in left)

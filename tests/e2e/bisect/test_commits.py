"""The commits of the demonstration repository are found: by a bisect, by git's own, and after an interruption."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from perf_matrix.bisect.model import Bisection
from tests.checkouts import Repository, clone
from tests.demo_repository.demo import Demo
from tests.e2e.bisect.asking import (
    LIMIT_S,
    NOT_FOUND,
    answer_of,
    arguments_of,
    bisect,
    culprits,
    kept,
    sha_of,
    symptom,
    trials,
)
from tests.e2e.command import COMMAND, Command, Ended, started

pytestmark = pytest.mark.e2e

ON_USERS = ("--on", "users/queries")
GOES_ON, FOUND_BAD, CANNOT_TELL, GIVES_UP = 0, 1, 125, 128


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bisect of the first-parent line is."""
    return tmp_path_factory.mktemp("first-parent") / "bisect"


@pytest.fixture(scope="module")
def found(demo: Demo, folder: Path) -> Bisection:
    """The bisect of the first-parent line, counts and latencies, merges opened up: one for several tests."""
    ended = bisect(demo, folder.parent, "--all-parents", "--out", str(folder))
    assert ended.exit_code == 0, ended.stderr
    return answer_of(ended)


def test_all_three_commits_are_named_the_merge_for_the_one_inside(demo: Demo, found: Bisection) -> None:
    assert found.state == "found"
    named = culprits(found)
    # Whether the statements explain all of the latency depends on the noise; where not, it is searched for, too.
    latency_of_users = named.pop(("users", "p50"), None)
    assert symptom(found, "users", "p50").state == ("found" if latency_of_users else "explained")
    assert latency_of_users in (None, [demo.told.n_plus_one])
    assert named == {
        ("users", "queries"): [demo.told.n_plus_one],
        ("chat", "queries"): [demo.told.extra_lookup_merge],
        ("search", "p50"): [demo.told.slow_search],
    }


def test_counts_are_exact_and_what_came_is_named(demo: Demo, found: Bisection) -> None:
    users, chat = symptom(found, "users", "queries"), symptom(found, "chat", "queries")
    for one, before, after, statement in (
        (users, 1, 26, "SELECT count(*) AS keys FROM keys WHERE user_id = $1"),
        (chat, 0, 1, "SELECT value FROM settings WHERE name = $1"),
    ):
        (culprit,) = one.culprits
        assert one.exact
        assert (culprit.before.value, culprit.after.value) == (before, after)
        assert (culprit.confidence, culprit.direction) == (1.0, "worse")
        assert [each.statement for each in culprit.added] == [statement]
        assert culprit.confirmation is not None
        assert culprit.confirmation.agreed
        assert culprit.files[0].path == "demo_service/statements.py"


def test_the_parent_of_each_is_the_commit_right_before_it(demo: Demo, found: Bisection) -> None:
    for one in found.symptoms:
        for culprit in one.culprits:
            assert culprit.version == culprit.parent + 1
            assert culprit.suspects == []


def test_what_the_commits_say_of_themselves_is_there(demo: Demo, found: Bisection) -> None:
    (culprit,) = symptom(found, "users", "queries").culprits
    commit = found.versions[culprit.version].commit
    assert commit is not None
    assert commit.title == "Show how many keys a user has"
    assert commit.author == "Demo Author <demo@example.com>"


def test_those_that_do_not_start_are_skipped_where_they_are_met(demo: Demo, found: Bisection) -> None:
    skipped = {sha_of(one.spec): one for one in found.versions if one.state == "skipped"}
    assert set(skipped) <= {demo.told.does_not_start, demo.told.does_not_install}
    if demo.told.does_not_start in skipped:
        log = skipped[demo.told.does_not_start].log_tail
        assert any("ModuleNotFoundError: No module named 'demo_service.settings'" in line for line in log)
    if demo.told.does_not_install in skipped:
        assert "psycopg-pool" in skipped[demo.told.does_not_install].reason


def test_a_version_that_does_not_start_is_skipped_when_it_has_to_be_met(demo: Demo, tmp_path: Path) -> None:
    """Between the commits around the two that do not start nothing differs, and both are looked at."""
    line = demo.told.main_line
    before = line[line.index(demo.told.n_plus_one) - 1]
    after = line[line.index(demo.told.does_not_start) + 1]
    found = answer_of(bisect(demo, tmp_path, "--scan", *ON_USERS, good=before, bad=after))
    (skipped,) = (one for one in found.versions if one.state == "skipped")
    assert sha_of(skipped.spec) == demo.told.does_not_start
    assert culprits(found) == {("users", "queries"): [demo.told.n_plus_one]}


def test_with_all_parents_the_commit_inside_the_branch_is_named(demo: Demo, found: Bisection) -> None:
    (merge,) = symptom(found, "chat", "queries").culprits
    assert merge.opened is not None
    assert merge.opened.note == ""
    (inner,) = merge.opened.culprits
    assert sha_of(merge.opened.versions[inner.version].spec) == demo.told.extra_lookup
    assert sha_of(merge.opened.versions[inner.parent].spec) == demo.repository.git(
        "rev-parse", f"{demo.told.extra_lookup}^"
    )


def test_nothing_of_a_bisect_stays_in_the_checkout(demo: Demo, found: Bisection) -> None:
    assert demo.repository.git("status", "--porcelain") == ""
    assert demo.repository.git("rev-parse", "HEAD") == demo.told.bad
    assert len(demo.repository.git("worktree", "list").splitlines()) == 1


def test_both_ends_alike_is_not_reproduced(demo: Demo, tmp_path: Path) -> None:
    ended = bisect(
        demo, tmp_path, "--endpoints", "users", "--metrics", "queries", bad=f"{demo.told.n_plus_one}^"
    )
    found = answer_of(ended)
    assert ended.exit_code == NOT_FOUND
    assert (found.state, found.symptoms) == ("not reproduced", [])
    assert found.advice


def test_an_interrupted_bisect_goes_on_and_measures_nothing_again(demo: Demo, tmp_path: Path) -> None:
    out = tmp_path / "bisect"
    with started(arguments_of(demo, *ON_USERS, "--out", str(out)), tmp_path, demo.environ) as command:
        command.wait_until(lambda: len(kept(out)) >= 3, "three measurements")
        command.send(signal.SIGTERM)
        stopped = command.end()
        assert command.left_behind() == []
    assert stopped.exit_code == 128 + signal.SIGTERM
    assert f"perf-matrix bisect --resume {out}" in stopped.stderr
    # The logs of commits that do not start are shown, and have tracebacks of their own.
    assert "perf_matrix/cli.py" not in stopped.stderr
    before = kept(out)

    with started(["bisect", "--resume", str(out), "--json"], tmp_path, demo.environ) as command:
        found = answer_of(command.end(LIMIT_S))
    assert kept(out)[: len(before)] == before
    assert found.spent.kept == len(trials(before))
    assert culprits(found) == {("users", "queries"): [demo.told.n_plus_one]}


def test_a_finished_bisect_resumed_only_says_its_answer_again(
    demo: Demo, found: Bisection, folder: Path, tmp_path: Path
) -> None:
    before = kept(folder)
    with started(["bisect", "--resume", str(folder), "--json"], tmp_path, demo.environ) as command:
        again = answer_of(command.end(LIMIT_S))
    assert kept(folder) == before
    assert culprits(again) == culprits(found)


class Bisected:
    """A clone in which git's own bisect is going on, and perf-matrix as its script."""

    def __init__(self, demo: Demo, folder: Path) -> None:
        self._demo = demo
        self._scratch = folder
        self.repository = clone(demo.repository, folder / "clone")
        self.repository.git("bisect", "start", "--first-parent", demo.told.bad, demo.told.good)

    def run(self) -> Ended:
        """``git bisect run`` to its end."""
        words = ["bisect", "run", str(COMMAND), *self._step()]
        git = ("git", "-C", str(self.repository.folder))
        with started(words, self._scratch, self._demo.environ, git) as command:
            return self._ended(command)

    def step(self, commit: str, environ: Mapping[str, str] = {}) -> Ended:
        """The script alone, as git runs it with ``commit`` checked out."""
        self.repository.git("checkout", "--quiet", "--detach", commit)
        # Run in the checkout, as git does, with what it writes elsewhere.
        program = ("env", "-C", str(self.repository.folder), str(COMMAND))
        with started(self._step(), self._scratch, {**self._demo.environ, **environ}, program) as command:
            return self._ended(command)

    def _step(self) -> list[str]:
        return ["bisect", "step", "--on", "users/queries", "--matrix", str(self._demo.matrix)]

    def _ended(self, command: Command) -> Ended:
        ended = command.end(LIMIT_S)
        assert command.left_behind() == []
        return ended


@pytest.fixture
def bisected(demo: Demo, tmp_path: Path) -> Bisected:
    return Bisected(demo, tmp_path)


def test_gits_own_bisect_names_the_n_plus_one(demo: Demo, bisected: Bisected) -> None:
    ended = bisected.run()
    assert ended.exit_code == 0, ended.stderr
    assert f"{demo.told.n_plus_one} is the first bad commit" in ended.stdout
    assert Repository(bisected.repository.folder).git("rev-parse", "refs/bisect/bad") == demo.told.n_plus_one


def test_a_step_says_good_bad_and_cannot_tell(demo: Demo, bisected: Bisected) -> None:
    codes = {
        name: bisected.step(commit).exit_code
        for name, commit in {
            "before": f"{demo.told.n_plus_one}^",
            "the one": demo.told.n_plus_one,
            "after": f"{demo.told.bad}^",
            "does not start": demo.told.does_not_start,
            "does not install": demo.told.does_not_install,
        }.items()
    }
    assert codes == {
        "before": GOES_ON,
        "the one": FOUND_BAD,
        "after": FOUND_BAD,
        "does not start": CANNOT_TELL,
        "does not install": CANNOT_TELL,
    }


def test_a_machine_that_cannot_measure_stops_gits_bisect(
    demo: Demo, bisected: Bisected, tmp_path: Path
) -> None:
    broken = tmp_path / "bin" / "k6"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    ended = bisected.step(demo.told.n_plus_one, {"PATH": f"{broken.parent}{os.pathsep}{os.environ['PATH']}"})
    assert ended.exit_code == GIVES_UP
    assert "is not k6" in ended.stderr


def test_a_step_outside_of_a_bisect_says_how_to_begin_one(demo: Demo, bisected: Bisected) -> None:
    bisected.repository.git("bisect", "reset")
    ended = bisected.step(demo.told.n_plus_one)
    assert ended.exit_code == GIVES_UP
    assert "git bisect start" in ended.stderr

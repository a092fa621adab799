"""Which commits a job compares, and getting them: on real git repositories."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from perf_matrix.errors import InputError
from perf_matrix.github.event import Job, MergeGroup, Payload, PullRequestEvent, RepositoryEvent, Tip
from perf_matrix.publish.commits import Checkout
from perf_matrix.publish.ends import ends_of
from perf_matrix.publish.prepare import prepare
from tests.checkouts import Repository, clone, new_repository

JOB = Job(
    event="pull_request",
    payload=Payload(repository=RepositoryEvent(default_branch="main")),
    repository="acme/widgets",
    sha="f" * 40,
    run_id=1,
    run_attempt=1,
    api_url="http://127.0.0.1:9",
    graphql_url="http://127.0.0.1:9/graphql",
    server_url="http://127.0.0.1:9",
)


class History:
    """main: one, two, three; feature: one, four, five."""

    def __init__(self, folder: Path) -> None:
        self.repository = new_repository(folder / "origin")
        self.repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self.one = self._commit("one")
        self.repository.git("checkout", "--quiet", "-b", "feature")
        self.four = self._commit("four")
        self.five = self._commit("five")
        self.repository.git("checkout", "--quiet", "main")
        self.two = self._commit("two")
        self.three = self._commit("three")

    def _commit(self, name: str) -> str:
        return self.repository.commit(name, {f"{name}.txt": f"{name}\n"})

    def pull_request(self) -> Job:
        payload = Payload(
            pull_request=PullRequestEvent(
                number=7, head=Tip(ref="feature", sha=self.five), base=Tip(ref="main", sha=self.three)
            )
        )
        return replace(JOB, payload=payload)

    def on(self, sha: str, before: str = "") -> Job:
        payload = Payload(before=before, repository=RepositoryEvent(default_branch="main"))
        return replace(JOB, event="push", payload=payload, sha=sha)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def checkout(repository: Repository) -> Checkout:
    return Checkout(repository.folder, os.environ)


def whole(history: History, folder: Path) -> Checkout:
    return checkout(clone(history.repository, folder / "clone"))


def shallow(history: History, folder: Path) -> Checkout:
    """As actions/checkout leaves it: the newest commit of one branch."""
    return checkout(clone(history.repository, folder / "clone", "--depth=1", "--branch=feature"))


def test_a_pull_request_is_compared_with_where_it_branched_off(history: History, tmp_path: Path) -> None:
    made = whole(history, tmp_path)
    ends = ends_of(history.pull_request(), made, made.merge_base)
    assert (ends.base, ends.head) == (history.one, history.five)
    assert "branched off main" in ends.base_words


def test_a_checkout_that_does_not_reach_back_takes_the_tip(history: History, tmp_path: Path) -> None:
    made = shallow(history, tmp_path)
    ends = ends_of(history.pull_request(), made, made.merge_base)
    assert (ends.base, ends.head) == (history.three, history.five)
    assert "cannot be told" in ends.base_words


def test_missing_commits_are_fetched_and_compared(history: History, tmp_path: Path) -> None:
    made = shallow(history, tmp_path)
    assert not made.has(history.one)
    prepared = prepare(history.pull_request(), "", "", made, lambda _one, _other: history.one)
    assert (prepared.base, prepared.head) == (f"git:{history.one[:12]}", f"git:{history.five[:12]}")
    assert made.has(history.one)
    assert "+++ b/four.txt" in prepared.diff
    assert "+++ b/five.txt" in prepared.diff
    assert "two.txt" not in prepared.diff


def test_a_whole_clone_stays_whole(history: History, tmp_path: Path) -> None:
    made = whole(history, tmp_path)
    later = history.repository.commit("six", {"six.txt": "six\n"})
    made.fetch(later)
    assert made.has(later)
    assert Repository(made.folder).git("rev-parse", "--is-shallow-repository") == "false"


def test_a_commit_that_nobody_has_is_said(history: History, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fetch-depth: 0"):
        shallow(history, tmp_path).fetch("e" * 40)


def test_a_push_to_a_branch(history: History, tmp_path: Path) -> None:
    made = whole(history, tmp_path)
    ends = ends_of(history.on(history.five, before=history.four), made, made.merge_base)
    assert (ends.base, ends.head) == (history.one, history.five)


def test_a_push_to_the_default_branch(history: History, tmp_path: Path) -> None:
    made = whole(history, tmp_path)
    ends = ends_of(history.on(history.three, before=history.one), made, made.merge_base)
    assert (ends.base, ends.head) == (history.one, history.three)


def test_a_start_by_hand_on_the_default_branch(history: History, tmp_path: Path) -> None:
    made = whole(history, tmp_path)
    ends = ends_of(history.on(history.three), made, made.merge_base)
    assert (ends.base, ends.head) == (history.two, history.three)


def test_a_start_by_hand_in_a_shallow_checkout(history: History, tmp_path: Path) -> None:
    made = checkout(clone(history.repository, tmp_path / "clone", "--depth=1", "--branch=main"))
    prepared = prepare(history.on(history.three), "", "", made, made.merge_base)
    assert (prepared.base, prepared.head) == (f"git:{history.two[:12]}", f"git:{history.three[:12]}")
    assert "+++ b/three.txt" in prepared.diff


def test_nothing_to_compare_with_is_said(history: History, tmp_path: Path) -> None:
    made = whole(history, tmp_path)
    alone = replace(
        history.on(history.one), payload=Payload(repository=RepositoryEvent(default_branch="none"))
    )
    with pytest.raises(InputError, match="Set the input base"):
        ends_of(alone, made, made.merge_base)


def test_a_merge_queue(history: History, tmp_path: Path) -> None:
    payload = Payload(merge_group=MergeGroup(head_sha=history.five, base_sha=history.three))
    made = whole(history, tmp_path)
    ends = ends_of(replace(JOB, payload=payload), made, made.merge_base)
    assert (ends.base, ends.head) == (history.three, history.five)


def test_what_is_asked_for_counts_first(history: History, tmp_path: Path) -> None:
    made = whole(history, tmp_path)
    releases = prepare(history.pull_request(), "litellm==1.80.5", "litellm==1.81.0", made, made.merge_base)
    assert (releases.base, releases.head, releases.diff) == ("litellm==1.80.5", "litellm==1.81.0", "")
    half = prepare(history.pull_request(), "litellm==1.80.5", "", made, made.merge_base)
    assert (half.base, half.head, half.diff) == ("litellm==1.80.5", f"git:{history.five[:12]}", "")


def test_commits_that_were_asked_for_are_fetched_too(history: History, tmp_path: Path) -> None:
    made = shallow(history, tmp_path)
    prepared = prepare(history.pull_request(), f"git:{history.one}", "git:HEAD", made, made.merge_base)
    assert made.has(history.one)
    assert "+++ b/five.txt" in prepared.diff


@pytest.mark.parametrize("ref", ["nothing", "--output=x", "$(id)"])
def test_a_name_of_nothing_is_left_to_the_comparison(history: History, tmp_path: Path, ref: str) -> None:
    made = whole(history, tmp_path)
    prepared = prepare(history.pull_request(), f"git:{ref}", "", made, made.merge_base)
    assert (prepared.base, prepared.diff) == (f"git:{ref}", "")


def test_an_event_that_arms_a_strangers_code_is_refused(history: History, tmp_path: Path) -> None:
    made = whole(history, tmp_path)
    job = replace(history.pull_request(), event="pull_request_target")
    with pytest.raises(InputError, match="Use the event pull_request"):
        prepare(job, "", "", made, made.merge_base)

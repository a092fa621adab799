"""Which pull request a run is of, what it changes, and who set the label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from perf_matrix.github.artifacts import workflow_run
from perf_matrix.github.client import GitHub
from perf_matrix.github.errors import GitHubError, NotFoundError, RefusedError
from perf_matrix.github.model import WorkflowRun
from perf_matrix.github.pulls import find_pull_request, labelled, merge_base, pull_request, remove_label
from tests.github_api.server import FakeGitHub
from tests.github_api.state import Account, Branch, LabelEvent, PullRequest, State
from tests.integration.github.conftest import (
    BASE,
    FORK,
    HEAD,
    MAIN,
    MERGE_BASE,
    NOW,
    NUMBER,
    OLD,
    REPOSITORY,
)

LABEL = "perf-accepted"
ALICE, BOB = Account("alice"), Account("bob")


def test_as_it_is_now(github: GitHub, state: State) -> None:
    found = pull_request(github, REPOSITORY, NUMBER)
    assert (found.number, found.state) == (NUMBER, "open")
    assert (found.head.ref, found.head.sha, found.head.repo and found.head.repo.full_name) == (
        "feature/x",
        HEAD,
        FORK,
    )
    assert (found.base.ref, found.base.sha) == ("main", BASE)
    state.replace_pull_request(replace(state.pull_requests[0], state="closed", merged=True))
    assert pull_request(github, REPOSITORY, NUMBER).state == "closed"
    with pytest.raises(NotFoundError):
        pull_request(github, REPOSITORY, 99)


def test_what_it_started_from(github: GitHub) -> None:
    assert merge_base(github, REPOSITORY, BASE, HEAD) == MERGE_BASE
    with pytest.raises(NotFoundError):
        merge_base(github, REPOSITORY, BASE, OLD)


def run_of(github: GitHub) -> WorkflowRun:
    return workflow_run(github, REPOSITORY, 5)


def number_found(github: GitHub) -> int | None:
    found = find_pull_request(github, REPOSITORY, run_of(github))
    return found.number if found else None


def test_of_a_run_in_a_fork(github: GitHub) -> None:
    run = run_of(github)
    assert (run.id, run.run_attempt, run.head_sha) == (5, 1, HEAD)
    assert number_found(github) == NUMBER


def pull(
    number: int, branch: str = "feature/x", sha: str = HEAD, fork: str | None = FORK, **more: str
) -> PullRequest:
    return PullRequest(number, Branch(branch, sha, fork), MAIN, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "others",
    [
        # Somebody else's branch of the same name, and even the same commit.
        [pull(8, fork="other/widgets")],
        [pull(8, fork=REPOSITORY)],
        # Another fork of the same owner.
        [pull(8, fork="stranger/widgets-2")],
        [pull(8, branch="feature/x2"), pull(9, branch="feature")],
        [pull(8, sha=OLD)],
        [pull(8, fork=None)],
        [pull(8, state="closed")],
    ],
)
def test_no_other_is_taken_for_it(github: GitHub, state: State, others: list[PullRequest]) -> None:
    state.pull_requests[:] = [
        *others,
        *state.pull_requests,
        *[replace(one, number=one.number + 10) for one in others],
    ]
    assert number_found(github) == NUMBER
    state.pull_requests.remove(pull(NUMBER))
    assert number_found(github) == (18 if others[0].state == "closed" else None)


def test_of_several_open_ones_the_newest(github: GitHub, state: State) -> None:
    state.pull_requests += [pull(8), pull(9, state="closed")]
    assert number_found(github) == 8


def test_among_hundreds(github: GitHub, state: State) -> None:
    state.pull_requests += [pull(number, sha=OLD, state="closed") for number in range(100, 350)]
    assert number_found(github) == NUMBER


def test_pushed_to_meanwhile(github: GitHub, state: State) -> None:
    state.push(NUMBER, OLD)
    assert number_found(github) is None


@pytest.mark.parametrize("gone", [{"head_repository": None}, {"head_branch": None}])
def test_a_fork_that_has_been_deleted(github: GitHub, api: FakeGitHub, gone: dict[str, None]) -> None:
    run = run_of(github).model_copy(update=gone)
    asked = len(api.requests)
    assert find_pull_request(github, REPOSITORY, run) is None
    assert len(api.requests) == asked


def test_no_label(github: GitHub, state: State) -> None:
    assert labelled(github, REPOSITORY, NUMBER, LABEL) is None
    state.set_label(NUMBER, "perf", ALICE, NOW)
    assert labelled(github, REPOSITORY, NUMBER, LABEL) is None


def test_who_set_the_label_last_and_when(github: GitHub, state: State) -> None:
    for number in range(120):
        state.set_label(NUMBER, f"other-{number}", BOB, NOW - timedelta(days=1))
    state.set_label(NUMBER, LABEL, ALICE, NOW)
    state.take_off_label(NUMBER, LABEL, ALICE, NOW + timedelta(minutes=1))
    assert labelled(github, REPOSITORY, NUMBER, LABEL) is None
    state.set_label(NUMBER, LABEL, BOB, NOW + timedelta(minutes=2))
    state.set_label(NUMBER, "later", ALICE, NOW + timedelta(minutes=3))
    event = labelled(github, REPOSITORY, NUMBER, LABEL)
    assert event is not None
    assert event.actor is not None
    assert (event.actor.login, event.created_at) == ("bob", NOW + timedelta(minutes=2))
    assert labelled(github, REPOSITORY, NUMBER, LABEL.upper()) == event


def test_taking_the_label_off_is_no_setting_of_it(github: GitHub, state: State) -> None:
    """Lists of events and of labels may be of two moments."""
    set_by_alice = state.set_label(NUMBER, LABEL, ALICE, NOW)
    state.label_events.append(LabelEvent(9000, NUMBER, "unlabeled", LABEL, BOB, NOW + timedelta(minutes=1)))
    event = labelled(github, REPOSITORY, NUMBER, LABEL)
    assert event is not None
    assert event.id == set_by_alice.id


@pytest.mark.parametrize("label", [LABEL, "höher & weiter?", "a/b#c", "100%"])
def test_a_label_is_taken_off(github: GitHub, state: State, label: str) -> None:
    state.set_label(NUMBER, "other", ALICE, NOW)
    state.set_label(NUMBER, label, ALICE, NOW)
    remove_label(github, REPOSITORY, NUMBER, label)
    assert state.pull_requests[0].labels == ("other",)
    # It is what was wanted.
    remove_label(github, REPOSITORY, NUMBER, label)


def test_a_token_that_only_reads_takes_nothing_off(client: Callable[[str], GitHub], state: State) -> None:
    state.set_label(NUMBER, LABEL, ALICE, NOW)
    with pytest.raises(RefusedError) as refused:
        remove_label(client("reader"), REPOSITORY, NUMBER, LABEL)
    assert refused.value.needs == "issues=write; pull_requests=write"
    assert isinstance(refused.value, GitHubError)
    assert state.pull_requests[0].labels == (LABEL,)

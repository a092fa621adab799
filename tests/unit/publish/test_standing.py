from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from perf_matrix.github.model import Branch, LabelEvent, PullRequest, User
from perf_matrix.publish.standing import acceptance, ended, why_not_posted
from perf_matrix.report.marker import Accepted, State

FIRST, SECOND = "a" * 40, "b" * 40
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SHOWN = State(sha=FIRST, run=100, attempt=1, verdict="regression", at=NOON)


def labelled(minutes: float) -> LabelEvent:
    """The label, set by ``reviewer`` so many minutes after the comment was written."""
    return LabelEvent(
        id=1,
        event="labeled",
        actor=User(login="reviewer", type="User"),
        created_at=NOON + timedelta(minutes=minutes),
    )


def test_a_label_set_after_the_result_accepts_it() -> None:
    found = acceptance(SHOWN, NOON, labelled(1), FIRST)
    assert found == Accepted(sha=FIRST, by="reviewer", at=NOON + timedelta(minutes=1))


def test_an_acceptance_stays_for_its_commit() -> None:
    given = Accepted(sha=FIRST, by="somebody", at=NOON)
    later = SHOWN.model_copy(update={"accepted": given, "at": NOON + timedelta(minutes=9)})
    assert acceptance(later, NOON + timedelta(minutes=9), labelled(1), FIRST) == given


@pytest.mark.parametrize(
    ("state", "event", "sha"),
    [
        (SHOWN, None, FIRST),
        (SHOWN, labelled(0), FIRST),
        (SHOWN, labelled(-1), FIRST),
        (SHOWN, labelled(1), SECOND),
        (None, labelled(1), FIRST),
        (SHOWN.model_copy(update={"verdict": "invalid"}), labelled(1), FIRST),
        (SHOWN.model_copy(update={"accepted": Accepted(sha=FIRST, by="x", at=NOON)}), labelled(-1), SECOND),
    ],
    ids=[
        "no label",
        "same moment",
        "older label",
        "other commit",
        "no comment",
        "not measured",
        "pushed since",
    ],
)
def test_anything_else_is_not_accepted(state: State | None, event: LabelEvent | None, sha: str) -> None:
    assert acceptance(state, NOON, event, sha) is None


def test_a_label_set_before_github_showed_the_result_accepts_nothing() -> None:
    """It is put together for a while after the moment that it names."""
    assert acceptance(SHOWN, NOON + timedelta(minutes=2), labelled(1), FIRST) is None
    assert acceptance(SHOWN, NOON + timedelta(minutes=2), labelled(3), FIRST) is not None


@pytest.mark.parametrize("actor", [None, User(login="labels[bot]", type="Bot")])
def test_only_a_person_accepts(actor: User | None) -> None:
    assert acceptance(SHOWN, NOON, labelled(1).model_copy(update={"actor": actor}), FIRST) is None


def test_a_push_ends_the_acceptance_of_an_earlier_commit_only() -> None:
    given = Accepted(sha=FIRST, by="reviewer", at=NOON)
    state = SHOWN.model_copy(update={"accepted": given})
    assert ended(state, SECOND) == given
    assert ended(state, FIRST) is None
    assert ended(SHOWN, SECOND) is None
    assert ended(None, SECOND) is None


def pull_request(sha: str, state: str = "open") -> PullRequest:
    side = Branch(ref="main", sha=sha, repo=None)
    return PullRequest(number=7, state=state, head=side, base=side)


@pytest.mark.parametrize(
    ("pull", "state", "words"),
    [
        (pull_request(FIRST), None, ""),
        (pull_request(FIRST), SHOWN, ""),
        (pull_request(FIRST), SHOWN.model_copy(update={"run": 101, "sha": SECOND}), ""),
        (pull_request(FIRST, "closed"), None, "closed"),
        (pull_request(SECOND), None, "by now"),
        (pull_request(FIRST), SHOWN.model_copy(update={"run": 101}), "later run"),
        (pull_request(FIRST), SHOWN.model_copy(update={"attempt": 2}), "later run"),
    ],
)
def test_when_a_result_is_not_written(pull: PullRequest, state: State | None, words: str) -> None:
    found = why_not_posted(pull, state, SHOWN)
    assert words in found
    assert bool(found) == bool(words)

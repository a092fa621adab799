"""Publishing on a local GitHub that checks every request against GitHub's own description."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from perf_matrix.report.marker import read_marker
from tests.github_api.faults import Fault, Kind
from tests.github_api.state import ACTIONS_BOT
from tests.integration.publish.conversations import (
    FIRST,
    LABEL,
    NOON,
    NUMBER,
    READS,
    REVIEWER,
    SECOND,
    WISHES,
    Conversation,
    github,
)
from tests.unit.report.builders import inconclusive, invalid, passed, queries_only, regression

ON_CHANGE = replace(WISHES, comment="on-change")


@pytest.fixture
def conversation() -> Iterator[Conversation]:
    with github() as api:
        yield Conversation(api)
        assert api.violations == []


def test_a_comment_is_written_once_and_then_updated(conversation: Conversation) -> None:
    first = conversation.publish(regression())
    second = conversation.publish(passed(), run=101, minutes=5)
    assert first.comment_url
    assert second.comment_url == first.comment_url
    assert len(conversation.bodies) == 1
    assert "PASS" in conversation.bodies[0]
    assert "REGRESSION" not in conversation.bodies[0]


def test_two_ids_have_a_comment_each(conversation: Conversation) -> None:
    conversation.publish(regression())
    conversation.publish(passed(), wishes=replace(WISHES, id="other"))
    assert len(conversation.bodies) == 2
    assert read_marker(conversation.bodies[0], "default") is not None
    assert read_marker(conversation.bodies[1], "other") is not None


def test_comments_of_others_are_never_taken_for_ours(conversation: Conversation) -> None:
    conversation.publish(regression())
    forged = conversation.bodies[0]
    with conversation.api.lock:
        conversation.api.state.comments.clear()
        conversation.api.state.add_comment(NUMBER, forged, REVIEWER, NOON)
    conversation.publish(passed(), minutes=5)
    assert len(conversation.bodies) == 2
    assert conversation.bodies[0] == forged


def test_older_comments_of_ours_are_minimised(conversation: Conversation) -> None:
    conversation.publish(regression())
    body = conversation.bodies[0]
    with conversation.api.lock:
        conversation.api.state.add_comment(NUMBER, body, ACTIONS_BOT, NOON + timedelta(minutes=1))
    conversation.publish(passed(), minutes=5)
    old, new = conversation.api.state.comments_of(NUMBER)
    assert old.minimised == "OUTDATED"
    assert "PASS" in new.body


def test_the_comment_is_found_behind_many_others(conversation: Conversation) -> None:
    with conversation.api.lock:
        for number in range(150):
            conversation.api.state.add_comment(NUMBER, f"remark {number}", REVIEWER, NOON)
    conversation.publish(regression())
    conversation.publish(regression(), minutes=5)
    assert len(conversation.bodies) == 151


def test_on_change_a_clean_run_says_nothing(conversation: Conversation) -> None:
    published = conversation.publish(passed(), wishes=ON_CHANGE)
    assert conversation.bodies == []
    assert published.comment_url == ""


def test_on_change_an_undecided_run_says_nothing_that_does_not_fail(conversation: Conversation) -> None:
    undecided = inconclusive()
    undecided = undecided.model_copy(
        update={"gate": undecided.gate.model_copy(update={"inconclusive": "warn"})}
    )
    conversation.publish(undecided, wishes=ON_CHANGE)
    assert conversation.bodies == []
    conversation.publish(undecided, wishes=replace(ON_CHANGE, fail_on="inconclusive"))
    assert "INCONCLUSIVE" in conversation.bodies[0]


def test_on_change_a_red_comment_turns_green_and_then_stays(conversation: Conversation) -> None:
    conversation.publish(regression(), wishes=ON_CHANGE)
    conversation.push(SECOND)
    conversation.publish(passed(), sha=SECOND, run=101, minutes=5, wishes=ON_CHANGE)
    settled = conversation.bodies[0]
    assert "REGRESSION" not in settled
    assert FIRST[:7] in settled
    published = conversation.publish(passed(), sha=SECOND, run=102, minutes=9, wishes=ON_CHANGE)
    assert conversation.bodies == [settled]
    assert published.comment_url == ""


def test_nothing_is_written_where_no_comment_is_wanted(conversation: Conversation) -> None:
    conversation.publish(regression(), wishes=replace(WISHES, comment="never"))
    assert conversation.api.requests == []


def test_a_label_accepts_what_its_reviewer_saw(conversation: Conversation) -> None:
    assert conversation.publish(regression()).outcome.exit_code == 1
    conversation.accept(minutes=1)
    accepted = conversation.publish(regression(), run=101, minutes=5)
    assert accepted.outcome.exit_code == 0
    assert accepted.outcome.conclusion == "success"
    assert accepted.accepted is not None
    assert accepted.accepted.by == "reviewer"
    assert "reviewer" in conversation.bodies[0]
    again = conversation.publish(regression(), run=102, minutes=9)
    assert again.accepted == accepted.accepted


def test_an_acceptance_ends_with_the_next_push(conversation: Conversation) -> None:
    conversation.publish(regression())
    conversation.accept(minutes=1)
    conversation.publish(regression(), run=101, minutes=5)
    conversation.push(SECOND)
    pushed = conversation.publish(regression(), sha=SECOND, run=102, minutes=9)
    assert pushed.outcome.exit_code == 1
    assert pushed.accepted is None
    assert FIRST[:7] in conversation.bodies[0]
    pull = conversation.api.state.pull_request(NUMBER)
    assert pull is not None
    assert pull.labels == ()


def test_a_label_that_is_older_than_the_result_accepts_nothing(conversation: Conversation) -> None:
    conversation.accept(minutes=-1)
    assert conversation.publish(regression()).outcome.exit_code == 1
    pull = conversation.api.state.pull_request(NUMBER)
    assert pull is not None
    assert pull.labels == ()


def test_a_label_stays_where_it_may_be_meant_for_another_id(conversation: Conversation) -> None:
    nightly = replace(WISHES, id="nightly")
    conversation.publish(regression())
    conversation.publish(passed(), wishes=nightly)
    conversation.accept(minutes=1)
    conversation.publish(passed(), run=101, minutes=5, wishes=nightly)
    assert conversation.publish(regression(), run=102, minutes=6).accepted is not None


def test_a_label_between_two_commits_accepts_only_what_was_shown(conversation: Conversation) -> None:
    """Somebody pushes after the reviewer has looked, before the label is read."""
    conversation.publish(regression())
    conversation.accept(minutes=1)
    conversation.push(SECOND)
    assert conversation.publish(regression(), sha=SECOND, run=101, minutes=5).outcome.exit_code == 1


def test_a_label_taken_off_accepts_nothing_any_more(conversation: Conversation) -> None:
    conversation.publish(regression())
    conversation.accept(minutes=1)
    conversation.publish(regression(), run=101, minutes=5)
    with conversation.api.lock:
        conversation.api.state.take_off_label(NUMBER, LABEL, REVIEWER, NOON + timedelta(minutes=6))
    assert conversation.publish(regression(), run=102, minutes=9).outcome.exit_code == 1


def test_what_was_not_measured_cannot_be_accepted(conversation: Conversation) -> None:
    conversation.publish(invalid())
    conversation.accept(minutes=1)
    assert conversation.publish(invalid(), run=101, minutes=5).outcome.exit_code == 3


def test_a_result_is_not_written_over_one_of_a_newer_commit(conversation: Conversation) -> None:
    conversation.push(SECOND)
    conversation.publish(passed(), sha=SECOND, run=101)
    late = conversation.publish(regression(), sha=FIRST, run=100, minutes=5)
    assert "PASS" in conversation.bodies[0]
    assert late.comment_url == ""
    assert any(FIRST[:8] in note and SECOND[:8] in note for note in late.notes)
    assert late.outcome.exit_code == 1


def test_a_result_is_not_written_over_one_of_a_later_run(conversation: Conversation) -> None:
    conversation.publish(passed(), run=101)
    late = conversation.publish(regression(), run=100, minutes=5, wishes=replace(WISHES, check="perf"))
    assert "PASS" in conversation.bodies[0]
    assert any("later run" in note for note in late.notes)
    assert conversation.api.state.check_runs == []


def test_what_the_job_itself_has_written_is_left_as_it_is(conversation: Conversation) -> None:
    """The second workflow runs for pull requests of the own repository, too."""
    conversation.publish(regression(), reproduce="perf-matrix compare a b")
    written = conversation.bodies
    again = conversation.publish(
        regression(), minutes=5, measured_elsewhere=True, wishes=replace(WISHES, check="perf")
    )
    assert conversation.bodies == written
    assert any("itself" in note for note in again.notes)
    assert [check.conclusion for check in conversation.api.state.check_runs] == ["failure"]


def test_nothing_is_written_on_a_closed_pull_request(conversation: Conversation) -> None:
    with conversation.api.lock:
        state = conversation.api.state
        state.replace_pull_request(replace(state.pull_requests[0], state="closed"))
    published = conversation.publish(regression())
    assert conversation.bodies == []
    assert any("closed" in note for note in published.notes)


def test_a_check_run_has_the_result(conversation: Conversation) -> None:
    published = conversation.publish(queries_only(), wishes=replace(WISHES, check="perf"))
    (check,) = conversation.api.state.check_runs
    assert published.check_url
    assert (check.name, check.head_sha, check.conclusion) == ("perf", FIRST, "failure")
    assert check.title is not None
    assert check.title.startswith("REGRESSION")
    assert [(one.path, one.start_line) for one in check.annotations] == [
        (one.path, one.line) for one in published.annotations
    ]
    assert published.annotations


def test_a_token_that_only_reads_fails_nothing_and_says_what_to_add() -> None:
    with github(READS) as api:
        published = Conversation(api).publish(passed(), wishes=replace(WISHES, check="perf"))
        assert published.outcome.exit_code == 0
        assert published.comment_url == published.check_url == ""
        text = "\n".join(published.notes)
        assert "pull-requests: write" in text
        assert "checks: write" in text
        assert "t0ken" not in text


def test_an_outage_fails_nothing(conversation: Conversation) -> None:
    conversation.api.order(Fault(Kind.BAD_GATEWAY, path=".", times=1000))
    published = conversation.publish(passed())
    assert published.outcome.exit_code == 0
    assert any("502" in note or "Bad Gateway" in note for note in published.notes)


def test_a_short_outage_is_waited_for(conversation: Conversation) -> None:
    conversation.api.order(Fault(Kind.BAD_GATEWAY, path="/comments$", times=2, method="GET"))
    assert conversation.publish(regression()).comment_url


def test_without_a_pull_request_nothing_is_asked(conversation: Conversation) -> None:
    published = conversation.publish(regression(), number=None)
    assert conversation.api.requests == []
    assert published.outcome.exit_code == 1
    assert "REGRESSION" in published.markdown

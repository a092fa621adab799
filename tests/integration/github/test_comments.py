"""The one comment: written in place, found among all others, and no stranger's comment passes for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from perf_matrix.github.client import GitHub
from perf_matrix.github.comments import StickyComment
from perf_matrix.github.errors import GitHubError, NotFoundError, RefusedError
from perf_matrix.report.marker import State as Shown
from perf_matrix.report.marker import marker_start, write_marker
from tests.github_api.faults import Fault, Kind
from tests.github_api.server import FakeGitHub
from tests.github_api.state import ACTIONS_BOT, Account, State
from tests.integration.github.conftest import HEAD, NOW, NUMBER, REPOSITORY

MARKER = write_marker(
    "default", Shown(sha=HEAD, run=1, attempt=1, verdict="regression", at=datetime(2026, 1, 2, tzinfo=UTC))
)
START = marker_start("default")
OURS = f"{MARKER}\n## perf-matrix: regression"
BOT = ACTIONS_BOT


@pytest.fixture
def sticky(github: GitHub) -> StickyComment:
    return StickyComment(github, REPOSITORY, NUMBER, START)


def bodies(state: State) -> list[str]:
    return [comment.body for comment in state.comments]


def test_there_is_none(sticky: StickyComment) -> None:
    found = sticky.find()
    assert (found.comment, found.older) == (None, [])


def test_written_once_and_then_in_place(sticky: StickyComment, state: State) -> None:
    first = sticky.write(OURS, sticky.find())
    found = sticky.find()
    assert found.comment == first
    second = sticky.write(f"{OURS} again", found)
    assert second.id == first.id
    assert second.html_url
    assert bodies(state) == [f"{OURS} again"]


def test_found_behind_hundreds_of_others(sticky: StickyComment, state: State) -> None:
    for number in range(130):
        state.add_comment(NUMBER, f"comment {number}", Account("octocat"), NOW)
    ours = state.add_comment(NUMBER, OURS, BOT, NOW)
    for number in range(130):
        state.add_comment(NUMBER, f"later comment {number}", Account("octocat"), NOW)
    found = sticky.find()
    assert found.comment is not None
    assert found.comment.id == ours.id


@pytest.mark.parametrize(
    ("body", "author"),
    [
        (OURS, Account("octocat")),
        (OURS, Account("github-actions")),
        (OURS, Account("other-app[bot]", "Bot")),
        (OURS.replace(":default ", ":other "), BOT),
        (OURS.replace(":default ", ":default-2 "), BOT),
        (f"> {OURS}", BOT),
        (f"I saw this:\n{OURS}", BOT),
        ("", BOT),
    ],
)
def test_comments_that_are_not_ours(sticky: StickyComment, state: State, body: str, author: Account) -> None:
    state.add_comment(NUMBER, body, author, NOW)
    state.add_comment(NUMBER + 1, OURS, BOT, NOW)
    assert sticky.find().comment is None
    sticky.write(OURS, sticky.find())
    assert len(state.comments) == 3
    assert state.comments[0].body == body


def test_a_persons_token_writes_a_persons_comment(client: Callable[[str], GitHub], state: State) -> None:
    state.add_comment(NUMBER, OURS, BOT, NOW)
    sticky = StickyComment(client("person"), REPOSITORY, NUMBER, START)
    sticky.write(OURS, sticky.find())
    found = sticky.find()
    assert [comment.author.login for comment in state.comments] == ["github-actions[bot]", "octocat"]
    assert found.comment is not None
    assert found.comment.id == state.comments[1].id


def test_of_several_the_newest_stays_and_the_others_are_folded_away(
    sticky: StickyComment, state: State
) -> None:
    old, stranger, older, new = (
        state.add_comment(NUMBER, OURS, author, NOW) for author in (BOT, Account("octocat"), BOT, BOT)
    )
    found = sticky.find()
    assert found.comment is not None
    assert found.comment.id == new.id
    assert [comment.id for comment in found.older] == [older.id, old.id]
    sticky.minimise(found.older)
    minimised = {comment.id: comment.minimised for comment in state.comments}
    assert minimised == {old.id: "OUTDATED", stranger.id: None, older.id: "OUTDATED", new.id: None}


def test_deleted_while_we_measured(sticky: StickyComment, state: State) -> None:
    sticky.write(OURS, sticky.find())
    found = sticky.find()
    state.comments.clear()
    sticky.write(f"{OURS} again", found)
    assert bodies(state) == [f"{OURS} again"]


def test_as_long_as_may_be_and_longer(sticky: StickyComment, state: State) -> None:
    longest = f"{OURS}{'ü' * (65_536 - len(OURS))}"
    sticky.write(longest, sticky.find())
    assert bodies(state) == [longest]
    with pytest.raises(
        GitHubError, match=r"answered 422: Validation Failed; Body is too long \(maximum is 65536"
    ):
        sticky.write(f"{longest}!", sticky.find())


def test_a_token_that_only_reads(client: Callable[[str], GitHub], state: State) -> None:
    sticky = StickyComment(client("reader"), REPOSITORY, NUMBER, START)
    assert sticky.find().comment is None
    with pytest.raises(RefusedError) as refused:
        sticky.write(OURS, sticky.find())
    assert refused.value.needs == "issues=write; pull_requests=write"
    assert state.comments == []
    state.add_comment(NUMBER, OURS, BOT, NOW)
    with pytest.raises(RefusedError):
        sticky.write(OURS, sticky.find())
    found = sticky.find()
    assert found.comment is not None
    with pytest.raises(RefusedError, match="Resource not accessible by integration"):
        sticky.minimise([found.comment])


def test_no_such_pull_request(github: GitHub) -> None:
    with pytest.raises(NotFoundError):
        StickyComment(github, REPOSITORY, 99, START).find()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.BAD_GATEWAY, "/comments", times=3),
        Fault(Kind.TOO_MANY, "/comments", retry_after=2),
        Fault(Kind.SECONDARY, "/comments", method="POST"),
        Fault(Kind.PRIMARY, "/comments", retry_after=2),
        Fault(Kind.CUT, "/comments", times=2, method="GET"),
        Fault(Kind.HALF, "/comments", times=2, method="GET"),
        Fault(Kind.HALF, "graphql$"),
        Fault(Kind.CUT_AFTER, "/comments/", method="PATCH"),
    ],
)
def test_on_a_bad_day_it_is_still_one_comment(
    sticky: StickyComment, state: State, api: FakeGitHub, fault: Fault
) -> None:
    api.order(fault)
    sticky.write(OURS, sticky.find())
    sticky.write(f"{OURS} again", sticky.find())
    assert bodies(state) == [f"{OURS} again"]


def test_a_comment_whose_answer_was_lost_is_found_the_next_time(
    sticky: StickyComment, state: State, api: FakeGitHub
) -> None:
    api.order(Fault(Kind.CUT_AFTER, "/comments", method="POST"))
    with pytest.raises(GitHubError, match="whether GitHub has done it is not known"):
        sticky.write(OURS, sticky.find())
    sticky.write(f"{OURS} again", sticky.find())
    assert bodies(state) == [f"{OURS} again"]

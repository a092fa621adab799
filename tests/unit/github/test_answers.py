"""What is read of GitHub's answers, and what is said of an answer that is none of its."""

from __future__ import annotations

import pytest

from perf_matrix.errors import PerfMatrixError
from perf_matrix.github.errors import GitHubError, RefusedError, UnexpectedAnswerError, plain
from perf_matrix.github.model import Comment, PullRequest, read

USER = {"login": "octocat", "type": "User", "id": 1}
COMMENT = {
    "id": 7,
    "node_id": "IC_7",
    "body": "hello",
    "user": USER,
    "html_url": "https://github.com/a/b#7",
    "updated_at": "2026-01-02T03:04:05Z",
    "more": 1,
}


def test_what_is_not_named_is_left_unread() -> None:
    comment = read(Comment, COMMENT, "the comment")
    assert (comment.id, comment.body, comment.user and comment.user.login) == (7, "hello", "octocat")
    assert not hasattr(comment, "more")


def test_deleted_accounts_and_forks() -> None:
    assert read(Comment, {**COMMENT, "user": None}, "the comment").user is None
    tip = {"ref": "b", "sha": "0" * 40, "repo": None}
    pull_request = read(
        PullRequest,
        {"number": 1, "state": "closed", "head": tip, "base": tip},
        "the pull request",
    )
    assert pull_request.head.repo is None


@pytest.mark.parametrize("answer", [None, [], "ok", {"id": 7}, {**COMMENT, "id": "<script>"}])
def test_another_answer_is_told_without_its_content(answer: object) -> None:
    with pytest.raises(
        UnexpectedAnswerError, match=r"^read the comment: this is not what GitHub answers: "
    ) as raised:
        read(Comment, answer, "the comment")
    assert "script" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_errors_in_words() -> None:
    failed = GitHubError("GET", "/repos/a/b", 502, "GitHub answered 502")
    assert str(failed) == "GET /repos/a/b: GitHub answered 502"
    assert isinstance(failed, PerfMatrixError)
    refused = RefusedError("POST", "/repos/a/b/check-runs", 403, "GitHub answered 403", "checks=write")
    assert str(refused) == (
        "the token may not POST /repos/a/b/check-runs: GitHub answered 403. GitHub names the permission checks=write."
    )


def test_foreign_words_stay_on_one_line() -> None:
    assert plain("two\r\nlines\x1b[2J ::error::") == "two lines [2J ::error::"
    assert len(plain("x" * 10_000)) == 500

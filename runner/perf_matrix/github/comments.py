"""The one comment that a pull request gets: found again by its hidden marker, written in place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from perf_matrix.github.client import GitHub
from perf_matrix.github.errors import NotFoundError
from perf_matrix.github.model import Comment, Read, User, read

_VIEWER = "query { viewer { login } }"
_MINIMISE = """
mutation($comment: ID!) {
  minimizeComment(input: {subjectId: $comment, classifier: OUTDATED}) { minimizedComment { isMinimized } }
}
"""
_BOT = "[bot]"


class _Account(Read):
    login: str


class _Viewer(Read):
    """Whose token it is."""

    viewer: _Account


@dataclass(frozen=True)
class Found:
    """The comments that are ours: ``comment`` is the newest, None where there is none; ``older`` are the others."""

    comment: Comment | None
    older: list[Comment]


class StickyComment:
    """The comment on pull request ``number`` that begins with a certain text. Its methods raise what GitHub's do."""

    def __init__(self, github: GitHub, repository: str, number: int, begins_with: str) -> None:
        self._github = github
        self._repository = repository
        self._number = number
        self._begins_with = begins_with

    def find(self) -> Found:
        """Look for it among all comments. Those of others do not count, whatever they look like.

        A comment holds the acceptance of a regression: nobody else may write one that is taken for ours.
        """
        ours = sorted(
            (comment for comment in self._comments() if self._is_ours(comment)), key=_age, reverse=True
        )
        return Found(ours[0] if ours else None, ours[1:])

    def write(self, body: str, found: Found) -> Comment:
        """Write ``body``, at most 65,536 characters, into what was found; into a new comment where that is gone.

        Where GitHub did write a new comment and its answer was lost, there may be two of them: the next time the
        older one is among ``older``.
        """
        if found.comment is not None:
            try:
                return self._update(found.comment, body)
            except NotFoundError:
                # Somebody has deleted it meanwhile.
                pass
        path = f"/repos/{self._repository}/issues/{self._number}/comments"
        return read(Comment, self._github.post(path, {"body": body}), "the new comment")

    def minimise(self, older: Iterable[Comment]) -> None:
        """Fold comments away as outdated."""
        for comment in older:
            self._github.graphql(_MINIMISE, {"comment": comment.node_id})

    def _comments(self) -> Iterable[Comment]:
        path = f"/repos/{self._repository}/issues/{self._number}/comments"
        for page in self._github.pages(path):
            yield from read(list[Comment], page, "the comments")

    def _update(self, comment: Comment, body: str) -> Comment:
        path = f"/repos/{self._repository}/issues/comments/{comment.id}"
        return read(Comment, self._github.patch(path, {"body": body}), "the comment")

    def _is_ours(self, comment: Comment) -> bool:
        return comment.body.startswith(self._begins_with) and is_own(comment.user, self._login)

    @cached_property
    def _login(self) -> str:
        return read(_Viewer, self._github.graphql(_VIEWER, {}), "whose token it is").viewer.login


def is_own(user: User | None, login: str) -> bool:
    """Whether ``user`` is who GraphQL calls ``login``: it may leave off the ending that an app's login has in REST.

    The ending is left off for apps only: otherwise a person who is called as an app is could speak for it.
    """
    if user is None:
        return False
    if user.type == "Bot":
        return user.login.removesuffix(_BOT) == login.removesuffix(_BOT)
    return user.login == login


def _age(comment: Comment) -> int:
    return comment.id

"""The conversation on a pull request: what it holds of ours, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from perf_matrix.github.client import GitHub
from perf_matrix.github.comments import Found, StickyComment
from perf_matrix.github.model import Comment, LabelEvent, PullRequest
from perf_matrix.github.pulls import labelled, pull_request, remove_label
from perf_matrix.publish.standing import acceptance, ended
from perf_matrix.report.marker import Accepted, State, marker_start, read_marker


@dataclass(frozen=True)
class Standing:
    """What a pull request holds before anything is written on it; ``sha`` is the commit that the result is of."""

    sha: str
    pull_request: PullRequest
    found: Found
    state: State | None
    labelled: LabelEvent | None

    @property
    def accepted(self) -> Accepted | None:
        """The acceptance that holds for the result."""
        comment = self.found.comment
        return acceptance(self.state, comment.updated_at if comment else None, self.labelled, self.sha)

    @property
    def expired(self) -> Accepted | None:
        """The acceptance that the push of this commit has ended."""
        return ended(self.state, self.sha)

    @property
    def label_is_stale(self) -> bool:
        """Whether the label is there and does not accept this result: it was set for another commit, or before it."""
        return self.labelled is not None and self.accepted is None


class Conversation:
    """One pull request's, about the results of one ``id``. Methods raise GitHubError."""

    def __init__(self, github: GitHub, repository: str, number: int, *, id_: str, label: str) -> None:
        self._github = github
        self._repository = repository
        self._number = number
        self._id = id_
        self._label = label

    def standing(self, sha: str) -> Standing:
        """What it holds now."""
        found = self._sticky.find()
        return Standing(
            sha=sha,
            pull_request=pull_request(self._github, self._repository, self._number),
            found=found,
            state=read_marker(found.comment.body, self._id) if found.comment else None,
            labelled=labelled(self._github, self._repository, self._number, self._label),
        )

    def write(self, body: str, found: Found) -> Comment:
        """Write the comment in place."""
        return self._sticky.write(body, found)

    def fold(self, older: list[Comment]) -> None:
        """Fold older comments of ours away."""
        self._sticky.minimise(older)

    def take_label_off(self) -> None:
        """So that who wants to accept the new result can set it again."""
        remove_label(self._github, self._repository, self._number, self._label)

    @cached_property
    def _sticky(self) -> StickyComment:
        return StickyComment(self._github, self._repository, self._number, marker_start(self._id))

"""What the local GitHub knows of its one repository. Records are frozen; ``State`` replaces them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar, Literal

from pydantic import ConfigDict

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
AccountKind = Literal["User", "Bot", "Organization"]


@dataclass(frozen=True)
class Account:
    """A user, an app's bot, or an organization."""

    login: str
    kind: AccountKind = "User"


ACTIONS_BOT = Account("github-actions[bot]", "Bot")
_CONTRIBUTOR = Account("contributor")


@dataclass(frozen=True)
class Branch:
    """One end of a pull request; ``repository`` is None where the fork was deleted."""

    ref: str
    sha: str
    repository: str | None


@dataclass(frozen=True)
class PullRequest:
    """A pull request; ``diff`` is what GitHub answers for the diff media type."""

    number: int
    head: Branch
    base: Branch
    title: str = "A change"
    author: Account = _CONTRIBUTOR
    state: Literal["open", "closed"] = "open"
    draft: bool = False
    merged: bool = False
    labels: tuple[str, ...] = ()
    diff: str = ""
    created_at: datetime = BEGINNING


@dataclass(frozen=True)
class Comment:
    """A comment of the conversation; ``minimised`` is the reason (OUTDATED, …), None where it is shown."""

    id: int
    issue: int
    body: str
    author: Account
    created_at: datetime = BEGINNING
    updated_at: datetime = BEGINNING
    minimised: str | None = None

    @property
    def node_id(self) -> str:
        """The id that GraphQL knows the comment by."""
        return f"IC_{self.id:08d}"

    @property
    def reason(self) -> str | None:
        """Why it is minimised, as GitHub answers it: it is asked with OUTDATED and answers outdated."""
        return None if self.minimised is None else self.minimised.lower().replace("_", "-")


@dataclass(frozen=True)
class LabelEvent:
    """A label was set or taken off."""

    id: int
    issue: int
    event: Literal["labeled", "unlabeled"]
    label: str
    actor: Account
    at: datetime


@dataclass(frozen=True)
class Annotation:
    """A note of a check run at lines of a file."""

    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["notice", "warning", "failure"]
    message: str
    title: str | None = None
    raw_details: str | None = None
    start_column: int | None = None
    end_column: int | None = None


@dataclass(frozen=True)
class CheckRun:
    """A check of a commit, with every annotation that it was given so far."""

    id: int
    head_sha: str
    name: str
    status: str = "queued"
    conclusion: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: tuple[Annotation, ...] = ()
    details_url: str | None = None
    external_id: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True)
class WorkflowRun:
    """A run of a workflow; ``pull_requests`` is empty for forks, as on GitHub."""

    id: int
    head_sha: str
    head_branch: str
    head_repository: str
    event: str = "pull_request"
    name: str = "perf"
    run_attempt: int = 1
    status: str = "completed"
    conclusion: str | None = "success"
    pull_requests: tuple[int, ...] = ()


@dataclass(frozen=True)
class Artifact:
    """What a run uploaded: ``archive`` are the zip's bytes, ``claimed_size`` a size to answer instead of theirs."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    id: int
    run_id: int
    name: str
    archive: bytes
    claimed_size: int | None = None
    expired: bool = False
    created_at: datetime = BEGINNING


@dataclass(frozen=True)
class Comparison:
    """How two commits relate; ``diff`` is what GitHub answers for the diff media type."""

    base: str
    head: str
    merge_base: str
    ahead_by: int = 1
    behind_by: int = 0
    diff: str = ""


@dataclass
class State:
    """The repository and everything in it. Nothing here is checked: handlers are what refuses."""

    repository: str = "acme/widgets"
    private: bool = True
    default_branch: str = "main"
    pull_requests: list[PullRequest] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    label_events: list[LabelEvent] = field(default_factory=list)
    check_runs: list[CheckRun] = field(default_factory=list)
    workflow_runs: list[WorkflowRun] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)

    @property
    def owner(self) -> str:
        """Whose repository it is."""
        return self.repository.split("/")[0]

    def new_id(self) -> int:
        """An id that nothing in the repository has: one more than the greatest."""
        taken = [
            thing.id
            for things in (self.comments, self.label_events, self.check_runs, self.artifacts)
            for thing in things
        ]
        return max(taken, default=1000) + 1

    def pull_request(self, number: int) -> PullRequest | None:
        """The pull request of that number; None where there is none."""
        return next((pull for pull in self.pull_requests if pull.number == number), None)

    def add_comment(self, issue: int, body: str, author: Account, at: datetime) -> Comment:
        """Write a new comment below a pull request."""
        comment = Comment(self.new_id(), issue, body, author, at, at)
        self.comments.append(comment)
        return comment

    def replace_comment(self, changed: Comment) -> Comment:
        """Put ``changed`` where the comment of the same id was."""
        self.comments = [changed if comment.id == changed.id else comment for comment in self.comments]
        return changed

    def comments_of(self, issue: int) -> list[Comment]:
        """The comments of a pull request, in the order in which they were written."""
        return [comment for comment in self.comments if comment.issue == issue]

    def replace_pull_request(self, changed: PullRequest) -> PullRequest:
        """Put ``changed`` where the pull request of the same number was."""
        self.pull_requests = [
            changed if pull.number == changed.number else pull for pull in self.pull_requests
        ]
        return changed

    def push(self, number: int, sha: str) -> PullRequest:
        """A new head commit of a pull request."""
        pull = self._known(number)
        return self.replace_pull_request(replace(pull, head=replace(pull.head, sha=sha)))

    def set_label(self, number: int, label: str, by: Account, at: datetime) -> LabelEvent:
        """Set a label on a pull request and note who did and when."""
        pull = self._known(number)
        self.replace_pull_request(replace(pull, labels=(*pull.labels, label)))
        return self._note(LabelEvent(self.new_id(), number, "labeled", label, by, at))

    def take_off_label(self, number: int, label: str, by: Account, at: datetime) -> LabelEvent:
        """Take a label off a pull request and note who did and when."""
        pull = self._known(number)
        rest = tuple(name for name in pull.labels if name != label)
        self.replace_pull_request(replace(pull, labels=rest))
        return self._note(LabelEvent(self.new_id(), number, "unlabeled", label, by, at))

    def replace_check_run(self, changed: CheckRun) -> CheckRun:
        """Put ``changed`` where the check run of the same id was."""
        self.check_runs = [changed if run.id == changed.id else run for run in self.check_runs]
        return changed

    def _known(self, number: int) -> PullRequest:
        pull = self.pull_request(number)
        if pull is None:
            raise LookupError(
                f"there is no pull request {number} in the state: add it to pull_requests first"
            )
        return pull

    def _note(self, event: LabelEvent) -> LabelEvent:
        self.label_events.append(event)
        return event

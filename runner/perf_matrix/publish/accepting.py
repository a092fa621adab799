"""A label that accepts what the comment shows already: nothing has to be measured for it."""

from __future__ import annotations

from dataclasses import dataclass

from perf_matrix.github.checks import create_check
from perf_matrix.github.client import GitHub
from perf_matrix.github.comments import Found
from perf_matrix.github.event import Job
from perf_matrix.github.model import Comment
from perf_matrix.publish.conversation import Conversation
from perf_matrix.publish.noting import Notes
from perf_matrix.publish.outcome import Outcome
from perf_matrix.publish.permissions import CHECK, COMMENT
from perf_matrix.publish.publish import Published
from perf_matrix.publish.source import Wishes
from perf_matrix.report.comment import accept
from perf_matrix.report.exit_code import NOTHING_REGRESSED
from perf_matrix.report.marker import Accepted, State


@dataclass(frozen=True)
class Acceptable:
    """The comment of a regression that a label accepts. ``state`` holds the acceptance already."""

    conversation: Conversation
    comment: Comment
    older: list[Comment]
    state: State
    accepted: Accepted


def acceptable(job: Job, github: GitHub, *, id_: str, label: str) -> Acceptable | None:
    """What the event accepts: it set the label, and the comment shows a regression of the newest commit.

    None where the event is another one, or where that does not hold: then it has to be measured. Raises GitHubError.
    """
    payload = job.payload
    if payload.pull_request is None or payload.action != "labeled" or payload.label is None:
        return None
    if payload.label.name.casefold() != label.casefold():
        return None
    conversation = Conversation(github, job.repository, payload.pull_request.number, id_=id_, label=label)
    return accepted_by_label(conversation, payload.pull_request.head.sha)


def accepted_by_label(conversation: Conversation, sha: str) -> Acceptable | None:
    """The comment, where it shows a regression of the commit ``sha`` that the label accepts, and that is the newest.

    Raises GitHubError.
    """
    standing = conversation.standing(sha)
    accepted, found = standing.accepted, standing.found
    if standing.state is None or accepted is None or found.comment is None:
        return None
    if standing.pull_request.head.sha != sha:
        return None
    state = standing.state.model_copy(update={"accepted": accepted})
    return Acceptable(conversation, found.comment, found.older, state, accepted)


def publish_acceptance(
    github: GitHub, repository: str, found: Acceptable, wishes: Wishes, run_url: str
) -> Published:
    """Note the acceptance in the comment, and turn the check run green. What GitHub refuses is in the notes."""
    notes = Notes()
    body, url, check_url = accept(found.comment.body, wishes.id, found.state), "", ""
    with notes.noting(COMMENT):
        url = found.conversation.write(body, Found(found.comment, found.older)).html_url
    with notes.noting(COMMENT):
        found.conversation.fold(found.older)
    if wishes.check:
        with notes.noting(CHECK):
            check_url = _turn_green(github, repository, found, body, name=wishes.check, run_url=run_url)
    return Published(
        comparison=None,
        outcome=Outcome("regression", accepted=True, exit_code=NOTHING_REGRESSED),
        accepted=found.accepted,
        markdown=body,
        annotations=[],
        comment_url=url,
        check_url=check_url,
        notes=notes.lines,
    )


def _turn_green(
    github: GitHub, repository: str, found: Acceptable, body: str, *, name: str, run_url: str
) -> str:
    check = create_check(
        github,
        repository,
        found.state.sha,
        name=name,
        conclusion="success",
        title=f"Regression accepted by {found.accepted.by}",
        summary=body,
        annotations=[],
        details_url=run_url,
    )
    return check.html_url or ""

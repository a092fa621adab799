"""Where a pull request stands: what its comment holds, and whether a person has accepted the regression.  (Pure.)

A label accepts what its reviewer saw: the result of one commit. So it counts only where the comment showed the result
of this very commit before the label was set, and the comment remembers that; a push ends it.
"""

from __future__ import annotations

from datetime import datetime

from perf_matrix.github.model import LabelEvent, PullRequest
from perf_matrix.report.marker import Accepted, State


def acceptance(
    state: State | None, shown_at: datetime | None, labelled: LabelEvent | None, sha: str
) -> Accepted | None:
    """The acceptance that holds for the commit ``sha``; None where there is none.

    ``state`` is what the comment held until now, ``shown_at`` when GitHub began to show it, ``labelled`` the latest
    setting of the label, None where it is not there any more. A program's label accepts nothing.
    """
    if labelled is None or state is None or state.sha != sha:
        return None
    if state.accepted is not None and state.accepted.sha == sha:
        return state.accepted
    # GitHub's clock counts, too: a result is put together for a while before anybody can see it.
    seen_from = max(state.at, shown_at or state.at)
    if labelled.created_at <= seen_from or state.verdict != "regression":
        return None
    if labelled.actor is None or labelled.actor.type == "Bot":
        return None
    return Accepted(sha=sha, by=labelled.actor.login, at=labelled.created_at)


def ended(state: State | None, sha: str) -> Accepted | None:
    """The acceptance of an earlier commit that the push of ``sha`` has ended."""
    if state is None or state.accepted is None or state.accepted.sha == sha:
        return None
    return state.accepted


def why_not_posted(pull_request: PullRequest, state: State | None, ours: State) -> str:
    """Why nothing is written on the pull request, in words; empty where the result is the newest.

    A run takes minutes: meanwhile somebody may have pushed, closed, or started another run.
    """
    if pull_request.state != "open":
        return f"pull request #{pull_request.number} was closed meanwhile"
    if pull_request.head.sha != ours.sha:
        return (
            f"the result is of {ours.sha[:8]}, and the pull request is at {pull_request.head.sha[:8]} by now"
        )
    if state is not None and is_of_a_later_run(state, ours):
        return f"the comment shows the result of a later run ({state.run}, attempt {state.attempt})"
    return ""


def is_of_a_later_run(state: State, ours: State) -> bool:
    """Whether the comment shows a newer result of the same commit."""
    return state.sha == ours.sha and (state.run, state.attempt) > (ours.run, ours.attempt)


def is_of_the_same_run(state: State, ours: State) -> bool:
    """Whether the comment shows this very result: the job that measured it has written it itself."""
    return state.sha == ours.sha and (state.run, state.attempt) == (ours.run, ours.attempt)

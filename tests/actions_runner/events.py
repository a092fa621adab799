"""Payloads of events, in the shape that GitHub documents, made of what the local GitHub API holds.

A payload names things as the REST interface does, so they are presented by the same code, and what a job reads in
the event is what the API would tell it at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.github_api.present import Presenter
from tests.github_api.state import Account, PullRequest, State

_API = "https://api.github.com"
_SITE = "https://github.com"
_NO_COMMIT = "0" * 40
Payload = dict[str, object]


@dataclass(frozen=True)
class Event:
    """An event of a workflow: its name, the repository (``owner/name``) that it runs in, who caused it, the payload."""

    name: str
    repository: str
    actor: str
    payload: Mapping[str, object]


def opened(state: State, number: int) -> Event:
    """A pull request was opened, by its author."""
    return _of_pull_request(state, "opened", number, _pull(state, number).author)


def synchronized(state: State, number: int, before: str) -> Event:
    """Its author pushed; ``before`` is the head commit until then."""
    pull = _pull(state, number)
    commits = {"before": before, "after": pull.head.sha}
    return _of_pull_request(state, "synchronize", number, pull.author, commits)


def labeled(state: State, number: int, label: str, by: Account) -> Event:
    """Somebody set a label, which the pull request has now."""
    return _of_pull_request(state, "labeled", number, by, {"label": _presenter(state).label(label)})


def pushed(state: State, branch: str, after: str, by: Account, before: str = _NO_COMMIT) -> Event:
    """Somebody pushed commits to a branch; to a new one where nothing says what was there ``before``."""
    payload = {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "created": before == _NO_COMMIT,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"{_SITE}/{state.repository}/compare/{before[:12]}...{after[:12]}",
        "commits": [],
        "head_commit": None,
        "pusher": {"name": by.login, "email": f"{by.login}@users.noreply.github.com"},
        **_where(state, by),
    }
    return Event("push", state.repository, by.login, payload)


def run_completed(state: State, run_id: int, by: Account) -> Event:
    """A run of another workflow ended. The event is of this repository; the run's commit may be a fork's."""
    (run,) = (run for run in state.workflow_runs if run.id == run_id)
    payload = {
        "action": "completed",
        "workflow": {"name": run.name, "path": ".github/workflows/perf.yml", "state": "active"},
        "workflow_run": _presenter(state).workflow_run(run),
        **_where(state, by),
    }
    return Event("workflow_run", state.repository, by.login, payload)


def _of_pull_request(
    state: State, action: str, number: int, by: Account, more: Mapping[str, object] = {}
) -> Event:
    payload = {
        "action": action,
        "number": number,
        "pull_request": _presenter(state).whole_pull_request(_pull(state, number)),
        **more,
        **_where(state, by),
    }
    return Event("pull_request", state.repository, by.login, payload)


def _where(state: State, by: Account) -> Payload:
    presenter = _presenter(state)
    return {"repository": presenter.repository(state.repository), "sender": presenter.account(by)}


def _presenter(state: State) -> Presenter:
    return Presenter(state, _API, _SITE)


def _pull(state: State, number: int) -> PullRequest:
    pull = state.pull_request(number)
    assert pull is not None, f"there is no pull request {number}"
    return pull

"""A local GitHub with a pull request from a fork, and clients with tokens of several permissions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.github_api.server import FakeGitHub
from tests.github_api.state import Account, Artifact, Branch, Comparison, PullRequest, State, WorkflowRun
from tests.github_api.tokens import Level, Token

HEAD, BASE, MERGE_BASE = "a" * 40, "b" * 40, "c" * 40
REPOSITORY = "acme/widgets"
NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
EVERYTHING: dict[str, Level] = {
    "actions": "read",
    "checks": "write",
    "contents": "read",
    "issues": "write",
    "pull_requests": "write",
}
Client = Callable[..., requests.Response]


def new_state() -> State:
    main = Branch("main", BASE, REPOSITORY)
    return State(
        repository=REPOSITORY,
        pull_requests=[
            PullRequest(7, Branch("feature/x", HEAD, "fork/widgets"), main, diff="diff --git a/x b/x\n"),
            PullRequest(8, Branch("gone", "d" * 40, None), main, state="closed"),
        ],
        workflow_runs=[WorkflowRun(5, HEAD, "feature/x", "fork/widgets")],
        artifacts=[Artifact(31, 5, "perf-matrix-default", b"PK\x05\x06" + bytes(18))],
        comparisons=[Comparison(BASE, HEAD, MERGE_BASE, ahead_by=2, diff="diff --git a/y b/y\n")],
    )


@pytest.fixture
def state() -> State:
    return new_state()


@pytest.fixture
def api(state: State) -> Iterator[FakeGitHub]:
    tokens = {
        "job": Token(EVERYTHING),
        "reader": Token(dict.fromkeys(EVERYTHING, "read")),
        "nothing": Token(),
        "person": Token(EVERYTHING, Account("somebody")),
    }
    with FakeGitHub(state, tokens, clock=lambda: NOW) as api:
        yield api


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """Whoever asks with the job's token."""
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer job"
        yield session


@pytest.fixture
def ask(api: FakeGitHub, session: requests.Session) -> Client:
    """Ask for something below the repository, with the job's token or the one that is told."""

    def send(method: str, path: str, *, who: str = "job", **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {who}", **options.pop("headers", {})}
        url = f"{api.api_url}/repos/{REPOSITORY}{path}"
        return session.request(method, url, headers=headers, timeout=10, **options)

    return send

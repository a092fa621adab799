"""A local GitHub with a pull request from a fork, and clients with several tokens.

Whatever GitHub's descriptions do not allow fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import requests

from perf_matrix.github.client import GitHub
from tests.github_api.server import FakeGitHub
from tests.github_api.state import Account, Branch, Comparison, PullRequest, State, WorkflowRun
from tests.github_api.tokens import Token

REPOSITORY = "acme/widgets"
FORK = "stranger/widgets"
HEAD, BASE, MERGE_BASE, OLD = "a" * 40, "b" * 40, "c" * 40, "d" * 40
NUMBER = 7
NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
MAIN = Branch("main", BASE, REPOSITORY)
TOKENS = {
    # The one of a job with the permissions that the documentation asks for, and the one of a fork's job.
    "job": Token(
        {
            "actions": "read",
            "checks": "write",
            "contents": "read",
            "issues": "write",
            "pull_requests": "write",
        }
    ),
    "reader": Token(
        {"actions": "read", "checks": "read", "contents": "read", "issues": "read", "pull_requests": "read"}
    ),
    "person": Token({"issues": "write", "pull_requests": "write"}, Account("octocat")),
}
Client = Callable[[str], GitHub]


@pytest.fixture
def state() -> State:
    return State(
        repository=REPOSITORY,
        pull_requests=[PullRequest(NUMBER, Branch("feature/x", HEAD, FORK), MAIN)],
        workflow_runs=[WorkflowRun(5, HEAD, "feature/x", FORK)],
        comparisons=[Comparison(BASE, HEAD, MERGE_BASE)],
    )


@pytest.fixture(params=["", "/api/v3"], ids=["github.com", "enterprise"])
def api(state: State, request: pytest.FixtureRequest) -> Iterator[FakeGitHub]:
    graphql = "/api/graphql" if request.param else "/graphql"
    with FakeGitHub(state, TOKENS, clock=lambda: NOW, api_path=request.param, graphql_path=graphql) as api:
        yield api
        assert api.violations == []
        assert api.faults_left == 0


@pytest.fixture
def client(api: FakeGitHub) -> Iterator[Client]:
    """Makes clients that wait for nothing; each says which token it has."""
    with requests.Session() as session:

        def make(token: str) -> GitHub:
            return GitHub(
                session,
                api.api_url,
                token,
                graphql_url=api.graphql_url,
                sleep=lambda _seconds: None,
                say=lambda _words: None,
            )

        yield make


@pytest.fixture
def github(client: Client) -> GitHub:
    """The client of a job."""
    return client("job")

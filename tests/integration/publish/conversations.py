"""A pull request on the local GitHub, and results to publish on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from perf_matrix.compare.model import Comparison
from perf_matrix.github.client import GitHub
from perf_matrix.publish.publish import Published, Publisher
from perf_matrix.publish.source import Source, Wishes
from tests.github_api.server import FakeGitHub
from tests.github_api.state import Account, Branch, PullRequest, State
from tests.github_api.tokens import Token

REPOSITORY = "acme/widgets"
NUMBER = 7
FIRST, SECOND, BASE = "a" * 40, "c" * 40, "b" * 40
TOKEN = "t0ken"  # noqa: S105 - of the local GitHub only
WRITES = Token(
    {"contents": "read", "pull_requests": "write", "issues": "write", "checks": "write", "actions": "read"}
)
READS = Token(
    {"contents": "read", "pull_requests": "read", "issues": "read", "checks": "read", "actions": "read"}
)
REVIEWER = Account("reviewer")
LABEL = "perf-accepted"
WISHES = Wishes(id="default", comment="always", fail_on="regression", check="", label=LABEL)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def pull_request() -> PullRequest:
    return PullRequest(
        NUMBER, head=Branch("feature", FIRST, REPOSITORY), base=Branch("main", BASE, REPOSITORY)
    )


def github(token: Token = WRITES, **state: Any) -> FakeGitHub:
    """The local GitHub with one pull request, and one token for it."""
    return FakeGitHub(
        State(repository=REPOSITORY, pull_requests=[pull_request()], **state),
        {TOKEN: token},
        clock=lambda: NOON,
    )


@dataclass(frozen=True)
class Conversation:
    """Publishes results on the pull request, one after the other."""

    api: FakeGitHub

    def publish(
        self,
        comparison: Comparison,
        *,
        sha: str = FIRST,
        run: int = 100,
        minutes: int = 0,
        wishes: Wishes = WISHES,
        **source: Any,
    ) -> Published:
        """What becomes of a result of the commit ``sha`` that is published ``minutes`` after noon."""
        given = Source(
            REPOSITORY, sha, BASE, NUMBER, run, 1, f"https://github.com/{REPOSITORY}/actions/runs/{run}"
        )
        with requests.Session() as session:
            client = self.client(session)
            publisher = Publisher(comparison, replace(given, **source), wishes, client, version="1.2.3")
            return publisher.publish(NOON + timedelta(minutes=minutes))

    def client(self, session: requests.Session, say: Callable[[str], None] = print) -> GitHub:
        """GitHub's API as the holder of the token."""
        return GitHub(
            session, self.api.api_url, TOKEN, graphql_url=self.api.graphql_url, say=say, sleep=lambda _: None
        )

    def accept(self, minutes: int, label: str = LABEL) -> None:
        """A reviewer sets the label."""
        with self.api.lock:
            self.api.state.set_label(NUMBER, label, REVIEWER, NOON + timedelta(minutes=minutes))

    def push(self, sha: str) -> None:
        """Somebody pushes another commit."""
        with self.api.lock:
            self.api.state.push(NUMBER, sha)

    @property
    def bodies(self) -> list[str]:
        """The comments, oldest first."""
        return [comment.body for comment in self.api.state.comments_of(NUMBER)]

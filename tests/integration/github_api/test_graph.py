"""The GraphQL interface: checked against GitHub's schema, before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.github_api.server import FakeGitHub
from tests.github_api.state import Account, Comment, State

from .conftest import NOW

MINIMISE = """
mutation ($id: ID!, $why: ReportedContentClassifiers!) {
  minimizeComment(input: {subjectId: $id, classifier: $why}) {
    minimizedComment { isMinimized minimizedReason }
  }
}
"""
Query = Callable[..., dict[str, Any]]


@pytest.fixture
def query(api: FakeGitHub) -> Query:
    def send(document: str, *, who: str = "job", **variables: object) -> dict[str, Any]:
        body = {"query": document, "variables": variables}
        headers = {"Authorization": f"Bearer {who}"}
        answer = requests.post(api.graphql_url, json=body, headers=headers, timeout=10)
        assert answer.status_code == 200
        result: dict[str, Any] = answer.json()
        return result

    return send


@pytest.fixture
def comment(state: State) -> Comment:
    return state.add_comment(7, "old news", Account("somebody"), NOW)


def test_who_asks(api: FakeGitHub, query: Query) -> None:
    assert query("{ viewer { login } }") == {"data": {"viewer": {"login": "github-actions[bot]"}}}
    assert query("{ viewer { login } }", who="person")["data"]["viewer"]["login"] == "somebody"
    assert api.violations == []


def test_a_comment_is_minimised(
    api: FakeGitHub, query: Query, comment: Comment, session: requests.Session
) -> None:
    answered = query(MINIMISE, id=comment.node_id, why="OUTDATED")
    shown = session.get(f"{api.api_url}/repos/acme/widgets/issues/comments/{comment.id}", timeout=10).json()

    minimised = answered["data"]["minimizeComment"]["minimizedComment"]
    assert minimised == {"isMinimized": True, "minimizedReason": "outdated"}
    assert shown["minimized"] == {"reason": "outdated"}
    assert shown["node_id"] == comment.node_id
    assert api.violations == []


def test_who_may_only_read_may_not_minimise(api: FakeGitHub, query: Query, comment: Comment) -> None:
    answered = query(MINIMISE, who="reader", id=comment.node_id, why="OUTDATED")

    assert _refused_with(answered) == "FORBIDDEN"
    assert api.state.comments[0].minimised is None
    assert api.violations == []


def test_a_comment_that_is_not_there_cannot_be_minimised(api: FakeGitHub, query: Query) -> None:
    assert _refused_with(query(MINIMISE, id="IC_9", why="OUTDATED")) == "NOT_FOUND"
    assert api.violations == []


@pytest.mark.parametrize(
    ("document", "variables", "what"),
    [
        ("{ viewer { name_of_user } }", {}, "Cannot query field 'name_of_user'"),
        ("{ viewer { login }", {}, "Syntax Error"),
        (MINIMISE, {"id": "IC_00001001", "why": "OLD"}, "OLD"),
        (MINIMISE, {"why": "OUTDATED"}, "$id"),
        ("{ rateLimit { cost } }", {}, "Query.rateLimit is described, and this server does not have it"),
    ],
)
def test_what_the_schema_does_not_allow_is_a_violation(
    api: FakeGitHub, query: Query, comment: Comment, document: str, variables: dict[str, str], what: str
) -> None:
    answered = query(document, **variables)

    assert answered["errors"]
    assert len(api.violations) == 1
    assert what in api.violations[0].what
    assert api.state.comments == [comment]


def test_a_property_beside_the_query_is_a_violation(api: FakeGitHub, session: requests.Session) -> None:
    session.post(api.graphql_url, json={"query": "{ viewer { login } }", "token": "x"}, timeout=10)

    assert [violation.what for violation in api.violations] == ["a GraphQL request has no token"]


def test_an_unknown_token_is_unauthorized(api: FakeGitHub) -> None:
    answer = requests.post(
        api.graphql_url, json={"query": "{viewer{login}}"}, headers={"Authorization": "bearer no"}, timeout=10
    )

    assert answer.status_code == 401
    assert api.violations == []


def _refused_with(answered: dict[str, Any]) -> str:
    """The kind of the one error, beside which GitHub answers null."""
    assert answered["data"] == {"minimizeComment": None}
    (error,) = answered["errors"]
    return str(error["type"])

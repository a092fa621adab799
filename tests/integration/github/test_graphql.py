"""GraphQL answers 200 whatever happens: what it refuses must not pass for done."""

from __future__ import annotations

import json

import pytest

from perf_matrix.github.errors import GitHubError, NotFoundError, RefusedError, UnexpectedAnswerError
from tests.integration.github.clients import NOW, TOKEN, Watched
from tests.integration.github.scripted import RESET, Reply, Scripted

DATA = Reply(content=b'{"data": {"viewer": {"login": "octocat"}}}')


def failing(kind: str, message: str = "No") -> Reply:
    error = {"type": kind, "path": ["viewer"], "message": message}
    return Reply(content=json.dumps({"data": None, "errors": [error]}).encode())


def test_a_query_and_its_variables() -> None:
    with Scripted([DATA]) as server:
        watched = Watched("http://127.0.0.1:9", graphql_url=f"{server.url}/api/graphql")
        assert watched.github.graphql("query($a: ID!) { x }", {"a": "1"}) == {"viewer": {"login": "octocat"}}
    (request,) = server.requests
    assert (request.method, request.path, request.token) == ("POST", "/api/graphql", f"Bearer {TOKEN}")
    assert json.loads(request.content) == {"query": "query($a: ID!) { x }", "variables": {"a": "1"}}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("FORBIDDEN", RefusedError),
        ("INSUFFICIENT_SCOPES", RefusedError),
        ("NOT_FOUND", NotFoundError),
        ("UNPROCESSABLE", GitHubError),
        ("", GitHubError),
    ],
)
def test_what_it_does_not_do(kind: str, error: type[GitHubError]) -> None:
    with (
        Scripted([failing(kind, "Not accessible")]) as server,
        pytest.raises(GitHubError, match="Not acc") as raised,
    ):
        Watched(server.url).github.graphql("query", {})
    assert type(raised.value) is error


def test_a_rate_limit_is_waited_for() -> None:
    limited = failing("RATE_LIMITED", "API rate limit exceeded")
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 30)}
    with Scripted([Reply(content=limited.content, headers=headers), DATA]) as server:
        watched = Watched(server.url)
        assert watched.github.graphql("query", {}) == {"viewer": {"login": "octocat"}}
    assert watched.waits == [31]


@pytest.mark.parametrize("reply", [RESET, Reply(502)])
def test_it_is_asked_again(reply: Reply) -> None:
    with Scripted([reply, DATA]) as server:
        Watched(server.url).github.graphql("query", {})
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b"null",
        b"<html>",
        b'{"data": null}',
        b'{"data": {}, "errors": [1]}',
        b'{"data": {}, "errors": "no"}',
        b'{"errors": []}',
    ],
)
def test_what_is_no_answer_of_graphql(content: bytes) -> None:
    with Scripted([Reply(content=content)]) as server, pytest.raises(UnexpectedAnswerError):
        Watched(server.url).github.graphql("query", {})

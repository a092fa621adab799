"""What the local GitHub must not let pass: it answers as GitHub does, and notes what no description allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from tests.github_api.server import FakeGitHub
from tests.github_api.state import State

from .conftest import HEAD, Client

_ANNOTATION = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "m"}
_CHECK: dict[str, Any] = {"name": "perf", "head_sha": HEAD, "status": "completed", "conclusion": "failure"}


def _with(**output: object) -> dict[str, Any]:
    return {**_CHECK, "output": {"title": "t", "summary": "s", **output}}


def _whats(api: FakeGitHub) -> list[str]:
    return [violation.what for violation in api.violations]


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "what"),
    [
        ("GET", "/pullz/7", {}, 404, "no such operation"),
        ("PUT", "/issues/7/comments", {}, 404, "no such operation"),
        ("GET", "/pulls/seven", {}, 422, "parameter pull_number"),
        ("GET", "/issues/7/comments?pageSize=3", {}, 422, "parameter pageSize is not described"),
        ("GET", "/issues/7/comments?per_page=many", {}, 422, "parameter per_page"),
        ("GET", "/pulls?state=merged", {}, 422, "parameter state"),
        ("GET", "/pulls/7", {"json": {}}, 422, "body: none is described"),
        ("POST", "/issues/7/comments", {}, 422, "body: missing"),
        ("POST", "/issues/7/comments", {"json": {}}, 422, "'body' is a required property"),
        (
            "POST",
            "/issues/7/comments",
            {"json": {"body": "x", "sticky": True}},
            422,
            "body/sticky: no property",
        ),
        ("POST", "/issues/7/comments", {"json": {"body": 5}}, 422, "5 is not of type 'string'"),
        ("POST", "/issues/7/comments", {"data": b"{body}"}, 400, "body: no JSON"),
        ("POST", "/check-runs", {"json": _with(annotations=[_ANNOTATION] * 51)}, 422, "is too long"),
        ("POST", "/check-runs", {"json": _with(summary="s" * 65_536)}, 422, "is too long"),
        ("POST", "/check-runs", {"json": _with(color="red")}, 422, "body/output/color: no property"),
        ("POST", "/check-runs", {"json": {**_CHECK, "conclusion": "fine"}}, 422, "'fine' is not one of"),
        ("POST", "/check-runs", {"json": {**_CHECK, "started_at": "yesterday"}}, 422, "is not a 'date-time'"),
        ("GET", "/pulls/7", {"headers": {"Accept": "text/html"}}, 422, "header Accept"),
        ("GET", "/pulls", {"headers": {"Accept": "application/vnd.github.diff"}}, 422, "header Accept"),
        ("GET", "/pulls/7", {"headers": {"X-GitHub-Api-Version": "1999-01-01"}}, 422, "X-GitHub-Api-Version"),
        ("GET", "/pulls/7", {"headers": {"User-Agent": ""}}, 422, "header User-Agent"),
    ],
)
def test_what_the_description_does_not_allow_is_refused_and_noted(
    api: FakeGitHub, ask: Client, method: str, path: str, options: dict[str, Any], status: int, what: str
) -> None:
    answer = ask(method, path, **options)

    assert answer.status_code == status
    assert len(api.violations) == 1, api.violations
    assert what in _whats(api)[0]
    assert not api.state.comments
    assert not api.state.check_runs


def test_fifty_annotations_and_the_longest_summary_pass(api: FakeGitHub, ask: Client) -> None:
    answer = ask("POST", "/check-runs", json=_with(annotations=[_ANNOTATION] * 50, summary="s" * 65_535))

    assert answer.status_code == 201
    assert api.violations == []


@pytest.mark.parametrize("body", ["x" * 65_537, " \n"])
def test_a_comment_that_github_refuses_is_no_violation(api: FakeGitHub, ask: Client, body: str) -> None:
    answer = ask("POST", "/issues/7/comments", json={"body": body})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["resource"] == "IssueComment"
    assert api.violations == []
    assert not api.state.comments


def test_the_longest_comment_passes_however_many_bytes_it_has(api: FakeGitHub, ask: Client) -> None:
    answer = ask("POST", "/issues/7/comments", json={"body": "\N{SNOWFLAKE}" * 65_536})

    assert answer.status_code == 201
    assert len(api.state.comments[0].body) == 65_536


def test_columns_are_for_annotations_of_one_line(api: FakeGitHub, ask: Client) -> None:
    long = {**_ANNOTATION, "end_line": 2, "start_column": 1, "end_column": 2}

    assert ask("POST", "/check-runs", json=_with(annotations=[long])).status_code == 422
    assert not api.state.check_runs


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/pulls/9", {}, 404),
        ("GET", "/issues/9/comments", {}, 404),
        ("POST", "/issues/9/comments", {"json": {"body": "x"}}, 404),
        ("GET", "/issues/comments/1", {}, 404),
        ("PATCH", "/issues/comments/1", {"json": {"body": "x"}}, 404),
        ("DELETE", "/issues/7/labels/perf-accepted", {}, 404),
        ("GET", "/issues/9/events", {}, 404),
        ("PATCH", "/check-runs/1", {"json": {"name": "x"}}, 404),
        ("GET", "/actions/runs/9", {}, 404),
        ("GET", "/actions/runs/9/artifacts", {}, 404),
        ("GET", "/actions/artifacts/9/zip", {}, 404),
        ("GET", "/actions/artifacts/31/tar", {}, 404),
        ("GET", f"/compare/{HEAD}...{HEAD}", {}, 404),
    ],
)
def test_what_is_not_there(
    api: FakeGitHub, ask: Client, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    assert ask(method, path, **options).status_code == status
    assert api.violations == []


def test_another_repository_is_not_there(api: FakeGitHub, session: requests.Session) -> None:
    assert session.get(f"{api.api_url}/repos/acme/gadgets/pulls/7", timeout=10).status_code == 404


def test_a_request_needs_a_known_token(api: FakeGitHub, ask: Client) -> None:
    nobody = requests.get(f"{api.api_url}/repos/acme/widgets/pulls", timeout=10)

    assert (nobody.status_code, nobody.json()["message"]) == (401, "Requires authentication")
    stranger = ask("GET", "/pulls", who="stranger")
    assert (stranger.status_code, stranger.json()["message"]) == (401, "Bad credentials")
    assert api.violations == []


@pytest.mark.parametrize(
    ("method", "path", "body", "accepted"),
    [
        ("POST", "/issues/7/comments", {"body": "x"}, "issues=write; pull_requests=write"),
        ("POST", "/check-runs", _CHECK, "checks=write"),
        ("DELETE", "/issues/7/labels/perf-accepted", None, "issues=write; pull_requests=write"),
    ],
)
def test_a_token_that_may_only_read_writes_nothing(
    api: FakeGitHub, ask: Client, method: str, path: str, body: dict[str, Any] | None, accepted: str
) -> None:
    answer = ask(method, path, who="reader", json=body)

    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by integration"
    assert answer.headers["X-Accepted-GitHub-Permissions"] == accepted
    assert not api.state.comments
    assert not api.state.check_runs
    assert api.violations == []


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("/pulls", "pull_requests"),
        ("/pulls/7", "contents"),
        ("/issues/7/comments", "issues"),
        (f"/commits/{HEAD}/check-runs", "checks"),
        ("/actions/runs/5/artifacts", "actions"),
        (f"/compare/{'b' * 40}...{HEAD}", "contents"),
    ],
)
def test_reading_a_private_repository_needs_a_permission_and_a_public_one_none(
    ask: Client, state: State, path: str, permission: str
) -> None:
    private = ask("GET", path, who="nothing")
    state.private = False
    public = ask("GET", path, who="nothing")

    assert (private.status_code, public.status_code) == (403, 200)
    assert f"{permission}=read" in private.headers["X-Accepted-GitHub-Permissions"]


def test_the_token_of_a_job_is_nobody_and_that_of_a_person_somebody(api: FakeGitHub) -> None:
    def user(who: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {who}"}
        return requests.get(f"{api.api_url}/user", headers=headers, timeout=10)

    assert user("job").status_code == 403
    assert user("person").json()["login"] == "somebody"
    assert api.violations == []


def test_an_expired_artifact_is_gone(ask: Client, state: State) -> None:
    state.artifacts = [replace(artifact, expired=True) for artifact in state.artifacts]

    assert ask("GET", "/actions/artifacts/31/zip").status_code == 410

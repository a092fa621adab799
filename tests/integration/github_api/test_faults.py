"""Faults come as ordered, to the requests that they were ordered for, and to no others."""

from __future__ import annotations

import pytest
import requests

from tests.github_api.faults import Fault, Kind
from tests.github_api.server import FakeGitHub

from .conftest import NOW, Client


@pytest.mark.parametrize(
    ("fault", "status", "header", "message"),
    [
        (Fault(Kind.BAD_GATEWAY), 502, None, "502 Bad Gateway"),
        (Fault(Kind.TOO_MANY, retry_after=3), 429, "3", "secondary rate limit"),
        (Fault(Kind.SECONDARY, retry_after=60), 403, "60", "secondary rate limit"),
        (Fault(Kind.SECONDARY), 403, None, "secondary rate limit"),
        (Fault(Kind.PRIMARY, retry_after=30), 403, None, "API rate limit exceeded"),
    ],
)
def test_a_fault_comes_once_and_does_nothing(
    api: FakeGitHub, ask: Client, fault: Fault, status: int, header: str | None, message: str
) -> None:
    api.order(fault)
    failed = ask("POST", "/issues/7/comments", json={"body": "x"})
    left_after_fault = list(api.state.comments)
    passed = ask("POST", "/issues/7/comments", json={"body": "x"})

    assert (failed.status_code, failed.headers.get("Retry-After")) == (status, header)
    assert message in failed.text
    assert left_after_fault == []
    assert passed.status_code == 201
    assert [line.fault for line in api.requests] == [fault.kind.value, None]
    assert api.violations == []


def test_a_used_up_limit_says_when_it_ends(api: FakeGitHub, ask: Client) -> None:
    api.order(Fault(Kind.PRIMARY, retry_after=30))
    headers = ask("GET", "/pulls").headers

    assert headers["x-ratelimit-remaining"] == "0"
    assert int(headers["x-ratelimit-reset"]) == NOW.timestamp() + 30
    assert int(ask("GET", "/pulls").headers["x-ratelimit-remaining"]) > 0


@pytest.mark.parametrize(("kind", "done"), [(Kind.CUT, 0), (Kind.CUT_AFTER, 1)])
def test_a_cut_connection_has_no_answer(api: FakeGitHub, ask: Client, kind: Kind, done: int) -> None:
    api.order(Fault(kind))

    with pytest.raises(requests.ConnectionError):
        ask("POST", "/issues/7/comments", json={"body": "x"})
    assert len(api.state.comments) == done
    assert [line.status for line in api.requests] == [None]


def test_half_an_answer_is_too_short(api: FakeGitHub, ask: Client) -> None:
    api.order(Fault(Kind.HALF, path=r"^/artifacts/"))

    with pytest.raises(requests.exceptions.RequestException, match="IncompleteRead"):
        ask("GET", "/actions/artifacts/31/zip")
    assert ask("GET", "/actions/artifacts/31/zip").status_code == 200


def test_a_fault_is_for_its_path_method_and_number_of_times(api: FakeGitHub, ask: Client) -> None:
    api.order(Fault(Kind.BAD_GATEWAY, path="/comments$", times=2, method="POST"))
    statuses = [
        ask("GET", "/pulls/7").status_code,
        ask("GET", "/issues/7/comments").status_code,
        *(ask("POST", "/issues/7/comments", json={"body": "x"}).status_code for _ in range(3)),
    ]

    assert statuses == [200, 200, 502, 502, 201]
    assert api.faults_left == 0


def test_faults_of_one_path_come_in_the_order_in_which_they_were_ordered(
    api: FakeGitHub, ask: Client
) -> None:
    api.order(Fault(Kind.BAD_GATEWAY))
    api.order(Fault(Kind.TOO_MANY))

    assert [ask("GET", "/pulls").status_code for _ in range(3)] == [502, 429, 200]


def test_graphql_and_the_storage_have_faults_too(api: FakeGitHub, ask: Client) -> None:
    api.order(Fault(Kind.BAD_GATEWAY, path="^/graphql$"))
    api.order(Fault(Kind.BAD_GATEWAY, path="^/artifacts/"))
    asked = requests.post(api.graphql_url, json={"query": "{viewer{login}}"}, timeout=10)

    assert asked.status_code == 502
    assert ask("GET", "/actions/artifacts/31/zip").status_code == 502

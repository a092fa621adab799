"""The server itself: many clients at once, and its own mistakes, which must not pass for GitHub's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests

from tests.github_api.server import FakeGitHub
from tests.github_api.state import Branch, State
from tests.github_api.tokens import Token
from tests.github_api.wire import BrokenServerError

from .conftest import Client


def test_clients_at_the_same_time_do_not_lose_each_others_comments(api: FakeGitHub, ask: Client) -> None:
    def write(number: int) -> int:
        return int(ask("POST", "/issues/7/comments", json={"body": str(number)}).json()["id"])

    with ThreadPoolExecutor(8) as clients:
        ids = list(clients.map(write, range(80)))

    assert len(set(ids)) == 80
    assert {comment.body for comment in api.state.comments} == {str(number) for number in range(80)}
    assert len(api.requests) == 80


def test_a_mistake_of_the_server_is_raised_when_it_ends(state: State) -> None:
    no_owner = Branch("feature", "a" * 40, "nonsense")
    state.pull_requests[0] = replace(state.pull_requests[0], head=no_owner)

    with pytest.raises(BrokenServerError) as raised:
        _get_in_vain(state, "/repos/acme/widgets/pulls/7")
    assert isinstance(raised.value.__cause__, ValueError)


def test_a_client_that_goes_away_is_no_mistake(api: FakeGitHub, ask: Client, state: State) -> None:
    state.artifacts[0] = replace(state.artifacts[0], archive=bytes(50_000_000))
    with ask("GET", "/actions/artifacts/31/zip", stream=True) as answer:
        assert len(next(answer.iter_content(1000))) == 1000
    assert ask("GET", "/pulls").status_code == 200


def test_the_server_is_gone_afterwards(state: State) -> None:
    with FakeGitHub(state, {}) as api:
        url = api.api_url
        assert requests.get(url, timeout=10).status_code == 404
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)


def _get_in_vain(state: State, path: str) -> None:
    with (
        FakeGitHub(state, {"t": Token({"pull_requests": "read"})}) as api,
        pytest.raises(requests.ConnectionError),
    ):
        requests.get(f"{api.api_url}{path}", headers={"Authorization": "Bearer t"}, timeout=10)

"""Artifacts lie on another server, which must never see the token."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from tests.github_api.server import FakeGitHub
from tests.github_api.state import State

from .conftest import Client


def test_a_download_is_sent_on_to_another_server(api: FakeGitHub, ask: Client) -> None:
    answer = ask("GET", "/actions/artifacts/31/zip", allow_redirects=False)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(api.storage_url)
    assert urlsplit(api.storage_url).netloc != urlsplit(api.api_url).netloc
    assert api.fetched == []


def test_a_client_that_drops_the_token_gets_the_bytes(api: FakeGitHub, ask: Client, state: State) -> None:
    answer = ask("GET", "/actions/artifacts/31/zip")

    assert answer.content == state.artifacts[0].archive
    assert [(fetch.artifact, fetch.with_token, fetch.status) for fetch in api.fetched] == [(31, False, 200)]
    assert api.violations == []


def test_a_token_that_arrives_is_refused_and_noted(api: FakeGitHub, ask: Client) -> None:
    place = ask("GET", "/actions/artifacts/31/zip", allow_redirects=False).headers["Location"]
    answer = requests.get(place, headers={"Authorization": "Bearer job"}, timeout=10)

    assert answer.status_code == 401
    assert [(fetch.artifact, fetch.with_token) for fetch in api.fetched] == [(31, True)]
    assert [violation.what for violation in api.violations] == [
        "the header Authorization arrived at the storage"
    ]


def test_the_address_of_one_artifact_does_not_open_another(api: FakeGitHub, ask: Client) -> None:
    place = ask("GET", "/actions/artifacts/31/zip", allow_redirects=False).headers["Location"]
    forged = requests.get(place[:-1] + ("0" if place[-1] != "0" else "1"), timeout=10)

    assert forged.status_code == 403
    assert requests.get(place.replace("/31.zip", "/32.zip"), timeout=10).status_code == 404

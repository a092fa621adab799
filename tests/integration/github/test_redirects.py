"""Where the client lets itself be sent, and what it takes along: the token never leaves the API's host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perf_matrix.github.client import GitHub
from perf_matrix.github.errors import GitHubError, RefusedError, UnexpectedAnswerError
from tests.integration.github.clients import TOKEN, Watched
from tests.integration.github.scripted import Reply, Request, Scripted, said

BEARER = f"Bearer {TOKEN}"


def to(url: str, status: int = 302) -> Reply:
    return Reply(status, b"", {"Location": url})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_repository_that_has_moved(status: int) -> None:
    """GitHub sends renamed repositories to another path: a POST stays a POST, with its content."""

    def moved(request: Request) -> Reply:
        return to("/repositories/7/it", status) if request.path == "/old/it" else Reply(201, b'{"id": 3}')

    with Scripted(moved) as server:
        github = Watched(server.url).github
        assert github.post("/old/it", {"body": "text"}) == {"id": 3}
    assert [(request.method, request.path) for request in server.requests] == [
        ("POST", "/old/it"),
        ("POST", "/repositories/7/it"),
    ]
    assert {request.content for request in server.requests} == {b'{"body": "text"}'}
    assert {request.token for request in server.requests} == {BEARER}


def test_a_download_is_fetched_elsewhere_without_the_token(tmp_path: Path) -> None:
    with (
        Scripted([Reply(content=b"PK")]) as storage,
        Scripted([to(f"{storage.url}/blob?sig=s3cret")]) as server,
    ):
        Watched(server.url).github.download("/artifacts/1/zip", tmp_path / "it.zip", 1000)
    assert server.requests[0].token == BEARER
    assert storage.requests[0].token is None
    assert TOKEN not in str(storage.requests[0].headers)
    assert storage.requests[0].path == "/blob?sig=s3cret"
    assert (tmp_path / "it.zip").read_bytes() == b"PK"


def test_what_leads_back_stays_without_the_token(tmp_path: Path) -> None:
    """Otherwise whoever keeps the files could have the token's powers used for its own ends."""

    def api(request: Request) -> Reply:
        return to(f"{storage.url}/blob") if request.path == "/zip" else Reply(content=b"secrets")

    with Scripted(lambda _request: to(f"{server.url}/repos/a/secrets")) as storage, Scripted(api) as server:
        Watched(server.url).github.download("/zip", tmp_path / "it.zip", 1000)
    assert [(request.path, request.token) for request in server.requests] == [
        ("/zip", BEARER),
        ("/repos/a/secrets", None),
    ]


def test_the_same_machine_at_another_port_is_another_host(tmp_path: Path) -> None:
    with Scripted([Reply(content=b"PK")]) as storage, Scripted([to(storage.url)]) as server:
        Watched(server.url).github.download("/zip", tmp_path / "it.zip", 1000)
    assert storage.requests[0].token is None


def test_nothing_but_downloads_may_leave() -> None:
    doings: list[Callable[[GitHub], object]] = [
        lambda github: github.get("/it"),
        lambda github: list(github.pages("/it")),
        lambda github: github.post("/it", {}),
        lambda github: github.patch("/it", {}),
        lambda github: github.delete("/it"),
        lambda github: github.graphql("query", {}),
    ]
    with Scripted([Reply()]) as other, Scripted(lambda _request: to(f"{other.url}/x")) as server:
        for doing in doings:
            with pytest.raises(
                UnexpectedAnswerError, match=r"it redirects to a host that is not GitHub's API$"
            ):
                doing(Watched(server.url).github)
    assert other.requests == []


@pytest.mark.parametrize(
    "location", ["", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "http://[x", "javascript:1"]
)
def test_addresses_that_are_none(location: str, tmp_path: Path) -> None:
    with Scripted(lambda _request: to(location)) as server, pytest.raises(UnexpectedAnswerError):
        Watched(server.url).github.download("/zip", tmp_path / "it.zip", 1000)


def test_round_in_circles() -> None:
    with (
        Scripted(lambda _request: to("/again")) as server,
        pytest.raises(UnexpectedAnswerError, match=r"more than 5 redirects"),
    ):
        Watched(server.url).github.get("/it")
    assert len(server.requests) == 6


def test_a_refusal_of_the_other_host_says_nothing_about_the_token(tmp_path: Path) -> None:
    refusing = Reply(403, b"<Error><Code>AuthenticationFailed</Code></Error>")
    refused = pytest.raises(GitHubError)
    with (
        Scripted([refusing]) as storage,
        Scripted([to(f"{storage.url}/blob?sig=s3cret")]) as server,
        refused as raised,
    ):
        Watched(server.url).github.download("/zip", tmp_path / "it.zip", 1000)
    assert not isinstance(raised.value, RefusedError)
    assert str(raised.value) == "GET /zip: the host that GitHub keeps it on answered 403"


def test_a_signature_is_in_no_message(tmp_path: Path) -> None:
    gone = Scripted([])
    with Scripted(lambda _request: to(f"{gone.url}/blob?sig=s3cret")) as server:
        watched = Watched(server.url)
        with pytest.raises(GitHubError) as raised:
            watched.github.download("/zip", tmp_path / "it.zip", 1000)
    gone.stop()
    assert "s3cret" not in "".join([str(raised.value), repr(raised.value), *watched.said])
    assert watched.said


def test_trouble_elsewhere_begins_again_at_github(tmp_path: Path) -> None:
    """The address of a file is good for a minute only."""
    answers = iter([Reply(503, said("busy")), Reply(content=b"PK")])
    with Scripted(answers) as storage, Scripted(lambda _request: to(storage.url)) as server:
        Watched(server.url).github.download("/zip", tmp_path / "it.zip", 1000)
    assert len(server.requests) == 2
    assert (tmp_path / "it.zip").read_bytes() == b"PK"

"""The client against a server on a bad day: what it asks again, what it reports, how much it reads, and no more."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import pytest
import requests

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.github.client import GitHub
from perf_matrix.github.errors import (
    GitHubError,
    NotFoundError,
    RefusedError,
    TooLargeError,
    UnexpectedAnswerError,
)
from tests.integration.github.clients import NOW, TOKEN, Watched
from tests.integration.github.scripted import RESET, Reply, Request, Scripted, said

Doing = Callable[[GitHub], object]
GET: Doing = lambda github: github.get("/it")  # noqa: E731
POST: Doing = lambda github: github.post("/it", {"body": "text"})  # noqa: E731
PATCH: Doing = lambda github: github.patch("/it", {"body": "text"})  # noqa: E731
DELETE: Doing = lambda github: github.delete("/it")  # noqa: E731
DONE = Reply(content=b'{"done": true}')
SECONDARY = Reply(403, said("You have exceeded a secondary rate limit. Please wait a few minutes."))
USED_UP = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 20)}


def test_what_is_sent() -> None:
    with Scripted([DONE, Reply(201, b'{"id": 3}'), Reply(content=b"[]"), Reply(204, b"")]) as server:
        github = Watched(f"{server.url}/api/v3/").github
        assert github.get("/repos/a/b/pulls", head="a:feature/ü&x=1", state="all") == {"done": True}
        assert github.post("/repos/a/b/check-runs", {"name": "perf"}) == {"id": 3}
        assert github.patch("/repos/a/b/issues/comments/1", {"body": "grün"}) == []
        github.delete("/repos/a/b/issues/1/labels/x")
    assert [(request.method, request.path) for request in server.requests] == [
        ("GET", "/api/v3/repos/a/b/pulls?head=a%3Afeature%2F%C3%BC%26x%3D1&state=all"),
        ("POST", "/api/v3/repos/a/b/check-runs"),
        ("PATCH", "/api/v3/repos/a/b/issues/comments/1"),
        ("DELETE", "/api/v3/repos/a/b/issues/1/labels/x"),
    ]
    assert [json.loads(request.content or b"null") for request in server.requests] == [
        None,
        {"name": "perf"},
        {"body": "grün"},
        None,
    ]
    for request in server.requests:
        assert request.token == f"Bearer {TOKEN}"
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.headers["x-github-api-version"] == "2022-11-28"
        assert request.headers["user-agent"] == "perf-matrix"


def test_a_login_in_netrc_does_not_take_the_tokens_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with (
        Scripted([DONE]) as storage,
        Scripted([Reply(302, headers={"Location": f"{storage.url}/zip"})]) as server,
    ):
        Watched(server.url).github.download("/zip", tmp_path / "it.zip", 1000)
    assert server.requests[0].token == f"Bearer {TOKEN}"
    assert storage.requests[0].token is None


@pytest.mark.parametrize(
    ("reply", "waited", "told"),
    [
        (Reply(502, b"<html>"), 1, "GET /it: GitHub answered 502. Trying again in 1 s"),
        (Reply(503, headers={"Retry-After": "9"}), 9, "GET /it: GitHub answered 503. Trying again in 9 s"),
        (
            Reply(429, said("Too many requests"), {"Retry-After": "7"}),
            7,
            "GET /it: GitHub asks to be left alone for a while. Trying again in 7 s",
        ),
        (SECONDARY, 60, "GET /it: GitHub says that requests come too fast. Trying again in 60 s"),
        (
            Reply(403, said("API rate limit exceeded for installation."), USED_UP),
            21,
            "GET /it: the token's rate limit is used up. Trying again in 21 s",
        ),
        (RESET, 1, "GET /it: the connection failed (ConnectionError). Trying again in 1 s"),
        (
            Reply(content=b'{"done": false}', missing=5),
            1,
            "GET /it: the connection failed (ChunkedEncodingError). Trying again in 1 s",
        ),
    ],
)
def test_what_passes_by_itself(reply: Reply, waited: float, told: str) -> None:
    with Scripted([reply, DONE]) as server:
        watched = Watched(server.url)
        assert watched.github.get("/it") == {"done": True}
    assert watched.waits == [waited]
    assert watched.said == [told]


@pytest.mark.parametrize("doing", [GET, POST, PATCH, DELETE])
@pytest.mark.parametrize("reply", [Reply(500), Reply(429, headers={"Retry-After": "1"}), SECONDARY])
def test_every_method_is_tried_again_with_all_that_it_said(doing: Doing, reply: Reply) -> None:
    with Scripted([reply, reply, DONE]) as server:
        doing(Watched(server.url).github)
    assert len(server.requests) == 3
    assert len({(request.method, request.path, request.content) for request in server.requests}) == 1


@pytest.mark.parametrize("doing", [GET, PATCH, DELETE])
def test_a_broken_connection_is_no_harm_where_twice_is_as_good_as_once(doing: Doing) -> None:
    with Scripted([RESET, DONE]) as server:
        doing(Watched(server.url).github)
    assert len(server.requests) == 2


@pytest.mark.parametrize("broken", [RESET, Reply(201, b'{"id": 3}', missing=3)])
def test_what_may_have_been_made_is_not_made_twice(broken: Reply) -> None:
    with Scripted([broken, DONE]) as server:
        watched = Watched(server.url)
        with pytest.raises(
            GitHubError, match=r"^POST /it: the connection failed .*whether GitHub has done it is not known"
        ):
            POST(watched.github)
    assert len(server.requests) == 1
    assert watched.waits == []


@pytest.mark.parametrize("doing", [GET, POST])
def test_who_does_not_listen_yet_is_asked_again(doing: Doing) -> None:
    server = Scripted([DONE])
    try:
        watched = Watched(server.url, at_wait=server.start)
        doing(watched.github)
    finally:
        server.stop()
    assert len(server.requests) == 1
    assert watched.waits == [1]


def test_who_never_listens_is_given_up() -> None:
    server = Scripted([])
    watched = Watched(server.url)
    with pytest.raises(
        GitHubError, match=r"^POST /it: the connection failed \(ConnectionError\): it would take"
    ) as raised:
        POST(watched.github)
    server.stop()
    assert raised.value.status == 0
    assert 200 < sum(watched.waits) <= 300


def test_errors_of_the_server_end_with_its_last_words() -> None:
    with Scripted(repeat(Reply(503, said("Service unavailable")))) as server:
        watched = Watched(server.url)
        with pytest.raises(
            GitHubError, match=r"^GET /it: GitHub answered 503: it would take 60 s more, and 57 s"
        ) as raised:
            GET(watched.github)
    assert raised.value.status == 503
    assert watched.waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_all_requests_share_the_time_to_wait() -> None:
    with Scripted(repeat(Reply(503, headers={"Retry-After": "200"}))) as server:
        watched = Watched(server.url)
        for _ in range(3):
            with pytest.raises(GitHubError):
                GET(watched.github)
    assert watched.waits == [200]


def test_a_limit_that_ends_too_late_is_reported_at_once() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 3000)}
    with Scripted([Reply(403, said("API rate limit exceeded"), headers)]) as server:
        watched = Watched(server.url)
        with pytest.raises(GitHubError, match=r"rate limit is used up: it would take 3001 s more") as raised:
            GET(watched.github)
    assert not isinstance(raised.value, RefusedError)
    assert watched.waits == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, RefusedError),
        (403, RefusedError),
        (404, NotFoundError),
        (410, NotFoundError),
        (406, GitHubError),
        (304, GitHubError),
    ],
)
def test_what_github_does_not_do(status: int, kind: type[GitHubError]) -> None:
    left = {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": str(int(NOW) + 9)}
    with Scripted([Reply(status, b"" if status == 304 else said("No"), left)]) as server:
        watched = Watched(server.url)
        with pytest.raises(GitHubError) as raised:
            watched.github.get("/it", page=2)
    assert type(raised.value) is kind
    assert (raised.value.method, raised.value.path, raised.value.status) == ("GET", "/it", status)
    assert watched.waits == []


def test_a_refusal_names_what_was_refused_and_what_is_needed() -> None:
    refusal = Reply(
        403,
        said("Resource not accessible by integration"),
        {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write", "x-ratelimit-remaining": "59"},
    )
    with Scripted([refusal]) as server, pytest.raises(RefusedError) as raised:
        POST(Watched(server.url).github)
    assert raised.value.needs == "issues=write; pull_requests=write"
    assert str(raised.value) == (
        "the token may not POST /it: GitHub answered 403: Resource not accessible by integration."
        " GitHub names the permission issues=write; pull_requests=write."
    )


def test_what_is_wrong_with_a_request_is_told_in_full() -> None:
    content = {
        "message": "Validation Failed",
        "errors": [
            {
                "resource": "IssueComment",
                "code": "unprocessable",
                "field": "data",
                "message": "Body is too long",
            }
        ],
    }
    with Scripted([Reply(422, json.dumps(content).encode())]) as server, pytest.raises(GitHubError) as raised:
        POST(Watched(server.url).github)
    assert str(raised.value) == "POST /it: GitHub answered 422: Validation Failed; Body is too long"


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b'["deep' + b"[" * 100_000, b'{"message": ' + b'"x' + b"y" * 500_000]
)
def test_errors_without_words(content: bytes) -> None:
    with Scripted([Reply(400, content)]) as server, pytest.raises(GitHubError) as raised:
        GET(Watched(server.url).github)
    assert str(raised.value) == "GET /it: GitHub answered 400"


@pytest.mark.parametrize("content", [b"", b"<html>", b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_no_json(content: bytes) -> None:
    no_json = pytest.raises(UnexpectedAnswerError, match=r"^GET /it: the answer is no JSON$")
    with Scripted([Reply(content=content)]) as server, no_json:
        GET(Watched(server.url).github)


def echo(request: Request) -> Reply:
    """Say the token back: no GitHub does, but something in between might."""
    return Reply(int(request.path.rpartition("/")[2]), said(f"you said {request.token}"))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
def test_the_token_is_in_no_message(status: int) -> None:
    with Scripted(echo) as server:
        watched = Watched(server.url)
        with pytest.raises(GitHubError) as raised:
            watched.github.get(f"/{status}")
    told = [str(raised.value), repr(raised.value), repr(raised.value.args), *watched.said]
    told += [repr(thing) for thing in (watched.github, *vars(watched.github).values())]
    assert not [words for words in told if TOKEN in words]
    assert status in {429, 500} or "you said Bearer ***" in str(raised.value)


@pytest.mark.parametrize(
    "token", ["", "ghs_secret\n", "ghs_ secret", " ghs_secret", "ghs_secr\x00et", "ghs_sécret"]
)
def test_what_can_be_no_token(token: str) -> None:
    with pytest.raises(InputError) as raised:
        GitHub(
            requests.Session(),
            "https://api.github.com",
            token,
            graphql_url="https://api.github.com/graphql",
            say=print,
        )
    assert "GITHUB_TOKEN" in str(raised.value)
    assert "secr" not in str(raised.value)


@pytest.mark.parametrize("url", ["", "api.github.com", "ftp://ghe.example", "https://user@ghe.example"])
def test_what_can_be_no_api(url: str) -> None:
    with pytest.raises(InputError, match=r"is no URL of GitHub's API: write one such as https://HOST/api/v3"):
        Watched(url)


def test_no_secure_connection_is_no_passing_trouble() -> None:
    with Scripted([]) as server:
        watched = Watched(server.url.replace("http:", "https:"))
        with pytest.raises(GitHubError, match=r"^GET /it: no secure connection"):
            GET(watched.github)
    assert watched.waits == []


def test_a_page_after_the_other() -> None:
    with Scripted(paged) as server:
        pages = list(Watched(server.url).github.pages("/list", name="x"))
    assert pages == [[1], [2], [3]]
    assert [request.path for request in server.requests] == [
        "/list?per_page=100&name=x",
        "/repositories/7/list?page=2",
        "/repositories/7/list?page=3",
    ]
    assert {request.token for request in server.requests} == {f"Bearer {TOKEN}"}


def paged(request: Request) -> Reply:
    page = 1 if "&name" in request.path else int(request.path[-1])
    where = f"http://{request.headers['host']}/repositories/7/list"
    link = {
        "Link": f'<{where}?page={page - 1}>; rel="prev"'
        + (f', <{where}?page={page + 1}>; rel="next"' if page < 3 else "")
    }
    return Reply(content=b"[%d]" % page, headers=link)


@pytest.mark.parametrize(
    "scheme", ["http://{other}/x", "https://{host}/x", "http://{host}@{other}/x", "//{other}/x"]
)
def test_the_next_page_is_on_the_same_host(scheme: str) -> None:
    with Scripted([DONE]) as other:
        there = other.url.removeprefix("http://")

        def lead_away(request: Request) -> Reply:
            url = scheme.format(other=there, host=request.headers["host"])
            return Reply(content=b"[]", headers={"Link": f'<{url}>; rel="next"'})

        with Scripted(lead_away) as server:
            pages = Watched(server.url).github.pages("/list")
            assert next(pages) == []
            with pytest.raises(UnexpectedAnswerError, match=r"^GET /list: its next page is on another host$"):
                next(pages)
    assert other.requests == []


def test_pages_without_end() -> None:
    def again(request: Request) -> Reply:
        return Reply(content=b"[]", headers={"Link": f'<http://{request.headers["host"]}/list>; rel="next"'})

    with (
        Scripted(again) as server,
        pytest.raises(UnexpectedAnswerError, match=r"there are more than 1,000 pages"),
    ):
        list(Watched(server.url).github.pages("/list"))


def without_end(sent: list[int]) -> Iterator[bytes]:
    while True:
        sent.append(50_000)
        yield bytes(50_000)


def test_an_answer_without_end_is_cut_off(tmp_path: Path) -> None:
    sent: list[int] = []
    with Scripted([Reply(content=without_end(sent))]) as server:
        watched = Watched(server.url)
        with pytest.raises(TooLargeError, match=r"^GET /it: the answer has more than 1,000,000 bytes$"):
            watched.github.download("/it", tmp_path / "it", 1_000_000)
    assert sum(sent) < 20_000_000
    assert watched.waits == []


def test_an_error_without_end_is_cut_off() -> None:
    sent: list[int] = []
    with Scripted([Reply(404, without_end(sent))]) as server, pytest.raises(NotFoundError):
        GET(Watched(server.url).github)
    assert sum(sent) < 20_000_000


def test_errors_have_a_limit_of_their_own(tmp_path: Path) -> None:
    with (
        Scripted([Reply(404, said("Not Found"))]) as server,
        pytest.raises(NotFoundError, match="404: Not Found"),
    ):
        Watched(server.url).github.download("/it", tmp_path / "it", 3)


def test_an_error_that_breaks_off_is_an_error_all_the_same() -> None:
    with Scripted([Reply(403, said("No"), missing=5)]) as server:
        watched = Watched(server.url)
        with pytest.raises(RefusedError, match=r"GitHub answered 403\.$"):
            POST(watched.github)
    assert watched.waits == []


def test_a_packed_answer_counts_unpacked(tmp_path: Path) -> None:
    packed = gzip.compress(bytes(50_000_000))
    assert len(packed) < 100_000
    reply = Reply(content=packed, headers={"Content-Encoding": "gzip"})
    with Scripted([reply]) as server, pytest.raises(TooLargeError):
        Watched(server.url).github.download("/it", tmp_path / "it", 100_000)


def test_an_answer_that_drips_is_given_up() -> None:
    with Scripted(lambda _request: Reply(content=repeat(b" ", 100))) as server:
        watched = Watched(server.url, each_look_s=100)
        with pytest.raises(GitHubError, match=r"the connection failed \(ReadTimeout\)"):
            GET(watched.github)


def test_a_download(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    broken = [Reply(content=content + b"more", missing=1000), Reply(502, b"<html>" * 100)]
    file = tmp_path / "it.zip"
    with Scripted([*broken, Reply(content=content)]) as server:
        Watched(server.url).github.download("/zip", file, len(content) + 4)
    # Nothing of the earlier attempts is left in it.
    assert file.read_bytes() == content


def test_a_download_that_is_too_long(tmp_path: Path) -> None:
    sent: list[int] = []
    with Scripted([Reply(content=without_end(sent))]) as server, pytest.raises(TooLargeError):
        Watched(server.url).github.download("/zip", tmp_path / "it.zip", 1_000_000)
    assert sum(sent) < 20_000_000
    assert (tmp_path / "it.zip").stat().st_size <= 1_000_000


def test_a_download_to_where_nothing_can_be_written(tmp_path: Path) -> None:
    no_folder = pytest.raises(
        MeasurementError, match=r"it\.zip cannot be written: No such file or directory$"
    )
    with Scripted([DONE]) as server, no_folder:
        Watched(server.url).github.download("/zip", tmp_path / "none" / "it.zip", 1000)
    assert server.requests == []

"""One request to GitHub and its answer: within limits, and the token goes to GitHub's API only.

What becomes of a request that was not done is decided in ``retries``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from perf_matrix.errors import InputError
from perf_matrix.github.addresses import is_safe_step, origin, target
from perf_matrix.github.errors import GitHubError, TooLargeError, UnexpectedAnswerError, plain
from perf_matrix.github.retries import Answer, Lost

_JSON = "application/vnd.github+json"
_TIMEOUTS_S = (10, 30)
"""To connect; between two pieces of an answer."""
_ANSWER_LIMIT_S = 300.0
_PIECE = 64 * 1024
_ERROR_LIMIT = 64 * 1024
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 307, 308)

Authorise = Callable[[requests.PreparedRequest], requests.PreparedRequest]


class _Sink(Protocol):
    """Where an answer's content goes."""

    def write(self, piece: bytes, /) -> object:
        """Take the next piece."""


@dataclass(frozen=True)
class Call:
    """A request. ``path`` is what messages call it: it has no query, where signatures of other hosts may stand.

    ``repeatable``: doing it twice is as good as doing it once. ``may_leave``: another host may answer it, and does
    not get the token.
    """

    method: str
    path: str
    url: str
    most_bytes: int
    content: bytes | None = None
    repeatable: bool = False
    may_leave: bool = False


class Transport:
    """Sends requests with a token. ``clock`` counts seconds; the limit of one answer's time goes by it."""

    def __init__(
        self, session: requests.Session, api_urls: tuple[str, ...], token: str, clock: Callable[[], float]
    ):
        """Raises InputError for a token that cannot be one, and for what is no URL of an API."""
        if not (token and token.isascii() and token.isprintable() and " " not in token):
            # Checked here, since the library that sends it shows it when it complains.
            raise InputError(
                "the token is empty, or has a space or a line break in it: set GITHUB_TOKEN to it alone"
            )
        for url in api_urls:
            if origin(url) is None:
                raise InputError(
                    f"{plain(url)!r} is no URL of GitHub's API: write one such as https://HOST/api/v3"
                )
        self._session = session
        self._origins = {origin(url) for url in api_urls}
        self._token = token
        self._clock = clock

    def attempt(self, call: Call, sink: _Sink) -> Answer | Lost:
        """Send ``call`` once, and follow redirects; the content of an answer of success goes to ``sink``.

        Raises TooLargeError where that is more than ``call.most_bytes``, UnexpectedAnswerError for a redirect that
        must not be followed, GitHubError where no secure connection can be made.
        """
        try:
            return self._follow(call, sink)
        except requests.exceptions.SSLError as error:
            raise GitHubError(
                call.method,
                call.path,
                0,
                "no secure connection: its certificate is refused, or it speaks no TLS",
            ) from error
        except _BROKEN as error:
            return Lost(f"the connection failed ({type(error).__name__})", sent=not _nothing_was_sent(error))
        except requests.RequestException as error:
            # By its name only: the text of such an error may hold a URL with its signature.
            raise GitHubError(
                call.method, call.path, 0, f"it cannot be sent ({type(error).__name__})"
            ) from error
        except ValueError as error:
            # Of requests, which takes every redirect apart, also where it is not to follow it.
            raise UnexpectedAnswerError(
                call.method, call.path, 0, "it redirects to what is no address"
            ) from error

    def _follow(self, call: Call, sink: _Sink) -> Answer:
        url, authorise = call.url, self._authorise
        for _ in range(_MOST_REDIRECTS + 1):
            with self._open(call, url, authorise) as response:
                if response.status_code not in _REDIRECTS:
                    answer = self._received(call, response, sink)
                    return replace(answer, elsewhere=authorise is _anonymous)
                url = self._next(call, url, response.headers.get("location", ""))
            if origin(url) not in self._origins:
                # From there on without the token, wherever that leads: also if it leads back.
                authorise = _anonymous
        raise UnexpectedAnswerError(call.method, call.path, 0, f"more than {_MOST_REDIRECTS} redirects")

    def _open(self, call: Call, url: str, authorise: Authorise) -> requests.Response:
        return self._session.request(
            call.method,
            url,
            data=call.content,
            headers=_headers(call),
            # Without it, requests would look for a login in ~/.netrc, and take that instead.
            auth=authorise,
            timeout=_TIMEOUTS_S,
            stream=True,
            # It would turn a POST into a GET.
            allow_redirects=False,
        )

    def _next(self, call: Call, url: str, location: str) -> str:
        there = target(url, location)
        if not is_safe_step(url, there):
            raise UnexpectedAnswerError(call.method, call.path, 0, "it redirects to what is no safe address")
        if origin(there) not in self._origins and not call.may_leave:
            raise UnexpectedAnswerError(
                call.method, call.path, 0, "it redirects to a host that is not GitHub's API"
            )
        return there

    def _received(self, call: Call, response: requests.Response, sink: _Sink) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Answer(response.status_code, headers)
        if not answer.ok:
            said = _message(self._start(response))
            # Nobody should say it back; if somebody does, it goes no further.
            return replace(answer, message=said.replace(self._token, "***"))
        size = 0
        for piece in self._pieces(response):
            size += len(piece)
            if size > call.most_bytes:
                words = f"the answer has more than {call.most_bytes:,} bytes"
                raise TooLargeError(call.method, call.path, response.status_code, words)
            sink.write(piece)
        return answer

    def _start(self, response: requests.Response) -> bytes:
        """As much of an error as is of interest. That it is an error is known, even where its words break off."""
        start = b""
        with suppress(*_BROKEN):
            for piece in self._pieces(response):
                start += piece
                if len(start) >= _ERROR_LIMIT:
                    break
        return start

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        until = self._clock() + _ANSWER_LIMIT_S
        for piece in response.iter_content(_PIECE):
            if self._clock() > until:
                raise requests.ReadTimeout
            yield piece

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


_BROKEN = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _headers(call: Call) -> dict[str, str]:
    headers = {"Accept": _JSON, "User-Agent": "perf-matrix", "X-GitHub-Api-Version": "2022-11-28"}
    return headers if call.content is None else {**headers, "Content-Type": "application/json"}


def _nothing_was_sent(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(
        cause.reason, NewConnectionError | ConnectTimeoutError
    )


def _message(content: bytes) -> str:
    """GitHub's words in the content of an error; empty where it has none."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    errors = said.get("errors")
    details = [_detail(error) for error in errors] if isinstance(errors, list) else []
    return plain("; ".join(str(part) for part in [said.get("message", ""), *details] if part))


def _detail(error: object) -> str:
    if isinstance(error, dict):
        return str(
            error.get("message") or " ".join(str(error.get(key, "")) for key in ("resource", "field", "code"))
        )
    return str(error)

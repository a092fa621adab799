"""GitHub's API: REST and GraphQL, with patience and with limits.

The token goes to the API's own host only, and is in no message. All waits of one client together are limited
(``retries.ALL_WAITS_S``): publishing is one short program, and a job that hangs costs a runner.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlencode, urlsplit

from pydantic import ValidationError

from perf_matrix.errors import MeasurementError
from perf_matrix.github.addresses import next_page, origin
from perf_matrix.github.errors import GitHubError, NotFoundError, RefusedError, UnexpectedAnswerError, plain
from perf_matrix.github.model import GraphQLErrors
from perf_matrix.github.retries import Answer, GiveUp, Lost, decide, is_rate_limited
from perf_matrix.github.transport import Call, Transport

if TYPE_CHECKING:
    import requests

_MOST_BYTES = 64 * 1024 * 1024
"""Of an answer in JSON: a hundred of the longest comments have half of that."""
_MOST_PAGES = 1_000
_A_PAGE = 100
_OK, _NO_CONTENT, _UNPROCESSABLE, _TOO_MANY = 200, 204, 422, 429
_REFUSED = (401, 403)
_MISSING = (404, 410)
_GRAPHQL_STATUS = {"FORBIDDEN": 403, "INSUFFICIENT_SCOPES": 403, "NOT_FOUND": 404, "RATE_LIMITED": _TOO_MANY}


class GitHub:
    """GitHub's API at ``api_url`` and ``graphql_url``, as the holder of ``token``.

    Paths begin with ``/``. ``sleep`` and ``clock`` are in seconds, the latter since 1970; ``say`` is told what is
    waited for. Every method raises GitHubError where GitHub does not do what it is asked for: RefusedError where
    the token may not, NotFoundError where there is no such thing, TooLargeError for too long an answer.
    What may pass by itself (errors of the server, rate limits, broken connections) is tried again before that.
    """

    def __init__(
        self,
        session: requests.Session,
        api_url: str,
        token: str,
        *,
        graphql_url: str,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises InputError for a token or a URL that cannot be one."""
        self._transport = Transport(session, (api_url, graphql_url), token, clock)
        self._api_url = api_url.rstrip("/")
        self._graphql_url = graphql_url
        self._say = say
        self._sleep = sleep
        self._clock = clock
        self._waited_s = 0.0

    def get(self, path: str, **query: str | int) -> object:
        """What is at ``path``, decoded from JSON."""
        return self._json(self._call("GET", path, query))[0]

    def pages(self, path: str, **query: str | int) -> Iterator[object]:
        """The pages of a list, one by one; a hundred things to a page unless the query says otherwise."""
        call = self._call("GET", path, {"per_page": _A_PAGE, **query})
        for _ in range(_MOST_PAGES):
            page, answer = self._json(call)
            yield page
            following = next_page(call.url, answer.headers.get("link", ""))
            if not following:
                return
            if origin(following) != origin(self._api_url):
                raise UnexpectedAnswerError("GET", path, answer.status, "its next page is on another host")
            call = replace(call, url=following)
        raise UnexpectedAnswerError("GET", path, 0, f"there are more than {_MOST_PAGES:,} pages")

    def post(self, path: str, content: Mapping[str, object]) -> object:
        """Make something. Where an answer is lost, it may be made twice, or not be known to have been made."""
        return self._json(self._call("POST", path, {}, content))[0]

    def patch(self, path: str, content: Mapping[str, object]) -> object:
        """Set what ``content`` names."""
        return self._json(self._call("PATCH", path, {}, content))[0]

    def delete(self, path: str) -> None:
        """Take something away."""
        call = self._call("DELETE", path, {})
        self._send(call, lambda: self._attempt(call, io.BytesIO()))

    def download(self, path: str, file: Path, most_bytes: int) -> None:
        """Write what is at ``path`` to ``file``. Where this fails, the file holds a part or nothing.

        GitHub keeps files on other hosts: those do not get the token. Raises MeasurementError where the file
        cannot be written.
        """
        call = replace(self._call("GET", path, {}), most_bytes=most_bytes, may_leave=True)
        try:
            with file.open("wb") as opened:
                self._send(call, lambda: self._attempt(call, opened))
        except OSError as error:
            raise MeasurementError(f"{file} cannot be written: {error.strerror}") from error

    def graphql(self, query: str, variables: Mapping[str, object]) -> object:
        """The ``data`` of the answer to a query, or to a mutation that is as good done twice as once."""
        path = urlsplit(self._graphql_url).path
        asked = json.dumps({"query": query, "variables": variables}).encode()
        call = Call("POST", path, self._graphql_url, _MOST_BYTES, asked, repeatable=True)
        content = io.BytesIO()
        self._send(call, lambda: _judged(self._attempt(call, content), content.getvalue()))
        answered = _decoded(call, content.getvalue())
        if not isinstance(answered, dict) or answered.get("errors") or answered.get("data") is None:
            raise UnexpectedAnswerError(call.method, path, _OK, "this is no answer of GraphQL")
        return answered["data"]

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        content: Mapping[str, object] | None = None,
    ) -> Call:
        return Call(
            method,
            path,
            f"{self._api_url}{path}{'?' if query else ''}{urlencode(query)}",
            _MOST_BYTES,
            None if content is None else json.dumps(content).encode(),
            repeatable=method != "POST",
        )

    def _json(self, call: Call) -> tuple[object, Answer]:
        content = io.BytesIO()
        answer = self._send(call, lambda: self._attempt(call, content))
        return None if answer.status == _NO_CONTENT else _decoded(call, content.getvalue()), answer

    def _attempt(self, call: Call, content: BinaryIO) -> Answer | Lost:
        """Send it once; ``content`` then holds what came with an answer of success, and nothing from before."""
        content.seek(0)
        content.truncate()
        return self._transport.attempt(call, content)

    def _send(self, call: Call, attempt: Callable[[], Answer | Lost]) -> Answer:
        """Attempt until it is done or there is no hope."""
        failures = 0
        while not (isinstance(outcome := attempt(), Answer) and outcome.ok):
            self._wait_or_give_up(call, outcome, failures)
            failures += 1
        return outcome

    def _wait_or_give_up(self, call: Call, outcome: Answer | Lost, failures: int) -> None:
        decision = decide(
            outcome,
            repeatable=call.repeatable,
            failures=failures,
            waited_s=self._waited_s,
            now=self._clock(),
        )
        if isinstance(decision, GiveUp):
            raise _error(call, outcome, decision)
        self._say(f"{call.method} {call.path}: {decision.reason}. Trying again in {decision.seconds:.0f} s")
        self._waited_s += decision.seconds
        self._sleep(decision.seconds)


def _error(call: Call, outcome: Answer | Lost, decision: GiveUp) -> GitHubError:
    """What a request that is given up for good ends with."""
    if isinstance(outcome, Lost):
        return GitHubError(call.method, call.path, 0, decision.reason)
    words = decision.reason or _said(outcome)
    if outcome.elsewhere or is_rate_limited(outcome):
        return GitHubError(call.method, call.path, outcome.status, words)
    if outcome.status in _REFUSED:
        needs = plain(outcome.headers.get("x-accepted-github-permissions", ""))
        return RefusedError(call.method, call.path, outcome.status, words, needs)
    if outcome.status in _MISSING:
        return NotFoundError(call.method, call.path, outcome.status, words)
    return GitHubError(call.method, call.path, outcome.status, words)


def _said(answer: Answer) -> str:
    who = "the host that GitHub keeps it on" if answer.elsewhere else "GitHub"
    return f"{who} answered {answer.status}" + (f": {answer.message}" if answer.message else "")


def _judged(outcome: Answer | Lost, content: bytes) -> Answer | Lost:
    """GraphQL answers 200 to what it refuses: the answer with the status that REST would have given it."""
    if isinstance(outcome, Lost) or not outcome.ok:
        return outcome
    try:
        answered = GraphQLErrors.model_validate_json(content)
    except ValidationError:
        return outcome
    if not answered.errors:
        return outcome
    first = answered.errors[0]
    status = _GRAPHQL_STATUS.get(first.type, _UNPROCESSABLE)
    return replace(outcome, status=status, message=plain(first.message))


def _decoded(call: Call, content: bytes) -> object:
    try:
        decoded: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnexpectedAnswerError(call.method, call.path, _OK, "the answer is no JSON") from error
    return decoded

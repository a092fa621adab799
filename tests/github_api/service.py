"""One request in, one answer out: who asks, what is asked, whether both keep to the description. No sockets here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .call import DIFF, Call
from .description import Description, Matched
from .exchange import Answer, RefusedError, Request, Violation
from .graph import Graph
from .present import Presenter, number_of
from .routes import ROUTES
from .state import State
from .tokens import Token, named, reads_only

API_VERSION = "2022-11-28"
_WITH_DIFF = {"pulls/get", "repos/compare-commits-with-basehead"}
_JSON_TYPES = {"", "*/*", "application/json", "application/vnd.github+json", "application/vnd.github.v3+json"}
_NO_JSON = "body: no JSON"
_HELP = "https://docs.github.com/rest"


@dataclass(frozen=True)
class Reply:
    """An answer, the operation that it is of (None: unknown), the parsed body, and what was not allowed."""

    answer: Answer
    operation: str | None
    body: Any
    violations: tuple[Violation, ...]


@dataclass
class Service:
    """The local GitHub without its sockets. ``api``: where it is reached, without a slash at the end."""

    description: Description
    graph: Graph
    state: State
    tokens: Mapping[str, Token]
    api: str
    site: str
    storage: Callable[[int], str]
    clock: Callable[[], datetime]

    def rest(self, request: Request) -> Reply:
        """Answer a request to the REST interface."""
        asked = self._at_home(request)
        body, readable = _parsed(asked.content)
        matched = self.description.match(asked, body)
        if matched is None:
            answer = _refused(RefusedError(404, "Not Found"))
            return Reply(answer, None, body, (_violation(request, "no such operation is described"),))
        problems = [*_wrong_headers(asked, matched), *(matched.problems if readable else (_NO_JSON,))]
        try:
            answer = self._handled(asked, matched, problems)
        except RefusedError as refused:
            answer = _refused(refused)
        answer = self.description.completed(matched.operation, answer)
        problems += [f"answer: {wrong}" for wrong in self.description.problems_of(matched.operation, answer)]
        violations = tuple(_violation(request, problem) for problem in problems)
        return Reply(answer, matched.operation.id, body, violations)

    def graphql(self, request: Request) -> Reply:
        """Answer a request to the GraphQL interface."""
        body, _ = _parsed(request.content)
        wrong = [] if "user-agent" in request.headers else ["header User-Agent: missing"]
        try:
            outcome = self.graph.answer(body, self.state, self._authenticated(request))
        except RefusedError as refused:
            violations = tuple(_violation(request, problem) for problem in wrong)
            return Reply(_refused(refused), "graphql", body, violations)
        violations = tuple(_violation(request, problem) for problem in (*wrong, *outcome.violations))
        return Reply(Answer(200, outcome.body), "graphql", body, violations)

    def _handled(self, request: Request, matched: Matched, problems: list[str]) -> Answer:
        token = self._authenticated(request)
        route = ROUTES[matched.operation.id]
        public = not self.state.private and reads_only(route.needs)
        if not public and not token.may(route.needs):
            accepted = {"X-Accepted-GitHub-Permissions": named(route.needs)}
            raise RefusedError(403, "Resource not accessible by integration", headers=accepted)
        if _NO_JSON in problems:
            raise RefusedError(400, "Problems parsing JSON")
        if problems:
            raise RefusedError(422, f"Invalid request. {' '.join(problems)}")
        return route.handle(self._call(request, matched, token))

    def _authenticated(self, request: Request) -> Token:
        if "authorization" not in request.headers:
            raise RefusedError(401, "Requires authentication")
        token = self.tokens.get(request.token or "")
        if token is None:
            raise RefusedError(401, "Bad credentials")
        return token

    def _call(self, request: Request, matched: Matched, token: Token) -> Call:
        owner, name = matched.path.get("owner"), matched.path.get("repo")
        if owner is not None and f"{owner}/{name}" != self.state.repository:
            raise RefusedError(404, "Not Found")
        return Call(
            matched=matched,
            token=token,
            state=self.state,
            present=Presenter(self.state, self.api, self.site),
            storage=self.storage,
            now=self.clock(),
            wanted=request.headers.get("accept", ""),
            resource=request.path.removeprefix(f"/repos/{self.state.repository}"),
        )

    def _at_home(self, request: Request) -> Request:
        """GitHub's own links name a repository by its number: the same request with the repository's name."""
        numbered = re.match(rf"/repositories/{number_of(self.state.repository)}(?=/|$)", request.path)
        if numbered is None:
            return request
        path = f"/repos/{self.state.repository}{request.path[numbered.end() :]}"
        return Request(request.method, path, request.query, request.headers, request.content)


def _parsed(content: bytes) -> tuple[Any, bool]:
    """The JSON in a body, and whether it is readable; nothing is readable, and None."""
    if not content:
        return None, True
    try:
        return json.loads(content), True
    except ValueError:
        return None, False


def _wrong_headers(request: Request, matched: Matched) -> list[str]:
    wrong = []
    if not request.headers.get("user-agent"):
        wrong.append("header User-Agent: missing")
    if request.headers.get("x-github-api-version", API_VERSION) != API_VERSION:
        wrong.append(f"header X-GitHub-Api-Version: not {API_VERSION}")
    accept = request.headers.get("accept", "")
    if accept not in _JSON_TYPES | ({DIFF} if matched.operation.id in _WITH_DIFF else set()):
        wrong.append(f"header Accept: {accept} is not answered here")
    return wrong


def _refused(refused: RefusedError) -> Answer:
    body: dict[str, Any] = {"message": refused.message, "documentation_url": _HELP}
    if refused.errors:
        body["errors"] = [dict(error) for error in refused.errors]
    return Answer(refused.status, body, refused.headers)


def _violation(request: Request, what: str) -> Violation:
    return Violation(request.method, request.path, what)

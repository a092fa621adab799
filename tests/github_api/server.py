"""``FakeGitHub``: the local GitHub at two ports of 127.0.0.1, one for its interfaces and one for artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self

from .description import Description
from .exchange import Answer, Logged, Request, Violation
from .failing import sent_instead, sent_of
from .faults import Fault, Faults
from .graph import Graph
from .routes import ROUTES
from .service import Reply, Service
from .spec import descriptions
from .state import State
from .storage import Fetched, Storage
from .tokens import Token
from .wire import Sent, serving

_ALLOWED_IN_AN_HOUR = 1000


def now_in_utc() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


class FakeGitHub:
    """A GitHub with one repository: ``with FakeGitHub(state, tokens) as api: …``.

    ``state`` may be changed while it runs, under ``api.lock`` where requests may be under way.
    ``api_path``: a prefix such as ``/api/v3`` for the addresses of GitHub Enterprise Server.
    """

    def __init__(
        self,
        state: State,
        tokens: Mapping[str, Token],
        *,
        clock: Callable[[], datetime] = now_in_utc,
        cache: Path | None = None,
        api_path: str = "",
        graphql_path: str = "/graphql",
        port: int = 0,
    ) -> None:
        self.state = state
        self.tokens = tokens
        self.requests: list[Logged] = []
        self.lock = RLock()
        self._clock = clock
        self._cache = cache
        self._api_path = api_path
        self._graphql_path = graphql_path
        self._port = port
        self._violations: list[Violation] = []
        self._faults = Faults()
        self._storage = Storage(state)
        self._running = ExitStack()

    def __enter__(self) -> Self:
        found = descriptions(sorted(ROUTES), self._cache)
        with ExitStack() as starting:
            self._storage_port = starting.enter_context(serving(self._from_storage))
            self._api_port = starting.enter_context(serving(self._from_api, self._port))
            self._service = Service(
                description=Description.read(found.rest),
                graph=Graph(found.graphql),
                state=self.state,
                tokens=self.tokens,
                api=self.api_url,
                site=self.server_url,
                storage=lambda artifact: f"{self.storage_url}{self._storage.path(artifact)}",
                clock=self._clock,
            )
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @property
    def server_url(self) -> str:
        """What GitHub Actions has in GITHUB_SERVER_URL."""
        return f"http://127.0.0.1:{self._api_port}"

    @property
    def api_url(self) -> str:
        """What GitHub Actions has in GITHUB_API_URL."""
        return f"{self.server_url}{self._api_path}"

    @property
    def graphql_url(self) -> str:
        """What GitHub Actions has in GITHUB_GRAPHQL_URL."""
        return f"{self.server_url}{self._graphql_path}"

    @property
    def storage_url(self) -> str:
        """Where downloads of artifacts are sent on to."""
        return f"http://127.0.0.1:{self._storage_port}"

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which GitHub Actions tells a job where GitHub is."""
        return {
            "GITHUB_SERVER_URL": self.server_url,
            "GITHUB_API_URL": self.api_url,
            "GITHUB_GRAPHQL_URL": self.graphql_url,
            "GITHUB_REPOSITORY": self.state.repository,
        }

    @property
    def violations(self) -> list[Violation]:
        """What GitHub's descriptions do not allow, and tokens that arrived at the storage. A test wants none."""
        return [*self._violations, *self._storage.violations]

    @property
    def fetched(self) -> list[Fetched]:
        """Every request that the storage had, and whether the token came with it."""
        return self._storage.fetched

    @property
    def faults_left(self) -> int:
        """How many faults were ordered and have not come."""
        return self._faults.left

    def order(self, fault: Fault) -> None:
        """Have something go wrong with coming requests, to the API or to the storage."""
        self._faults.order(fault)

    def _from_storage(self, request: Request) -> Sent:
        fault = self._faults.take(request.method, request.path)
        instead = sent_instead(fault, self._clock())
        if instead is not None:
            return instead
        with self.lock:
            return sent_of(fault, self._storage.answer(request))

    def _from_api(self, request: Request) -> Sent:
        fault = self._faults.take(request.method, request.path)
        with self.lock:
            sent = sent_instead(fault, self._clock())
            reply = None
            if sent is None:
                reply = self._reply(request)
                sent = sent_of(fault, self._counted(reply.answer))
                self._violations += reply.violations
            self.requests.append(_logged(request, reply, sent, fault))
        return sent

    def _reply(self, request: Request) -> Reply:
        if request.path == self._graphql_path and request.method == "POST":
            return self._service.graphql(request)
        if not request.path.startswith(f"{self._api_path}/"):
            wrong = Violation(
                request.method, request.path, f"not below {self._api_path}, where the interface is"
            )
            return Reply(Answer(404, {"message": "Not Found"}), None, None, (wrong,))
        path = request.path.removeprefix(self._api_path)
        return self._service.rest(
            Request(request.method, path, request.query, request.headers, request.content)
        )

    def _counted(self, answer: Answer) -> Answer:
        used = len(self.requests) + 1
        limits = {
            "x-ratelimit-limit": str(_ALLOWED_IN_AN_HOUR),
            "x-ratelimit-remaining": str(max(_ALLOWED_IN_AN_HOUR - used, 1)),
            "x-ratelimit-used": str(used),
            "x-github-request-id": f"{used:04X}:FA4E",
        }
        return Answer(answer.status, answer.body, {**limits, **answer.headers}, answer.media)


def _logged(request: Request, reply: Reply | None, sent: Sent, fault: Fault | None) -> Logged:
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    return Logged(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers=headers,
        body=None if reply is None else reply.body,
        token=request.token,
        operation=None if reply is None else reply.operation,
        status=None if sent.answer is None else sent.answer.status,
        fault=None if fault is None else fault.kind.value,
    )

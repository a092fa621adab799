"""Where artifacts lie: another server than the API, which must never see the token."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field

from .exchange import Answer, Request, Violation
from .state import State

_PATH = re.compile(r"/artifacts/(\d+)\.zip")
_TEXT = "application/xml"


@dataclass(frozen=True)
class Fetched:
    """A request that the storage had: of which artifact, whether a token came with it, and the answer's status."""

    artifact: int | None
    with_token: bool
    status: int


@dataclass
class Storage:
    """The archives of ``state``'s artifacts, each at an address with a signature."""

    state: State
    fetched: list[Fetched] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    _secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    def path(self, artifact: int) -> str:
        """The path and query that give an artifact's bytes."""
        return f"/artifacts/{artifact}.zip?sig={self._signature(artifact)}"

    def answer(self, request: Request) -> Answer:
        """The bytes; refused where the signature is wrong or, as the real one does, where a token is sent."""
        found = _PATH.fullmatch(request.path)
        number = int(found[1]) if found else None
        answer = self._answer(request, number)
        with_token = "authorization" in request.headers
        if with_token:
            what = "the header Authorization arrived at the storage"
            self.violations.append(Violation(request.method, request.path, what))
        self.fetched.append(Fetched(number, with_token, answer.status))
        return answer

    def _answer(self, request: Request, number: int | None) -> Answer:
        artifact = next((artifact for artifact in self.state.artifacts if artifact.id == number), None)
        if artifact is None or request.method != "GET":
            return Answer(404, "<Error><Code>BlobNotFound</Code></Error>", media=_TEXT)
        if "authorization" in request.headers:
            return Answer(401, "<Error><Code>InvalidAuthenticationInfo</Code></Error>", media=_TEXT)
        signature = dict(request.query).get("sig", "")
        if not hmac.compare_digest(signature.encode(), self._signature(artifact.id).encode()):
            return Answer(403, "<Error><Code>AuthenticationFailed</Code></Error>", media=_TEXT)
        return Answer(200, artifact.archive, media="application/zip")

    def _signature(self, artifact: int) -> str:
        return hmac.digest(self._secret.encode(), str(artifact).encode(), "sha256").hex()

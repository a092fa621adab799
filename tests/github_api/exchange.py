"""What goes over the wire: a request as it came, the answer, and what is noted of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """A request as it arrived. Names of headers are in lower case; ``path`` has no query and is still encoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def token(self) -> str | None:
        """The token that it carries; None for none, or where it is not given as GitHub wants it."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() in {"bearer", "token"} and token else None


@dataclass(frozen=True)
class Answer:
    """An answer: ``body`` is JSON to be, or text where ``media`` is no JSON, or None for nothing."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = JSON


class RefusedError(Exception):
    """GitHub says no: status, message, and for 422 the errors that go with it."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: tuple[Mapping[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}


@dataclass(frozen=True)
class Logged:
    """A line of the log: what was asked, as whom, and what came of it.

    ``body`` is the parsed JSON, or None. ``operation`` is the id in the description, ``graphql``, or None where the
    path is unknown. Both are None where a fault kept the request from being carried out, which ``fault`` then names.
    ``status`` is None where no answer was sent. ``headers`` lack the token: ``token`` has it.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    token: str | None
    operation: str | None
    status: int | None
    fault: str | None = None


@dataclass(frozen=True)
class Violation:
    """Something that GitHub's description does not allow, in a request or in an answer of this server."""

    method: str
    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.what}"

"""What a handler is given and what it may answer with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from .description import Matched
from .exchange import Answer, RefusedError
from .present import Presenter, number_of
from .state import PullRequest, State
from .tokens import Needs, Token

_MOST_PER_PAGE = 100
DIFF = "application/vnd.github.diff"


@dataclass(frozen=True)
class Call:
    """A request that the description knows, from somebody who may.

    ``storage``: makes the address where an artifact can be had. ``wanted``: the media type that is asked for.
    """

    matched: Matched
    token: Token
    state: State
    present: Presenter
    storage: Callable[[int], str]
    now: datetime
    wanted: str
    resource: str

    def number(self, name: str) -> int:
        """A whole number from the path."""
        return int(self.matched.path[name])

    def text(self, name: str) -> str:
        """A text from the path."""
        return str(self.matched.path[name])

    @property
    def query(self) -> Mapping[str, Any]:
        """The query's parameters, as what they are described to be."""
        return self.matched.query

    @property
    def body(self) -> Any:
        """The parsed body."""
        return self.matched.body

    def pull_request(self, name: str) -> PullRequest:
        """The pull request whose number is in the path; refused with 404 where there is none."""
        found = self.state.pull_request(self.number(name))
        if found is None:
            raise not_found()
        return found

    def page(self, things: Sequence[Any], wrap: Callable[[list[Any]], Any] = list) -> Answer:
        """The page of ``things`` that is asked for, with links to the others; ``wrap`` puts it into the answer."""
        size = min(max(int(self.query.get("per_page", 30)), 1), _MOST_PER_PAGE)
        number = max(int(self.query.get("page", 1)), 1)
        last = max(-(-len(things) // size), 1)
        shown = list(things[(number - 1) * size : number * size])
        return Answer(200, wrap(shown), self._links(number, last))

    def _links(self, number: int, last: int) -> dict[str, str]:
        pages: dict[str, int] = {}
        if number > 1:
            pages |= {"prev": number - 1, "first": 1}
        if number < last:
            pages |= {"next": number + 1, "last": last}
        # GitHub links to its repositories by their number, whatever the request named them by.
        repository = number_of(self.state.repository)
        path = f"{self.present.api}/repositories/{repository}{self.resource}"
        links = [
            f'<{path}?{urlencode({**self.query, "page": page})}>; rel="{relation}"'
            for relation, page in pages.items()
        ]
        return {"Link": ", ".join(links)} if links else {}


@dataclass(frozen=True)
class Route:
    """What an operation needs (one of several permissions) and what it does."""

    needs: Needs
    handle: Callable[[Call], Answer]


def not_found() -> RefusedError:
    """GitHub's word for what is not there, or must not be seen."""
    return RefusedError(404, "Not Found")


def invalid(resource: str, field: str, code: str, message: str) -> RefusedError:
    """GitHub's word for a body that the description allows and GitHub does not."""
    error = {"resource": resource, "field": field, "code": code, "message": message}
    return RefusedError(422, "Validation Failed", (error,))

"""What the demonstration service is asked, and what its answers must be."""

from __future__ import annotations

from perf_matrix.matrix.model import Endpoint, Expectation, Request, Rows
from perf_matrix.targets.base import Scale

from .service import ADMIN_KEY, MODELS

SCALE: Scale = {"users": 40, "keys": 20, "teams": 6}
SECOND_SCALE: Scale = {"users": 80, "keys": 20, "teams": 12}
PAGE_SIZES = [25, 10]
# Odd numbers belong to a team.
TEAM_KEY = "sk-demo-1"
PLAIN_KEY = "sk-demo-2"


def workload(scale: Scale = SCALE, page_size: int = PAGE_SIZES[0]) -> list[Endpoint]:
    """The endpoints, for a database of this scale and for pages of this size."""
    return [
        Endpoint(
            name="users",
            request=Request(path="/users", query={"page_size": page_size}, bearer=ADMIN_KEY),
            expect=Expectation(values={"users.#": page_size, "users.0.team": "team 2"}),
            rows=Rows(of="user", count="users.#", page_sizes=PAGE_SIZES),
        ),
        Endpoint(
            name="teams",
            request=Request(path="/teams"),
            expect=Expectation(values={"teams.#": scale["teams"]}),
            rows=Rows(of="team", count="teams.#"),
        ),
        _chat("chat-team-key", TEAM_KEY),
        _chat("chat-plain-key", PLAIN_KEY),
        Endpoint(name="report", request=Request(path="/report"), expect=Expectation(values=dict(scale))),
        Endpoint(
            name="search",
            request=Request(path="/search", query={"q": "user7@example.org"}),
            expect=Expectation(values={"users.#": 1, "users.0.id": 7}),
        ),
        Endpoint(
            name="models",
            request=Request(path="/models"),
            expect=Expectation(values={"models.#": len(MODELS)}),
        ),
    ]


def _chat(name: str, key: str) -> Endpoint:
    return Endpoint(
        name=name,
        request=Request(method="POST", path="/chat", bearer=key, body={"model": MODELS[0]}),
        expect=Expectation(values={"choices.#": 1, "model": MODELS[0]}),
    )

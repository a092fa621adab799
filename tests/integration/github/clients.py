"""A client with a clock of its own: it waits for nothing, and notes how long it would have waited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from perf_matrix.github.client import GitHub

TOKEN = "ghs_NeverToBeSeen0123456789"  # noqa: S105
NOW = 1_767_323_045.0


@dataclass
class Watched:
    """A client of the API at ``url``: its ``waits`` in seconds, and what it has ``said``.

    ``at_wait`` is called instead of waiting; each look at the clock takes ``each_look_s``.
    """

    url: str
    graphql_url: str = ""
    at_wait: Callable[[], object] = lambda: None
    waits: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    now: float = NOW
    each_look_s: float = 0

    def __post_init__(self) -> None:
        self.github = GitHub(
            requests.Session(),
            self.url,
            TOKEN,
            graphql_url=self.graphql_url or f"{self.url}/graphql",
            sleep=self._wait,
            clock=self._look,
            say=self.said.append,
        )

    def _look(self) -> float:
        self.now += self.each_look_s
        return self.now

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        self.at_wait()

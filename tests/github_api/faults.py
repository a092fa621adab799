"""What is to go wrong: faults that are ordered beforehand for the next requests to a path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock


class Kind(StrEnum):
    """The ways in which a request can fail."""

    BAD_GATEWAY = "bad gateway"
    """502 with a page of HTML, nothing done."""
    TOO_MANY = "too many requests"
    """429 with Retry-After."""
    SECONDARY = "secondary rate limit"
    """403, told apart from a refusal by its message (and Retry-After, where given)."""
    PRIMARY = "primary rate limit"
    """403 with x-ratelimit-remaining: 0 and x-ratelimit-reset, ``retry_after`` seconds from now."""
    CUT = "cut"
    """The connection ends without an answer, nothing done."""
    CUT_AFTER = "cut after"
    """What was asked is done, then the connection ends without an answer."""
    HALF = "half an answer"
    """What was asked is done; the connection ends in the middle of the answer's body."""


@dataclass(frozen=True)
class Fault:
    """A fault for the next ``times`` requests whose path has a match for ``path`` (a regular expression).

    ``method``: of these only, None for any. ``retry_after``: seconds.
    """

    kind: Kind
    path: str = ""
    times: int = 1
    method: str | None = None
    retry_after: int | None = None

    def fits(self, method: str, path: str) -> bool:
        """Whether the request is one of those that it was ordered for."""
        return self.method in {None, method} and re.search(self.path, path) is not None


class Faults:
    """The faults that are still to come, in the order in which they were ordered. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Have a fault from now on, after those that were ordered before."""
        with self._lock:
            self._ordered += [fault] * fault.times

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, which is then used up; None where it goes well."""
        with self._lock:
            fault = next((fault for fault in self._ordered if fault.fits(method, path)), None)
            if fault is not None:
                self._ordered.remove(fault)
            return fault

    @property
    def left(self) -> int:
        """How many faults were ordered and have not come."""
        with self._lock:
            return len(self._ordered)

"""What the agent reports. Times are in milliseconds: sending, waiting and receiving, without connecting."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from perf_matrix.matrix.model import Arm
from perf_matrix.record.model import Milliseconds


class Result(BaseModel):
    """Immutable; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProbeResult(Result):
    """One request. ``status`` is 0 where no answer came, ``present`` false for an unexpected 404 or 405."""

    status: int
    present: bool
    latency_ms: Milliseconds
    failures: list[str]


class SerialResult(Result):
    """Requests to one arm, one after the other: times of the good ones, how many were not good, and why.

    Fewer than were asked for where one was not answered in time: it is the last one then. ``rows``: of each
    good answer of a list how many rows it holds.
    """

    latencies_ms: list[Milliseconds]
    failed: int
    failures: list[str]
    rows: list[int] = []

    @property
    def sent(self) -> int:
        """The number of requests that the arm was sent."""
        return len(self.latencies_ms) + self.failed


class BlockResult(Result):
    """Pairs of one request to both arms; entry ``i`` of each list belongs to the same good pair.

    A pair in which an arm failed is not in the lists; ``failed`` counts the failed requests per arm and
    ``failures`` says why, the first few different ones. A block ends at the first pair in which an arm did
    not answer in time.
    """

    base_ms: list[Milliseconds]
    head_ms: list[Milliseconds]
    head_first: list[bool]
    failed: dict[Arm, int]
    failures: list[str]

    @model_validator(mode="after")
    def _same_length(self) -> BlockResult:
        if not len(self.base_ms) == len(self.head_ms) == len(self.head_first):
            raise ValueError("base_ms, head_ms and head_first must have the same length")
        return self

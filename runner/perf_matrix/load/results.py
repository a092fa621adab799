"""What k6 reports. Times are in milliseconds: sending, waiting and receiving, without connecting."""

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
    ``failures`` says why, the first few different ones. ``control_ms``: of each good pair the direct
    request right before the one to that arm; empty without a control. A block ends at the first pair in which
    an arm did not answer in time, or the upstream stand-in not at all: ``control_failure`` says why.
    """

    base_ms: list[Milliseconds]
    head_ms: list[Milliseconds]
    head_first: list[bool]
    failed: dict[Arm, int]
    failures: list[str]
    control_ms: dict[Arm, list[Milliseconds]] = {}
    control_failure: str | None = None

    @model_validator(mode="after")
    def _same_length(self) -> BlockResult:
        if not len(self.base_ms) == len(self.head_ms) == len(self.head_first):
            raise ValueError("base_ms, head_ms and head_first must have the same length")
        if any(len(before) != len(self.base_ms) for before in self.control_ms.values()):
            raise ValueError("control_ms must have a time for each pair")
        return self


class RequestResult(Result):
    """One request of a slot: its time, and why it failed, where it did."""

    latency_ms: Milliseconds
    failures: list[str]


class SlotResult(Result):
    """Requests of the mix to one arm at a constant rate: times of the good ones, by endpoint, in their order.

    ``due`` requests were to be sent; ``dropped`` of them never were, since too many were in flight.
    ``failed`` counts by endpoint, ``failures`` says why, the first few different ones.
    """

    due: int
    dropped: int
    latencies_ms: dict[str, list[Milliseconds]]
    failed: dict[str, int]
    failures: list[str]

"""What a client sees of a fault."""

from __future__ import annotations

from datetime import datetime

from .exchange import Answer
from .faults import Fault, Kind
from .wire import Sent

_TOO_MUCH = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_USED_UP = "API rate limit exceeded for installation ID 1."
_PAGE = "<html><h1>502 Bad Gateway</h1></html>"


def sent_instead(fault: Fault | None, now: datetime) -> Sent | None:
    """What is sent where a fault keeps the request from being carried out; None where it is carried out."""
    if fault is None or fault.kind in {Kind.CUT_AFTER, Kind.HALF}:
        return None
    return Sent(None if fault.kind is Kind.CUT else _refusal(fault, now))


def sent_of(fault: Fault | None, answer: Answer) -> Sent:
    """What is sent of the answer to a request that was carried out."""
    if fault is not None and fault.kind is Kind.CUT_AFTER:
        return Sent(None)
    return Sent(answer, 0.5 if fault is not None and fault.kind is Kind.HALF else 1)


def _refusal(fault: Fault, now: datetime) -> Answer:
    wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.kind is Kind.BAD_GATEWAY:
        return Answer(502, _PAGE, wait, "text/html")
    if fault.kind is Kind.PRIMARY:
        reset = int(now.timestamp()) + (fault.retry_after or 0)
        limits = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
        return Answer(403, {"message": _USED_UP}, limits)
    return Answer(429 if fault.kind is Kind.TOO_MANY else 403, {"message": _TOO_MUCH}, wait)

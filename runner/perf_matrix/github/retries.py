"""A request was not done: wait, and how long, or give up?  (Pure.)

GitHub's rules: what ``Retry-After`` asks for; else until ``x-ratelimit-reset`` where the limit is used up; else a
minute where it says that requests come too fast. Whoever asks earlier is locked out for longer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

ONE_WAIT_S = 60.0
"""The longest wait that nobody asked for. One that GitHub asks for may be longer."""
ALL_WAITS_S = 300.0
"""All waits together may take so long: a runner's minutes cost money."""
_FIRST_WAIT_S = 1.0
_TOO_FAST = ("secondary rate limit", "abuse detection")
_FORBIDDEN, _TOO_MANY, _SERVER_ERROR = 403, 429, 500
_SUCCESS = 2
"""The first digit."""
_SECONDS = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True)
class Answer:
    """An answer without its content: header names in lower case, ``message`` as GitHub words an error.

    ``elsewhere``: it is another host's, to which GitHub has redirected.
    """

    status: int
    headers: Mapping[str, str]
    message: str = ""
    elsewhere: bool = False

    @property
    def ok(self) -> bool:
        """Whether the request was done."""
        return self.status // 100 == _SUCCESS


@dataclass(frozen=True)
class Lost:
    """No whole answer came. ``sent``: the request may have arrived all the same."""

    reason: str
    sent: bool


@dataclass(frozen=True)
class Wait:
    """Ask again in so many seconds."""

    seconds: float
    reason: str


@dataclass(frozen=True)
class GiveUp:
    """Do not ask again. ``reason`` is empty where waiting would not help."""

    reason: str = ""


def decide(
    outcome: Answer | Lost, *, repeatable: bool, failures: int, waited_s: float, now: float
) -> Wait | GiveUp:
    """What to do about a request that was not done.

    ``repeatable``: doing it twice is as good as doing it once. ``failures``: how often this request has failed
    before; ``waited_s``: how long requests have been waited for until now, in seconds; ``now``: seconds since 1970.
    """
    wait = _wanted(outcome, repeatable=repeatable, failures=failures, now=now)
    if isinstance(wait, Wait) and waited_s + wait.seconds > ALL_WAITS_S:
        left = max(0.0, ALL_WAITS_S - waited_s)
        return GiveUp(
            f"{wait.reason}: it would take {wait.seconds:.0f} s more, and {left:.0f} s are left to wait"
        )
    return wait


def is_rate_limited(answer: Answer) -> bool:
    """Whether the answer says "later", not "no": 403 means either."""
    if answer.status == _FORBIDDEN:
        return "retry-after" in answer.headers or _used_up(answer) or _too_fast(answer)
    return answer.status == _TOO_MANY


def _wanted(outcome: Answer | Lost, *, repeatable: bool, failures: int, now: float) -> Wait | GiveUp:
    if isinstance(outcome, Lost):
        if outcome.sent and not repeatable:
            return GiveUp(f"{outcome.reason}; whether GitHub has done it is not known")
        return Wait(_backoff(failures), outcome.reason)
    if is_rate_limited(outcome):
        return _until_allowed(outcome, failures, now)
    if outcome.status >= _SERVER_ERROR:
        told = _told(outcome.headers.get("retry-after", ""), now)
        return Wait(max(told or 0.0, _backoff(failures)), f"GitHub answered {outcome.status}")
    return GiveUp()


def _until_allowed(answer: Answer, failures: int, now: float) -> Wait:
    # Never shorter than the backoff: "retry after 0 s", again and again, would never end.
    least = _backoff(failures)
    told = _told(answer.headers.get("retry-after", ""), now)
    if told is not None:
        return Wait(max(told, least), "GitHub asks to be left alone for a while")
    reset = answer.headers.get("x-ratelimit-reset", "")
    if _used_up(answer) and _SECONDS.fullmatch(reset):
        return Wait(max(float(reset) - now + 1, least), "the token's rate limit is used up")
    return Wait(ONE_WAIT_S, "GitHub says that requests come too fast")


def _used_up(answer: Answer) -> bool:
    return answer.headers.get("x-ratelimit-remaining") == "0"


def _too_fast(answer: Answer) -> bool:
    return any(words in answer.message.lower() for words in _TOO_FAST)


def _backoff(failures: int) -> float:
    """1, 2, 4 … seconds, at most ``ONE_WAIT_S``."""
    return float(min(_FIRST_WAIT_S * 2 ** min(failures, 16), ONE_WAIT_S))


def _told(retry_after: str, now: float) -> float | None:
    """The seconds that a ``Retry-After`` header asks for, which may be a date; None where it is neither."""
    if _SECONDS.fullmatch(retry_after):
        return float(retry_after)
    try:
        return parsedate_to_datetime(retry_after).timestamp() - now
    except (ValueError, OverflowError):
        return None

"""The windows of one endpoint and arm -> how many SQL statements a request of it causes.  (Pure.)

`perf_matrix.queries.estimate` explains how a statement's calls are told apart into those that requests
cause and those that would have happened anyway.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from operator import eq
from statistics import median

from perf_matrix.matrix.model import Arm
from perf_matrix.queries.canonical import is_transaction_control
from perf_matrix.queries.estimate import Estimate, Observation, estimate
from perf_matrix.queries.naming import names_in
from perf_matrix.record.model import QueryWindow

# Requests in a warm window, taken in turn. They have no common divisor, so two windows can only show the same
# calls per request if that is a whole number: 4m and 7m calls. A constant background (a job that runs once
# a window) gives b/4 and b/7; to pass for a request's work it would have to be exactly four calls in the one
# and seven in the other. What is not a whole number (every second request) shows as disagreement, in words,
# never as a figure that looks exact. What happens in fewer than one request in seven (a refreshed cache) is
# absent from some windows and so is background. Small, because an endpoint can take a second and has two
# arms and several epochs; not smaller, because in windows of one or two requests a single background
# call looks like a request's.
WINDOW_SIZES = (4, 7)

# Where eight windows do not agree, more of them seldom do: the statement really varies.
MAX_WINDOWS = 8

SAME = 1e-6
"""Counts per request are quotients of whole numbers; closer than this they are equal."""

_NAMED_DOUBTS = 3


@dataclass(frozen=True)
class QueryProfile:
    """What one endpoint makes one arm ask of its database; ``None`` where it could not be measured.

    Counts are per request; transaction control (BEGIN, COMMIT …) is only in ``transactions``.
    """

    endpoint: str
    arm: Arm
    per_request: float | None = None  # statements; exact if stable, else the least that any windows showed
    at_most: float | None = None  # statements; no counted window showed more of any, background included
    stable: bool = False
    unstable_because: str = ""
    # Canonical text -> calls during the first request to it after a start, background included.
    first_request: Mapping[str, int] | None = None
    cold_only: frozenset[str] = frozenset()  # canonical texts that it caused more of than others do
    rows: float | None = None  # rows that the per-request statements read or wrote
    db_ms: float | None = None  # execution time of the per-request statements
    request_ms: float | None = None  # time of a request in the windows that were counted
    answer_rows: int | None = None  # rows in every answer; None where they differed or it is no list
    transactions: float | None = None  # transaction control statements; None also where windows disagree
    statements: Mapping[str, float] = field(default_factory=dict)  # canonical text -> calls per request, > 0
    in_doubt: frozenset[str] = frozenset()  # canonical texts whose calls per request are not exact
    background: Mapping[str, int] = field(
        default_factory=dict
    )  # canonical text -> calls in warm and idle windows
    invalid_because: str = ""


@dataclass(frozen=True)
class _Counted:
    """One window with its statements merged by name."""

    requests: int
    seconds: float
    calls: Counter[str]
    rows: Counter[str]
    exec_ms: Mapping[str, float]
    request_ms: float | None


def profile_endpoint(windows: Sequence[QueryWindow], idle: Sequence[QueryWindow] = ()) -> QueryProfile:
    """Profile one endpoint on one arm from all of its windows and from that arm's idle windows.

    All windows are of one data scale and page size. Windows with failed requests, without requests or with
    evicted statements do not count. ValueError if there are no windows, or if they are of several endpoints
    or arms.
    """
    endpoint, arm = _subject(windows, idle)
    names_of = names_in([*windows, *idle])
    first = _first_requests(windows, names_of)
    warm = [_counted(window, names_of) for window in windows if window.kind == "warm" and _counts(window)]
    if not warm:
        return QueryProfile(endpoint, arm, first_request=first, invalid_because=_why_none_counts(windows))
    before = [_counted(window, names_of) for window in _sound(idle)]
    rates = _rates(before)
    names = sorted({name for window in warm for name in window.calls} | rates.keys())
    found = {
        name: _estimate(warm, rates, partial(eq, name)) for name in names if not is_transaction_control(name)
    }
    per_request = {name: float(result.per_request) for name, result in found.items() if result.per_request}
    doubt = _doubt(found) or _too_few(warm)
    return QueryProfile(
        endpoint,
        arm,
        per_request=float(sum((result.per_request for result in found.values()), Fraction())),
        at_most=sum(_highest(name, warm) for name in found),
        stable=not doubt,
        unstable_because=doubt,
        first_request=first,
        cold_only=_cold_only(first or Counter(), per_request),
        rows=sum(_rows(name, warm) for name in per_request),
        db_ms=median(
            sum(window.exec_ms.get(name, 0.0) for name in per_request) / window.requests for window in warm
        ),
        request_ms=_request_ms(warm),
        answer_rows=_answer_rows(windows),
        transactions=_exactly(_estimate(warm, rates, is_transaction_control)),
        statements=per_request,
        in_doubt=frozenset(name for name, result in found.items() if result.doubt),
        background=_background([*warm, *before], found.keys() - per_request.keys()),
    )


def needs_more(windows: Sequence[QueryWindow], idle: Sequence[QueryWindow] = ()) -> bool:
    """Tell whether another warm window is worth taking, given those of one endpoint, arm and epoch."""
    taken = sum(window.kind == "warm" for window in windows)
    if taken < len(WINDOW_SIZES):
        return True
    return taken < MAX_WINDOWS and not profile_endpoint(windows, idle).stable


def _subject(windows: Sequence[QueryWindow], idle: Sequence[QueryWindow]) -> tuple[str, Arm]:
    """Return the endpoint and arm that all windows belong to."""
    endpoints = {window.endpoint for window in windows}
    arms = {window.arm for window in (*windows, *idle)}
    endpoint = next(iter(endpoints), None)
    if len(endpoints) != 1 or len(arms) != 1 or endpoint is None:
        raise ValueError(f"windows of one endpoint and one arm are wanted, not of {endpoints} and {arms}")
    return endpoint, arms.pop()


def _counts(window: QueryWindow) -> bool:
    return window.requests > 0 and not window.failed_requests and not window.evicted


def _why_none_counts(windows: Sequence[QueryWindow]) -> str:
    warm = [window for window in windows if window.kind == "warm"]
    if any(window.evicted for window in warm):
        return "statements were evicted from pg_stat_statements: raise pg_stat_statements.max"
    if any(window.failed_requests for window in warm):
        return "in every window of requests some failed their checks"
    return "no window of requests was taken"


def _counted(window: QueryWindow, names_of: Mapping[str, str]) -> _Counted:
    calls: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    exec_ms: defaultdict[str, float] = defaultdict(float)
    for statement in window.statements:
        name = names_of[statement.text]
        calls[name] += statement.calls
        rows[name] += statement.rows
        exec_ms[name] += statement.exec_ms
    return _Counted(window.requests, window.seconds, calls, rows, exec_ms, _milliseconds(window))


def _milliseconds(window: QueryWindow) -> float | None:
    """Return the time of one request of a window in which none failed."""
    if window.request_ms is None or not window.requests or window.failed_requests:
        return None
    return window.request_ms / window.requests


def _rows(name: str, warm: Sequence[_Counted]) -> float:
    """Return the rows per request of a statement, from the windows in which only requests ran it."""
    least = min(Fraction(window.calls[name], window.requests) for window in warm)
    own = [window for window in warm if window.calls[name] == least * window.requests]
    return median(window.rows[name] / window.requests for window in own)


def _highest(name: str, warm: Sequence[_Counted]) -> float:
    """Return the most calls per request of a statement that any window showed, whoever made them."""
    return max(window.calls[name] / window.requests for window in warm)


def _request_ms(warm: Sequence[_Counted]) -> float | None:
    times = [window.request_ms for window in warm if window.request_ms is not None]
    return median(times) if times else None


def _answer_rows(windows: Iterable[QueryWindow]) -> int | None:
    found = {window.rows for window in windows if window.kind == "warm" and _counts(window)}
    return found.pop() if len(found) == 1 else None


def _sound(idle: Iterable[QueryWindow]) -> list[QueryWindow]:
    """Return the windows before the first request: what comes after one may still be its doing."""
    return [window for window in idle if window.kind == "idle" and not window.evicted]


def _rates(before: Iterable[_Counted]) -> dict[str, float]:
    """Return calls per second without requests, for every statement seen so."""
    counted = list(before)
    seconds = sum(window.seconds for window in counted)
    calls = sum((window.calls for window in counted), Counter[str]())
    return {name: count / seconds for name, count in calls.items()} if seconds else {}


def _estimate(
    warm: Sequence[_Counted], rates: Mapping[str, float], chosen: Callable[[str], bool]
) -> Estimate:
    """Estimate calls per request of the chosen statements together."""
    rate = sum(value for name, value in rates.items() if chosen(name))
    return estimate(
        [
            Observation(
                window.requests,
                sum(count for name, count in window.calls.items() if chosen(name)),
                rate * window.seconds,
            )
            for window in warm
        ]
    )


def _exactly(result: Estimate) -> float | None:
    return None if result.doubt else float(result.per_request)


def _doubt(found: Mapping[str, Estimate]) -> str:
    """Return which statements are in doubt and why, in one line; empty if none is."""
    doubts = [f"{name}: {result.doubt}" for name, result in found.items() if result.doubt]
    more = [f"and {len(doubts) - _NAMED_DOUBTS} more"] if len(doubts) > _NAMED_DOUBTS else []
    return "; ".join([*doubts[:_NAMED_DOUBTS], *more])


def _too_few(warm: Sequence[_Counted]) -> str:
    return "only one window of requests counts" if len(warm) == 1 else ""


def _first_requests(windows: Iterable[QueryWindow], names_of: Mapping[str, str]) -> Counter[str] | None:
    """Return the statements of the first request after a start; of each the fewest calls over the starts."""
    cold = [window for window in windows if window.kind == "cold" and _counts(window)]
    starts = [_counted(window, names_of).calls for window in cold]
    if not starts:
        return None
    names = {name for calls in starts for name in calls if not is_transaction_control(name)}
    fewest = {name: min(calls[name] for calls in starts) for name in names}
    return Counter({name: calls for name, calls in fewest.items() if calls})


def _cold_only(first: Counter[str], per_request: Mapping[str, float]) -> frozenset[str]:
    return frozenset(name for name, calls in first.items() if calls > per_request.get(name, 0.0))


def _background(windows: Sequence[_Counted], names: Iterable[str]) -> dict[str, int]:
    return {name: sum(window.calls[name] for window in windows) for name in sorted(names)}

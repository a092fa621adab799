r"""Which requests a write is flushed for that comes seconds after the answer, where the counts prove it.  (Pure.)

A batch writer keeps what it has to write in a queue and empties it now and then. Of one statement let
``A_j`` be its calls (or the rows it wrote) up to the end of window ``j``, and ``N_ej`` the requests that
endpoint ``e`` was sent by then. If each request of ``e`` puts ``k_e`` into the queue, then

    A_j <= sum of k_e N_ej             always: nothing is written before it was caused
    A_j >= sum of k_e N_e(j-2)         where something was written in window j: the queue was emptied

(of the last requests before window j some may not have been queued yet when the flush began)

with whole numbers ``k_e >= 0``. A ``k_e`` is proven where it is the same in *every* solution of these
inequalities; what they leave open is not claimed. A job that runs by the clock mostly has no solution at all,
since it also runs before there are requests, and does not keep up with them. It could by chance, so a few
flushes prove nothing, and neither do any number of them that all wrote as much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from perf_matrix.queries.canonical import canonical
from perf_matrix.queries.form import Identity, form
from perf_matrix.queries.naming import identity, names_in
from perf_matrix.queries.whole_numbers import Inequalities, only_values
from perf_matrix.record.model import QueryWindow

Unit = Literal["calls", "rows"]
PerRequest = Mapping[str, Mapping[str, float | None]]
_Known = Mapping[str, Mapping[Identity, float | None]]

UNITS: tuple[Unit, ...] = ("calls", "rows")
# With few flushes a coincidence is too likely to be called a proof: of simulated jobs that run by the clock
# and write about as much as requests would, but different amounts, 6 in 1000 fit with three flushes or more,
# 1 in 10,000 with eight.
MIN_FLUSHES = 8


@dataclass(frozen=True)
class Deferred:
    """A statement that each request of an endpoint causes ``per_request`` of, later."""

    statement: str
    endpoint: str
    per_request: int
    unit: Unit


@dataclass(frozen=True)
class Series:
    """One statement over the windows of one start: what was written in each, other than during requests."""

    endpoints: tuple[str | None, ...]
    requests: tuple[int, ...]
    written: tuple[int, ...]


@dataclass(frozen=True)
class _Counted:
    """One window with its writes merged by what they do."""

    endpoint: str | None
    requests: int
    calls: Counter[Identity]
    rows: Counter[Identity]


def deferred_writes(windows: Sequence[QueryWindow], per_request: PerRequest) -> list[Deferred]:
    """Return what the counts of one arm prove, from all its windows in the order in which they were taken.

    ``per_request``: endpoint -> canonical text -> calls while it is answered, which are not deferred; None where
    they are not known. Starts in which requests failed or counts were lost prove nothing and are left out.
    """
    starts = [list(own) for _, own in groupby(windows, key=lambda window: window.epoch)]
    sound = [own for own in starts if not any(window.failed_requests or window.evicted for window in own)]
    counted = [[_counted(window) for window in own] for own in sound]
    names = {identity(name): name for name in names_in(windows).values()}
    written = {one for own in counted for window in own for one in window.calls}
    known = {
        endpoint: {identity(text): calls for text, calls in statements.items()}
        for endpoint, statements in per_request.items()
    }
    return [
        Deferred(names[statement], endpoint, count, unit)
        for statement in sorted(written)
        for endpoint, count, unit in _proven(statement, counted, known)
    ]


def _counted(window: QueryWindow) -> _Counted:
    calls: Counter[Identity] = Counter()
    rows: Counter[Identity] = Counter()
    for count in window.statements:
        if form(canonical(count.text)).writes:
            calls[identity(count.text)] += count.calls
            rows[identity(count.text)] += count.rows
    return _Counted(window.endpoint, window.requests, calls, rows)


def _proven(
    statement: Identity, starts: Sequence[Sequence[_Counted]], known: _Known
) -> Iterator[tuple[str, int, Unit]]:
    """Yield (endpoint, how many, of what) as it is proven of one statement, by its calls or else its rows."""
    for unit in UNITS:
        series = [_series(statement, own, known, unit) for own in starts]
        found = solve([one for one in series if one is not None])
        if found:
            for endpoint, count in sorted(found.items()):
                yield endpoint, count, unit
            return


def _series(statement: Identity, windows: Sequence[_Counted], known: _Known, unit: Unit) -> Series | None:
    written = [_left_over(statement, window, known, unit) for window in windows]
    counts = [count for count in written if count is not None]
    if len(counts) < len(written):
        return None
    return Series(
        endpoints=tuple(window.endpoint for window in windows),
        requests=tuple(window.requests for window in windows),
        written=tuple(counts),
    )


def _left_over(statement: Identity, window: _Counted, known: _Known, unit: Unit) -> int | None:
    """What a window wrote beyond what its own requests wrote while they were answered; None if unknown."""
    each = known.get(window.endpoint or "", {}).get(statement, 0.0)
    calls = window.calls[statement]
    if each is None or calls < (own := round(each * window.requests)):
        return None
    if unit == "calls":
        return calls - own
    # Of the rows nobody can tell which are the requests' own, unless all are.
    return (window.rows[statement] if not own else None) if calls > own else 0


def solve(series: Sequence[Series]) -> dict[str, int]:
    """Return endpoint -> how many each request causes, for those that are proven and not 0."""
    endpoints = sorted({name for one in series for name in one.endpoints if name is not None})
    flushes = [written for one in series for written in one.written if written]
    if len(flushes) < MIN_FLUSHES or not endpoints or _may_be_clockwork(flushes):
        return {}
    found = only_values(_inequalities(series, endpoints))
    return {name: value for name, value in zip(endpoints, found, strict=True) if value}


def _may_be_clockwork(flushes: Collection[int]) -> bool:
    """Whether a job that always writes as much could have done it, once or twice in a window."""
    return set(flushes) <= {min(flushes), 2 * min(flushes)}


def _inequalities(series: Sequence[Series], endpoints: Sequence[str]) -> Inequalities:
    """Two for each window in which something was written. Those that say nothing new are left out."""
    rows: dict[tuple[tuple[int, ...], float, float], None] = {}
    for one in series:
        sent: Counter[str] = Counter()
        earlier = queued = tuple(sent[name] for name in endpoints)
        written = 0
        for endpoint, requests, count in zip(one.endpoints, one.requests, one.written, strict=True):
            earlier, queued = queued, tuple(sent[name] for name in endpoints)
            if endpoint is not None:
                sent[endpoint] += requests
            written += count
            if count:
                rows[earlier, -np.inf, written] = None
                rows[tuple(sent[name] for name in endpoints), written, np.inf] = None
    matrix = np.array([row for row, _, _ in rows], dtype=np.float64)
    return Inequalities(
        matrix, np.array([low for _, low, _ in rows]), np.array([high for _, _, high in rows])
    )


def of_endpoint(found: Collection[Deferred], endpoint: str) -> list[Deferred]:
    """Return what one endpoint's requests cause later."""
    return [one for one in found if one.endpoint == endpoint]

r"""Which requests a write is flushed for that comes seconds after the answer, where the counts prove it.  (Pure.)

A batch writer keeps what it has to write in a queue and empties it now and then. Of one statement let
``A_j`` be its calls (or the rows it wrote) up to the end of window ``j``, and ``N_ej`` the requests that
endpoint ``e`` was sent by then. If each request of ``e`` puts ``k_e`` into the queue, then

    A_j <= sum of k_e N_ej             always: nothing is written before it was caused
    A_j >= sum of k_e N_e(j-1)         where something was written in window j: the queue was emptied

with whole numbers ``k_e >= 0``. A ``k_e`` is proven where it is the same in *every* solution of these
inequalities; what they leave open is not claimed. A job that runs by the clock has no solution at all, since
it also runs before there are requests, and does not keep up with them. Whether a ``k_e`` is proven is asked
of an integer programme (its least and its greatest value): J. Huangfu and J. A. J. Hall, "Parallelizing the
dual revised simplex method", Mathematical Programming Computation 10 (2018) 119-142, by way of SciPy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

from perf_matrix.queries.canonical import canonical
from perf_matrix.queries.form import form
from perf_matrix.record.model import QueryWindow

Unit = Literal["calls", "rows"]
FloatArray = npt.NDArray[np.float64]

UNITS: tuple[Unit, ...] = ("calls", "rows")
WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
# With one or two flushes a coincidence is too likely to be called a proof.
MIN_FLUSHES = 3
# A request that queues more than this of one statement would rather show as something else.
MAX_PER_REQUEST = 20


@dataclass(frozen=True)
class Deferred:
    """A statement that each request of an endpoint causes ``per_request`` of, later."""

    statement: str
    endpoint: str
    per_request: int
    unit: Unit


@dataclass(frozen=True)
class _Series:
    """One statement over the windows of one start: what was written in each."""

    endpoints: tuple[str | None, ...]
    requests: tuple[int, ...]
    written: tuple[int, ...]


def deferred_writes(
    windows: Sequence[QueryWindow], per_request: Mapping[str, Mapping[str, float]]
) -> list[Deferred]:
    """Return what the counts of one arm prove, from all its windows in the order in which they were taken.

    ``per_request``: endpoint -> canonical text -> calls while it is answered, which are not deferred.
    Starts in which requests failed or counts were lost prove nothing and are left out.
    """
    starts = [list(own) for _, own in groupby(windows, key=lambda window: window.epoch)]
    sound = [own for own in starts if not any(window.failed_requests or window.evicted for window in own)]
    return [
        found for statement in sorted(_written(sound)) for found in _proven(statement, sound, per_request)
    ]


def _written(starts: Sequence[Sequence[QueryWindow]]) -> set[str]:
    texts = {canonical(count.text) for own in starts for window in own for count in window.statements}
    return {text for text in texts if form(text).verb in WRITES}


def _proven(
    statement: str,
    starts: Sequence[Sequence[QueryWindow]],
    per_request: Mapping[str, Mapping[str, float]],
) -> Iterator[Deferred]:
    """Yield what is proven of one statement, by its calls or else by its rows."""
    for unit in UNITS:
        series = [_series(statement, own, per_request, unit) for own in starts]
        found = solve(series)
        if found:
            for endpoint, count in sorted(found.items()):
                yield Deferred(statement, endpoint, count, unit)
            return


def _series(
    statement: str,
    windows: Sequence[QueryWindow],
    per_request: Mapping[str, Mapping[str, float]],
    unit: Unit,
) -> _Series:
    return _Series(
        endpoints=tuple(window.endpoint for window in windows),
        requests=tuple(window.requests for window in windows),
        written=tuple(
            _left_over(statement, window, per_request.get(window.endpoint or "", {}), unit)
            for window in windows
        ),
    )


def _left_over(statement: str, window: QueryWindow, per_request: Mapping[str, float], unit: Unit) -> int:
    """What a window wrote beyond what its own requests wrote while they were answered."""
    counts = [count for count in window.statements if canonical(count.text) == statement]
    calls, rows = sum(count.calls for count in counts), sum(count.rows for count in counts)
    own = round(per_request.get(statement, 0.0) * window.requests)
    if not own:
        return calls if unit == "calls" else rows
    # Of the rows nobody can tell which are the window's own, unless all are.
    return max(0, calls - own) if unit == "calls" or calls > own else 0


def solve(series: Sequence[_Series]) -> dict[str, int]:
    """Return endpoint -> how many each request causes, for those that are proven and not 0."""
    endpoints = sorted({name for one in series for name in one.endpoints if name is not None})
    flushes = sum(1 for one in series for written in one.written if written)
    if flushes < MIN_FLUSHES or not endpoints:
        return {}
    matrix, low, high = _inequalities(series, endpoints)
    if _extreme(matrix, low, high, np.zeros(len(endpoints))) is None:
        return {}
    found = {name: _only_value(matrix, low, high, place) for place, name in enumerate(endpoints)}
    return {name: value for name, value in found.items() if value}


def _inequalities(
    series: Sequence[_Series], endpoints: Sequence[str]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One row for each inequality: ``low <= row . k <= high``. Rows that say nothing new are left out."""
    rows: dict[tuple[tuple[int, ...], float, float], None] = {}
    for one in series:
        sent: Counter[str] = Counter()
        written = 0
        for endpoint, requests, count in zip(one.endpoints, one.requests, one.written, strict=True):
            before = tuple(sent[name] for name in endpoints)
            if endpoint is not None:
                sent[endpoint] += requests
            written += count
            if count:
                rows[before, -np.inf, written] = None
                rows[tuple(sent[name] for name in endpoints), written, np.inf] = None
    matrix = np.array([row for row, _, _ in rows], dtype=np.float64)
    return matrix, np.array([low for _, low, _ in rows]), np.array([high for _, _, high in rows])


def _only_value(matrix: FloatArray, low: FloatArray, high: FloatArray, place: int) -> int | None:
    """Return the value that variable ``place`` has in every solution; None where it may have several."""
    direction = np.zeros(matrix.shape[1])
    direction[place] = 1.0
    least, greatest = _extreme(matrix, low, high, direction), _extreme(matrix, low, high, -direction)
    return least if least is not None and greatest is not None and least == -greatest else None


def _extreme(matrix: FloatArray, low: FloatArray, high: FloatArray, direction: FloatArray) -> int | None:
    """Return the least value of ``direction . k``; None where there is no solution."""
    answer = milp(
        direction,
        constraints=LinearConstraint(matrix, low, high),
        integrality=np.ones(matrix.shape[1], dtype=np.int64),
        bounds=Bounds(0, MAX_PER_REQUEST),
    )
    return round(answer.fun) if answer.success else None


def of_endpoint(found: Collection[Deferred], endpoint: str) -> list[Deferred]:
    """Return what one endpoint's requests cause later."""
    return [one for one in found if one.endpoint == endpoint]

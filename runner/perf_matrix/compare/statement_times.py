"""How long the database takes for one statement on each arm, by the rules that latencies are held to.

The unit is the block, or several where there are very many: while the pairs of a block were sent, each arm's
database executed the statement some number of times and took so long for it. What matters is what it adds to
a request, so a statement counts as slower where its calls of one request together got slower by what would
matter of a latency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import exp

import numpy as np

from perf_matrix.compare.arm_queries import ArmQueries
from perf_matrix.compare.blocks import MAX_UNITS, MIN_UNITS, RESOLUTION_MS, Units
from perf_matrix.compare.holm import PValues
from perf_matrix.compare.latency import Latency, decide, measure_units
from perf_matrix.compare.model import SlowerStatement
from perf_matrix.compare.statements import by_form
from perf_matrix.matrix.model import Gate
from perf_matrix.queries.canonical import canonical
from perf_matrix.queries.form import form
from perf_matrix.record.model import QueryWindow


@dataclass(frozen=True)
class Timed:
    """One statement of both arms. ``latency`` holds ms for ``calls`` of it, the fewer of the arms' for a request."""

    statement: str
    calls: float
    latency: Latency


@dataclass(frozen=True)
class _Spent:
    """What one statement took on one arm."""

    calls: int
    exec_ms: float


_Block = tuple[QueryWindow, QueryWindow]


def timed_statements(endpoint: str, base: ArmQueries, head: ArmQueries, gate: Gate) -> list[Timed]:
    """Every statement that both arms issue for each request, where blocks enough were measured."""
    there, here = (by_form(arm.profiles[endpoint].main.statements) for arm in (base, head))
    units = _merged(_blocks(base.paired(endpoint), head.paired(endpoint)))
    both = [
        (here[key].text, min(there[key].per_request, here[key].per_request)) for key in there if key in here
    ]
    found = [(text, calls, _units(form(text).key, units)) for text, calls in both]
    return [
        Timed(text, calls, _measured(_times(values, calls), gate))
        for text, calls, values in found
        if len(values) >= MIN_UNITS
    ]


def slower(timed: Sequence[Timed], adjusted: Sequence[PValues], gate: Gate) -> list[SlowerStatement]:
    """Those that are slower on head, the dearest first; ``adjusted`` holds their p-values over the run."""
    found = [
        _slower(one, p)
        for one, p in zip(timed, adjusted, strict=True)
        if decide(one.latency, p, gate) == "regression"
    ]
    return sorted(found, key=lambda one: (-one.extra_ms_per_request, one.statement))


def _slower(one: Timed, adjusted: PValues) -> SlowerStatement:
    found = one.latency.interval
    return SlowerStatement(
        statement=one.statement,
        base_ms=one.latency.base / one.calls,
        head_ms=one.latency.head / one.calls,
        ratio=exp(found.estimate),
        ci=(exp(found.low), exp(found.high)),
        p_adjusted=adjusted.worse,
        units=len(one.latency.units),
        extra_ms_per_request=one.latency.head - one.latency.base,
    )


def _blocks(base: Sequence[QueryWindow], head: Sequence[QueryWindow]) -> list[_Block]:
    """Both windows of each block with sound counts; the block in which a run was killed may have only base's."""
    epochs = sorted({window.epoch for window in base})
    pairs = [
        pair for epoch in epochs for pair in zip(_of_epoch(base, epoch), _of_epoch(head, epoch), strict=False)
    ]
    return [(one, other) for one, other in pairs if not (one.evicted or other.evicted)]


def _of_epoch(windows: Sequence[QueryWindow], epoch: int) -> list[QueryWindow]:
    return [window for window in windows if window.epoch == epoch]


def _merged(blocks: Sequence[_Block]) -> list[list[_Block]]:
    """Consecutive blocks of an epoch as one unit, as evenly as possible, where there are more than MAX_UNITS."""
    epochs = [list(own) for _, own in groupby(blocks, key=lambda block: block[0].epoch)]
    limit = MAX_UNITS // max(1, len(epochs))
    return [
        [own[place] for place in part]
        for own in epochs
        for part in np.array_split(np.arange(len(own)), min(limit, len(own)))
    ]


def _units(key: str, units: Sequence[Sequence[_Block]]) -> Units:
    """Ms for one call on each arm, for each unit in which both arms called it."""
    spent = [
        (unit[0][0].epoch, _spent(key, [base for base, _ in unit]), _spent(key, [head for _, head in unit]))
        for unit in units
    ]
    both = [(epoch, base, head) for epoch, base, head in spent if base.calls and head.calls]
    values = np.array([[_per_call(base), _per_call(head)] for _, base, head in both]).reshape(-1, 2)
    epochs = np.array([epoch for epoch, _, _ in both], dtype=np.int64)
    return Units(epoch=epochs, base=values[:, 0], head=values[:, 1])


def _spent(key: str, windows: Sequence[QueryWindow]) -> _Spent:
    counts = [
        count for window in windows for count in window.statements if form(canonical(count.text)).key == key
    ]
    return _Spent(sum(count.calls for count in counts), sum(count.exec_ms for count in counts))


def _per_call(spent: _Spent) -> float:
    return max(spent.exec_ms / spent.calls, RESOLUTION_MS)


def _times(units: Units, calls: float) -> Units:
    return Units(epoch=units.epoch, base=units.base * calls, head=units.head * calls)


def _measured(units: Units, gate: Gate) -> Latency:
    return measure_units(units, float(np.median(units.base)), float(np.median(units.head)), gate)

"""The value axis of a picture: where it begins and ends, and its ticks, at round numbers and with units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perf_matrix.bisect.model import Figure, Metric, SymptomResult
from perf_matrix.bisect.report import figures

_TICKS = 5
_MARGIN = 0.06
_NOT_THERE = -1.0
# The shortest axes: a count of one, a latency or share of 10 %, 100 kB.
_SHORTEST: dict[Metric, float] = {"queries": 1.0, "errors": 0.1, "memory": 100_000.0, "answers": 1.0}
_SHORTEST_LATENCY = 0.1


@dataclass(frozen=True, slots=True)
class Axis:
    """What the axis shows, from ``low`` to ``high``, in the metric's own numbers (a latency's less 1)."""

    metric: Metric
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]

    def share(self, value: float) -> float:
        """Return how far up a value of the axis stands, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def on_axis(metric: Metric, value: float | None) -> float | None:
    """Return where a figure's value stands on the axis; None where it has none."""
    if metric == "answers":
        return _NOT_THERE if value is None else value
    if value is None:
        return None
    return value - 1 if metric in figures.LATENCIES else value


def axis(symptom: SymptomResult) -> Axis:
    """Return the axis that holds all that is known of a symptom; nought is always on it."""
    metric = symptom.metric
    values = _values(symptom)
    if metric == "answers":
        return _answers(min(values))
    low, high = min(values), max(values)
    step = _step(max(high - low, _SHORTEST.get(metric, _SHORTEST_LATENCY)), whole=metric == "queries")
    first, last = math.ceil(low / step), max(math.ceil(high / step), 1)
    ticks = [_tick(metric, number * step, step) for number in range(first, last + 1)]
    bottom = low - _MARGIN * (high - low) if low < 0 else 0.0
    return Axis(metric, bottom, last * step, ticks)


def _values(symptom: SymptomResult) -> list[float]:
    """Return every value that is drawn, and nought."""
    found = [symptom.good, symptom.bad, *(point.figure for point in symptom.points)]
    for culprit in symptom.culprits:
        told = culprit.confirmation
        found += [culprit.before, culprit.after, *([told.before, told.after] if told else [])]
    bounds = [value for each in found for value in _bounds(each)]
    bounds += [bound for level in symptom.levels for bound in (level.low, level.high)]
    drawn = [on_axis(symptom.metric, value) for value in bounds]
    return [0.0, *(value for value in drawn if value is not None)]


def _bounds(figure: Figure) -> tuple[float | None, ...]:
    return tuple(
        figure.value if bound is None else bound for bound in (figure.value, figure.low, figure.high)
    )


def _answers(lowest: float) -> Axis:
    """Return the axis of answers, which has words for numbers."""
    there = [(0.0, "does not"), (1.0, "answers")]
    ticks = [(_NOT_THERE, "not there"), *there] if lowest < 0 else there
    return Axis("answers", ticks[0][0], 1.0, ticks)


def _step(length: float, *, whole: bool) -> float:
    """Return the round number, 1, 2 or 5 times a power of ten, of which a few make the length."""
    rough = length / (_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    return max(step, 1.0) if whole else step


def _tick(metric: Metric, value: float, step: float) -> tuple[float, str]:
    exact = 0.0 if abs(value) < step / 1000 else value
    if metric in figures.LATENCIES or metric == "errors":
        return exact, _percent(exact, step)
    return exact, figures.written(metric, exact)


def _percent(value: float, step: float) -> str:
    decimals = max(-math.floor(math.log10(step * 100) + 1e-9), 0)
    return f"{value * 100:+,.{decimals}f}%" if value else "0%"

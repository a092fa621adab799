"""In words: why a quantile is not decided or does not count, and what would settle it."""

from __future__ import annotations

from math import ceil, exp, log1p

from perf_matrix.compare import hodges_lehmann
from perf_matrix.compare.blocks import MIN_UNITS, RULES
from perf_matrix.compare.holm import PValues
from perf_matrix.compare.latency import MIN_EPOCHS, Latency, can_decide, confidence
from perf_matrix.matrix.model import MatrixFile

WORTH_TRYING = 16
"""Beyond so many times the measuring, more of the same is no honest advice."""


def not_gated(latency: Latency) -> str:
    """Why this quantile is shown and does not count."""
    needed = RULES[latency.metric].requests
    if latency.pairs < needed:
        return f"shown, not gated: {latency.metric} needs {needed} requests per arm"
    return f"shown, not gated: {latency.metric} is not in gate.metrics"


def undecided(latency: Latency, adjusted: PValues, matrix: MatrixFile) -> str:
    """Why a gated quantile is inconclusive, with the cure."""
    if not can_decide(latency, matrix.gate):
        return _too_little(latency, matrix)
    bounds = latency.interval
    if bounds.low > latency.limit:
        return _unconfirmed("slower", min(latency.epochs), adjusted.worse, latency, matrix)
    if -bounds.high > latency.limit:
        return _unconfirmed("faster", -max(latency.epochs), adjusted.better, latency, matrix)
    return _too_wide(latency, matrix)


def more_time(factor: float, matrix: MatrixFile) -> str:
    """The --time that gives ``factor`` times the measuring of this run."""
    return f"--time {ceil(matrix.time * factor / 60)}m"


def _too_little(latency: Latency, matrix: MatrixFile) -> str:
    if len(latency.epochs) < MIN_EPOCHS:
        return f"measured after one start of the stack only; at least {MIN_EPOCHS} epochs are needed"
    least = max(MIN_UNITS, hodges_lehmann.units_needed(confidence(matrix.gate)))
    have = len(latency.units)
    return f"{have} blocks; at least {least} are needed: {more_time(least / have, matrix)}"


def _unconfirmed(word: str, weakest: float, p_value: float, latency: Latency, matrix: MatrixFile) -> str:
    if weakest <= latency.limit:
        every = f"more than {latency.delta:.1%} {word} after every fresh start"
        return f"{word} over the run, but not {every}: more epochs would settle it"
    return (
        f"{word} by the interval, but p = {p_value:.2g} after correction is above {matrix.gate.alpha:g}"
        f" (blocks drift or are too few): {more_time(2, matrix)} or fewer endpoints and cells in one run"
    )


def _too_wide(latency: Latency, matrix: MatrixFile) -> str:
    found = latency.interval
    slower = found.estimate > latency.limit
    width = found.estimate - found.low if slower else found.high - found.estimate
    limit = latency.delta if slower else latency.matters
    room = abs(found.estimate - log1p(limit))
    if width > room * WORTH_TRYING**0.5:
        return f"too close to the limit of +{limit:.1%} to be settled by measuring longer"
    factor = max((width / room) ** 2, 1.0)
    have = len(latency.units)
    return (
        f"the interval reaches {exp(found.high) - 1:+.1%}, the limit is +{limit:.1%}:"
        f" about {ceil(have * factor)} blocks instead of {have} would settle it ({more_time(factor, matrix)})"
    )

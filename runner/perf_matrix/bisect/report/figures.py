"""A measured figure of a symptom as people read it: its unit, sensible digits, the interval where it has one."""

from __future__ import annotations

from perf_matrix.bisect.model import Figure, Metric
from perf_matrix.report import numbers
from perf_matrix.report.numbers import MEGABYTE, Scale

NAMES: dict[Metric, str] = {
    "queries": "SQL statements per request",
    "p50": "p50 latency",
    "p95": "p95 latency",
    "p99": "p99 latency",
    "answers": "whether it answers",
    "errors": "failed requests",
    "memory": "memory growth per 1,000 requests",
}
"""What a metric is called in titles."""

SHORT_NAMES: dict[Metric, str] = {
    "queries": "SQL",
    "p50": "p50",
    "p95": "p95",
    "p99": "p99",
    "answers": "answers",
    "errors": "errors",
    "memory": "memory",
}
"""What a metric is called in the heads of columns."""

LATENCIES: frozenset[Metric] = frozenset(("p50", "p95", "p99"))
RELATIVE: frozenset[Metric] = LATENCIES | {"errors", "memory"}
"""Metrics whose figures are comparisons with the good end."""

NOTHING = "not known"
_CERTAIN = 1 - numbers.EXACT
_MOST_SAID = 0.999


def short(metric: Metric, figure: Figure) -> str:
    """Return the figure without its interval: '2', '+42%', 'answers', '+1.2 MB'; why there is none, where so."""
    if metric == "answers":
        return _answers(figure.value)
    return figure.note or NOTHING if figure.value is None else written(metric, figure.value)


def whole(metric: Metric, figure: Figure) -> str:
    """Return the figure with its interval, if it has one: '+42% [+38%, +47%]'."""
    if figure.value is None or figure.low is None or figure.high is None or figure.low == figure.high:
        return short(metric, figure)
    low, high = (written(metric, bound) for bound in (figure.low, figure.high))
    return f"{short(metric, figure)} [{low}, {high}]"


def cell(metric: Metric, figure: Figure) -> str:
    """Return the figure for a table, where there is no room for words."""
    if metric == "answers":
        return {None: "not there", 0.0: "no"}.get(figure.value, "yes")
    return "?" if figure.value is None else written(metric, figure.value)


def written(metric: Metric, value: float) -> str:
    """Return a value in the metric's unit; those that are compared with the good end have a sign."""
    if metric == "queries":
        return numbers.count(value)
    if metric in LATENCIES:
        return _percent(value - 1)
    if metric == "memory":
        scale = size_scale(abs(value))
        return f"{numbers.signed(value * scale.factor)} {scale.unit}" if value else "0"
    return _percent(value) if metric == "errors" else _answers(value)


def size_scale(size: float) -> Scale:
    """Choose kB, MB or GB for a size in bytes."""
    if size < MEGABYTE:
        return Scale("kB", 1e-3)
    return numbers.memory_scale([size])


def move(metric: Metric, before: Figure, after: Figure) -> str:
    """Return what a figure was and became: '0 → 2', 'answers → does not answer'."""
    return f"{short(metric, before)} → {short(metric, after)}"


def step(metric: Metric, before: Figure, after: Figure) -> str:
    """Return what a figure was and became, with the interval of what it became: '0% → +42% [+39%, +45%]'."""
    return f"{short(metric, before)} → {whole(metric, after)}"


def span(metric: Metric, good: Figure, bad: Figure) -> str:
    """Return what a symptom is between the ends: '0 → 2', '+42% [+38%, +47%] against the good end'."""
    if metric not in RELATIVE:
        return f"{whole(metric, good)} → {whole(metric, bad)}"
    return short(metric, bad) if bad.value is None else f"{whole(metric, bad)} against the good end"


def difference(metric: Metric, before: float, after: float) -> str:
    """Return by how much a value changed, with its sign; latencies are ratios, so theirs is a quotient."""
    if metric == "queries":
        return numbers.signed_count(after - before)
    if metric in LATENCIES:
        return _percent(after / before - 1) if before else NOTHING
    return written(metric, after - before)


def probability(value: float) -> str:
    """Return a probability that never looks like certainty: '97%', 'more than 99.9%'."""
    if value > _MOST_SAID:
        return "more than 99.9%"
    return "less than 0.1%" if value < 1 - _MOST_SAID else numbers.configured(value)


def is_certain(value: float) -> bool:
    """Tell whether a confidence is that of exact counts that agreed."""
    return value >= _CERTAIN


def _percent(relative: float) -> str:
    return "0%" if abs(relative) < numbers.EXACT else numbers.percent(relative)


def _answers(value: float | None) -> str:
    if value is None:
        return "not there"
    return "answers" if value else "does not answer"

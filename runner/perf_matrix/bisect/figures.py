"""Measured values as the figures of the answer.  (Pure.)"""

from __future__ import annotations

from math import exp, sqrt

from perf_matrix.bisect.comparing import DIFFERENCES, variance_of
from perf_matrix.bisect.model import Figure
from perf_matrix.bisect.readings import Answer, Estimated
from perf_matrix.bisect.symptom import Symptom

_95 = 1.96


def exact_figure(value: Answer) -> Figure:
    """An exact value."""
    return Figure(value=value, note="" if value is not None else "the endpoint is not there")


def shown_level(symptom: Symptom, level: float) -> float:
    """A level in the symptom's own unit: a ratio to the good end, or a difference to it."""
    return level if symptom.metric in DIFFERENCES else exp(level)


def level_figure(symptom: Symptom, mean: float, low: float, high: float) -> Figure:
    """A level with its interval, in the symptom's own unit."""
    return Figure(
        value=shown_level(symptom, mean), low=shown_level(symptom, low), high=shown_level(symptom, high)
    )


def observed_figure(symptom: Symptom, estimate: float, variance: float) -> Figure:
    """What was measured, with the variance of its error, as a figure with its 95 % interval."""
    half = _95 * sqrt(variance)
    return level_figure(symptom, estimate, estimate - half, estimate + half)


def estimated_figure(symptom: Symptom, one: Estimated) -> Figure:
    """A single comparison."""
    return observed_figure(symptom, one.estimate, variance_of(symptom, one))


def reference_figure(symptom: Symptom) -> Figure:
    """The good end, to which all others are compared."""
    return level_figure(symptom, 0.0, 0.0, 0.0)

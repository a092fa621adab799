"""Measured values as the figures of the answer.  (Pure.)"""

from __future__ import annotations

from math import exp, sqrt

from perf_matrix.bisect.comparing import UNDER_LOAD, variance_of
from perf_matrix.bisect.model import Figure
from perf_matrix.bisect.readings import Answer, Estimated
from perf_matrix.bisect.symptom import Symptom

_95 = 1.96


def exact_figure(value: Answer) -> Figure:
    """An exact value."""
    return Figure(value=value, note="" if value is not None else "the endpoint is not there")


def level_figure(symptom: Symptom, mean: float, low: float, high: float) -> Figure:
    """A level with its interval, in the symptom's own unit: a ratio to the good end, or a difference to it."""
    if symptom.metric in UNDER_LOAD:
        return Figure(value=mean, low=low, high=high)
    return Figure(value=exp(mean), low=exp(low), high=exp(high))


def estimated_figure(symptom: Symptom, one: Estimated) -> Figure:
    """A single comparison, with its 95 % interval."""
    half = _95 * sqrt(variance_of(symptom, one))
    return level_figure(symptom, one.estimate, one.estimate - half, one.estimate + half)


def reference_figure(symptom: Symptom) -> Figure:
    """The good end, to which all others are compared."""
    return level_figure(symptom, 0.0, 0.0, 0.0)

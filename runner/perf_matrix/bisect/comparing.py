"""The search over noisy symptoms: latencies, failures under load, memory.

Every measurement is a short side-by-side comparison of a version with the good end of the history, on a fresh start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.laboratory import LOADING, PAIRING, Measurement
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.readings import Estimated
from perf_matrix.bisect.search.noisy import Belief, believe, next_version
from perf_matrix.bisect.search.posterior import Assumptions, Observation
from perf_matrix.bisect.search.variances import BETWEEN_STARTS, NoisyReading, pooled_variances
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.bisect.tools import Tools
from perf_matrix.record.model import Instrument

UNDER_LOAD = frozenset(("errors", "memory"))
"""Metrics that only the load shows."""

# A jump of less than this share of the whole difference is not looked for: to find it would take many measurements.
_SMALLEST_SHARE = 0.2
# What a fresh start adds to the noise where the unit is not a ratio: this share of the whole difference.
_BETWEEN_STARTS_SHARE = 0.05
# Where the confidence is not reached in so many measurements for each halving, it will not be.
_MEASUREMENTS_PER_HALVING = 8
_MEASUREMENTS_BESIDES = 10


@dataclass(frozen=True)
class Aim:
    """When the search is over: ``confidence`` of each answer. ``matters``: log-ratio of the smallest latency change."""

    confidence: float
    matters: float


def search_levels(
    line: Line, symptoms: Sequence[Symptom], aim: Aim, tools: Tools, rng: np.random.Generator
) -> bool:
    """Measure until every symptom's changes are known with the wanted confidence; False where they are not."""
    if not _measure_end(line, symptoms, tools):
        return False
    most = _MEASUREMENTS_BESIDES + int(_MEASUREMENTS_PER_HALVING * log2(max(2, len(line))))
    for number in range(most):
        beliefs = beliefs_of(line, symptoms, aim, tools.knowledge, rng)
        undecided = {
            symptom: belief for symptom, belief in beliefs.items() if belief.confidence < aim.confidence
        }
        version = next_version(list(undecided.values())) if undecided else None
        if version is None:
            return not undecided
        if not _compare(line, version, list(undecided), tools, _progress(undecided, number)):
            return False
    return False


def beliefs_of(
    line: Line, symptoms: Sequence[Symptom], aim: Aim, knowledge: Knowledge, rng: np.random.Generator
) -> dict[Symptom, Belief]:
    """What is believed of each symptom that something was measured of."""
    skipped = line.skipped(knowledge, ())
    found = {}
    for symptom in symptoms:
        observations = observations_of(line, symptom, knowledge)
        if observations:
            found[symptom] = believe(
                observations, skipped, len(line), _assumptions(symptom, observations, aim), rng
            )
    return found


def observations_of(line: Line, symptom: Symptom, knowledge: Knowledge) -> list[Observation]:
    """Every comparison of a version of the line with its good end."""
    numbers = {candidate.spec: number for number, candidate in enumerate(line.candidates)}
    readings = [
        NoisyReading(
            numbers[one.head], one.estimated.estimate, one.estimated.block_variance, one.estimated.blocks
        )
        for one in knowledge.comparisons(symptom, line.good)
        if one.head in numbers and one.head != line.good
    ]
    return pooled_variances(readings, between_starts(symptom, [one.estimate for one in readings]))


def between_starts(symptom: Symptom, estimates: Sequence[float]) -> float:
    """The standard deviation that a fresh start adds, in the symptom's unit; ``estimates`` tell its size."""
    if symptom.metric not in UNDER_LOAD:
        return BETWEEN_STARTS
    return _BETWEEN_STARTS_SHARE * max((abs(each) for each in estimates), default=1.0) + 1e-9


def variance_of(symptom: Symptom, one: Estimated) -> float:
    """How far a single comparison may be off, squared."""
    return one.block_variance / one.blocks + between_starts(symptom, [one.estimate]) ** 2


def instruments_for(symptoms: Sequence[Symptom]) -> Sequence[Instrument]:
    """What a comparison needs to show these symptoms."""
    return LOADING if any(symptom.metric in UNDER_LOAD for symptom in symptoms) else PAIRING


def _assumptions(symptom: Symptom, observations: Sequence[Observation], aim: Aim) -> Assumptions:
    last = max(each.version for each in observations)
    whole = float(np.mean([each.estimate for each in observations if each.version == last]))
    least = 0.0 if symptom.metric in UNDER_LOAD else aim.matters
    matters = max(least, _SMALLEST_SHARE * abs(whole), 1e-9)
    return Assumptions(matters=matters, spread=max(abs(whole), 2 * matters), centre=whole / 2)


def _measure_end(line: Line, symptoms: Sequence[Symptom], tools: Tools) -> bool:
    """The bad end first, where it was not compared with the good one yet."""
    missing = [symptom for symptom in symptoms if not observations_of(line, symptom, tools.knowledge)]
    return not missing or _compare(line, len(line) - 1, missing, tools, "the ends")


def _compare(line: Line, version: int, symptoms: Sequence[Symptom], tools: Tools, progress: str) -> bool:
    if not tools.begin("compare", f"comparing {line.label(version)} with {line.label(0)} ({progress})"):
        return False
    measurement = Measurement(
        {"base": line.good, "head": line.spec(version)}, instruments_for(symptoms), epochs=1, of=symptoms
    )
    tools.prober.measure("compare", measurement)
    return True


def _progress(undecided: Mapping[Symptom, Belief], number: int) -> str:
    least = min(belief.confidence for belief in undecided.values())
    return f"measurement {number + 1}; {100 * least:.0f} % sure so far"

"""The search over noisy symptoms: latencies, failures, memory.

Every measurement is a short side-by-side comparison of a version with the good end of the history, on a fresh start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, TypeAlias

from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.laboratory import LOADING, PAIRING, Measurement
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.readings import Estimated
from perf_matrix.bisect.search.assuming import assumptions_from
from perf_matrix.bisect.search.noisy import Belief, believe, next_version
from perf_matrix.bisect.search.posterior import Observation
from perf_matrix.bisect.search.variances import (
    BETWEEN_STARTS,
    MOST_REPEATS,
    NoisyReading,
    batched,
    pooled_variances,
    repeats_from,
)
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.bisect.tools import Tools
from perf_matrix.record.model import Instrument

if TYPE_CHECKING:
    import numpy as np

DIFFERENCES = frozenset(("errors", "memory"))
"""Metrics that are looked for under load, as differences to the good end; the others are ratios to it."""

# Where the unit is not a ratio there is no smallest change but a share of the whole difference.
_SMALLEST = 1e-9
# What a fresh start adds to the noise where the unit is not a ratio: this share of the whole difference.
_BETWEEN_STARTS_SHARE = 0.05
# Where the confidence is not reached in so many measurements for each halving, it will not be.
_MEASUREMENTS_PER_HALVING = 8
_MEASUREMENTS_BESIDES = 10


Random: TypeAlias = "Callable[[int], np.random.Generator]"
"""The random numbers to believe so many observations by: the same ones each time, so that a resumed search goes on
alike."""


@dataclass(frozen=True)
class Aim:
    """When the search is over: ``confidence`` of each answer. ``matters``: log-ratio of the smallest latency change."""

    confidence: float
    matters: float


def search_levels(line: Line, symptoms: Sequence[Symptom], aim: Aim, tools: Tools, random: Random) -> bool:
    """Measure until every symptom's changes are known with the wanted confidence; False where they are not."""
    repeats = _measure_end(line, symptoms, tools)
    if repeats is None:
        return False
    most = _MEASUREMENTS_BESIDES + int(_MEASUREMENTS_PER_HALVING * log2(max(2, len(line))))
    for number in range(most):
        beliefs = beliefs_of(line, symptoms, aim, tools.knowledge, random)
        undecided = {
            symptom: belief for symptom, belief in beliefs.items() if belief.confidence < aim.confidence
        }
        version = next_version(list(undecided.values())) if undecided else None
        if version is None:
            return not undecided
        for _ in range(repeats):
            if line.spec(version) in tools.knowledge.skipped:
                break
            if not _compare(line, version, list(undecided), tools, _progress(undecided, number)):
                return False
    return False


def compare_again(line: Line, versions: Sequence[int], symptoms: Sequence[Symptom], tools: Tools) -> bool:
    """Compare versions with the good end once more; False where time was over before."""
    return all(_compare(line, version, symptoms, tools, "once more") for version in versions)


def beliefs_of(
    line: Line, symptoms: Sequence[Symptom], aim: Aim, knowledge: Knowledge, random: Random
) -> dict[Symptom, Belief]:
    """What is believed of each symptom that something was measured of."""
    found = {}
    for symptom in symptoms:
        skipped = line.skipped(knowledge, ()) | _silent(line, symptom, knowledge)
        observations = observations_of(line, symptom, knowledge)
        end = _of_end(line, observations)
        if end:
            batches = batched(observations, repeats_from(end) or MOST_REPEATS)
            least = _SMALLEST if symptom.metric in DIFFERENCES else aim.matters
            assumptions = assumptions_from(_of_end(line, batches), least)
            rng = random(len(observations))
            found[symptom] = believe(batches, skipped, len(line), assumptions, rng)
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
    if symptom.metric not in DIFFERENCES:
        return BETWEEN_STARTS
    return _BETWEEN_STARTS_SHARE * max((abs(each) for each in estimates), default=1.0) + 1e-9


def variance_of(symptom: Symptom, one: Estimated) -> float:
    """How far a single comparison may be off, squared."""
    return one.block_variance / one.blocks + between_starts(symptom, [one.estimate]) ** 2


def instruments_for(symptoms: Sequence[Symptom]) -> Sequence[Instrument]:
    """What a comparison needs to show these symptoms."""
    return LOADING if any(symptom.metric in DIFFERENCES for symptom in symptoms) else PAIRING


def _of_end(line: Line, observations: Sequence[Observation]) -> list[Observation]:
    return [each for each in observations if each.version == len(line) - 1]


def _measure_end(line: Line, symptoms: Sequence[Symptom], tools: Tools) -> int | None:
    """Compare the bad end with the good one until their difference is clear in every symptom.

    Returns how often every version is to be measured where it is measured; None where time was over before, or an
    end cannot be compared.
    """
    while unclear := [symptom for symptom in symptoms if _repeats(line, symptom, tools.knowledge) is None]:
        last = len(line) - 1
        hopeless = any(last in _silent(line, symptom, tools.knowledge) for symptom in unclear)
        skipped = not tools.knowledge.skipped.keys().isdisjoint((line.good, line.bad))
        if hopeless or skipped or not _compare(line, last, unclear, tools, "how far they are apart"):
            return None
    return max((_repeats(line, symptom, tools.knowledge) or 1 for symptom in symptoms), default=1)


def _silent(line: Line, symptom: Symptom, knowledge: Knowledge) -> set[int]:
    """The versions whose comparisons with the good end tell nothing of the symptom: the endpoint fails there, say."""
    return {
        version
        for version in range(1, len(line))
        if knowledge.is_beyond_comparing(symptom, line.good, line.spec(version))
    }


def _repeats(line: Line, symptom: Symptom, knowledge: Knowledge) -> int | None:
    return repeats_from(_of_end(line, observations_of(line, symptom, knowledge)))


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

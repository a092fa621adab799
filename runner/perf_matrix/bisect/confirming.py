"""Confirming: a culprit and its parent are measured once more, side by side on a fresh start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Protocol

from perf_matrix.bisect.comparing import instruments_for, variance_of
from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.laboratory import COUNTING, Measurement
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.prober import Prober
from perf_matrix.bisect.search.exact import Change
from perf_matrix.bisect.search.noisy import BelievedChange
from perf_matrix.bisect.store import Trial
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.bisect.tools import Tools
from perf_matrix.record.model import Instrument

_SURE = 2.0


class Diffs(Protocol):
    """Tells what changed between two versions."""

    def between(self, parent: str, culprit: str) -> str:
        """The change as a unified diff; empty where it cannot be told."""


@dataclass(frozen=True, order=True)
class Boundary:
    """Two neighbours of a history between which something changed."""

    parent: int
    version: int

    @classmethod
    def of(cls, change: Change | BelievedChange) -> Boundary:
        """Where a change is."""
        return cls(change.parent, change.version)


def confirm(
    line: Line,
    boundaries: Mapping[Boundary, list[Symptom]],
    latencies: Sequence[Symptom],
    tools: Tools,
    diffs: Diffs,
) -> bool:
    """Measure each boundary that was not confirmed yet; False where time was over before.

    ``latencies``: those to compare besides, where their endpoint is concerned.
    """
    new = {
        boundary: symptoms
        for boundary, symptoms in boundaries.items()
        if not _is_confirmed(tools, line.spec(boundary.parent), line.spec(boundary.version), symptoms)
    }
    return confirm_again(line, new, latencies, tools, diffs)


def confirm_again(
    line: Line,
    boundaries: Mapping[Boundary, list[Symptom]],
    latencies: Sequence[Symptom],
    tools: Tools,
    diffs: Diffs,
) -> bool:
    """Measure each boundary, whether it was confirmed before or not; False where time was over before."""
    for boundary, symptoms in sorted(boundaries.items()):
        parent, culprit = line.spec(boundary.parent), line.spec(boundary.version)
        text = f"confirming {line.label(boundary.version)} against {line.label(boundary.parent)}"
        if not tools.begin("confirm", text):
            return False
        concerned = [*symptoms, *_of_same_endpoints(latencies, symptoms)]
        measurement = Measurement(
            {"base": parent, "head": culprit},
            _instruments(concerned),
            # A latency is only called slower where it is so again after another start.
            epochs=1 if all(symptom.is_exact for symptom in symptoms) else 2,
            of=concerned,
            diff=diffs.between(parent, culprit),
        )
        tools.prober.measure("confirm", measurement)
    return True


def confirmations(prober: Prober, parent: str, culprit: str) -> list[Trial]:
    """The measurements that confirmed these two, in order."""
    pair = {"base": parent, "head": culprit}
    return [trial for trial in prober.trials("confirm") if trial.subjects == pair]


def _is_confirmed(tools: Tools, parent: str, culprit: str, symptoms: Sequence[Symptom]) -> bool:
    """Whether they were measured side by side so that these symptoms show: a run that only counted tells no latency."""
    compared = all(
        symptom.is_exact or tools.knowledge.comparison(symptom, parent, culprit) for symptom in symptoms
    )
    return compared and bool(confirmations(tools.prober, parent, culprit))


def explained(line: Line, symptom: Symptom, boundaries: Sequence[Boundary], knowledge: Knowledge) -> bool:
    """Whether what a latency did at these boundaries adds up, within the noise, to what it did from end to end."""
    whole = knowledge.comparisons(symptom, line.good)
    total = [one.estimated for one in whole if one.head == line.bad]
    steps = [
        one.estimated
        for each in boundaries
        if (one := knowledge.comparison(symptom, line.spec(each.parent), line.spec(each.version)))
    ]
    if not total or len(steps) < len(boundaries):
        return False
    rest = total[-1].estimate - sum(each.estimate for each in steps)
    noise = sqrt(sum(variance_of(symptom, each) for each in (total[-1], *steps)))
    # What is left must be small by itself, too: a noisy measurement explains nothing.
    return abs(rest) <= min(_SURE * noise, abs(total[-1].estimate) / 2)


def _of_same_endpoints(latencies: Sequence[Symptom], symptoms: Sequence[Symptom]) -> list[Symptom]:
    places = {(symptom.cell, symptom.endpoint) for symptom in symptoms}
    return [each for each in latencies if (each.cell, each.endpoint) in places and each not in symptoms]


def _instruments(symptoms: Sequence[Symptom]) -> Sequence[Instrument]:
    """Counting alone where nothing else is concerned."""
    noisy = [symptom for symptom in symptoms if not symptom.is_exact]
    return instruments_for(noisy) if noisy else COUNTING

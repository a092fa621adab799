"""The answer: everything that a search found, as the model that reports show.  (Pure.)"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from perf_matrix.bisect.comparing import DIFFERENCES, observations_of
from perf_matrix.bisect.figures import exact_figure, observed_figure, reference_figure, shown_level
from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.model import (
    Culprit,
    Figure,
    Level,
    Point,
    Stretch,
    SymptomResult,
    SymptomState,
    Version,
)
from perf_matrix.bisect.search.exact import unseen
from perf_matrix.bisect.search.noisy import Belief
from perf_matrix.bisect.search.posterior import Observation
from perf_matrix.bisect.search.variances import merged
from perf_matrix.bisect.searching import Found
from perf_matrix.bisect.symptom import Symptom

NOT_CONFIRMED = "time was over before culprit and parent were measured afresh, side by side"


@dataclass(frozen=True)
class Requests:
    """What each endpoint is asked: 'POST /v1/chat/completions', by its name."""

    by_endpoint: Mapping[str, str]

    def of(self, symptom: Symptom) -> str:
        """The request of a symptom's endpoint; empty where it is of the whole cell."""
        return self.by_endpoint.get(symptom.endpoint, "")


def versions_of(line: Line, knowledge: Knowledge) -> list[Version]:
    """Every version of a line with what became of it."""
    found = []
    for candidate in line.candidates:
        skip = knowledge.skipped.get(candidate.spec)
        runs = knowledge.runs(candidate.spec)
        found.append(
            Version(
                spec=candidate.spec,
                label=candidate.label,
                state="measured" if runs else "skipped" if skip else "not needed",
                reason=skip.reason if skip else "",
                log_tail=skip.log_tail if skip else [],
                commit=candidate.commit,
                runs=runs,
            )
        )
    return found


def alike_result(line: Line, symptom: Symptom, knowledge: Knowledge, requests: Requests) -> SymptomResult:
    """A symptom that was asked for and does not differ between the ends."""
    result = _plain(line, symptom, knowledge, requests, "not reproduced", 1.0 if symptom.is_exact else 0.0)
    if not symptom.is_exact:
        return result
    return result.model_copy(update={"unseen": _unseen(line, symptom, knowledge)})


def unstable_result(line: Line, symptom: Symptom, knowledge: Knowledge, requests: Requests) -> SymptomResult:
    """A symptom whose count is not the same every time at an end: there is nothing to search by."""
    doubts = [knowledge.doubt(symptom, spec) for spec in (line.good, line.bad)]
    note = next((doubt for doubt in doubts if doubt), "the two runs of the ends did not agree")
    result = _plain(line, symptom, knowledge, requests, "unstable", 0.0)
    return result.model_copy(update={"note": note})


def symptom_result(
    line: Line,
    symptom: Symptom,
    found: Found,
    culprits: Sequence[Culprit],
    knowledge: Knowledge,
    requests: Requests,
) -> SymptomResult:
    """A symptom that was searched for, with its culprits as they are known by now."""
    if symptom.is_exact:
        return _exact(line, symptom, found, culprits, knowledge, requests)
    return _noisy(line, symptom, found, culprits, knowledge, requests)


def _exact(
    line: Line,
    symptom: Symptom,
    found: Found,
    culprits: Sequence[Culprit],
    knowledge: Knowledge,
    requests: Requests,
) -> SymptomResult:
    contradicted = set(knowledge.contradictions(symptom))
    state: SymptomState = "narrowed" if symptom in found.undecided else "found"
    wrong = [line.label(v) for v in range(len(line)) if line.spec(v) in contradicted]
    result = _plain(line, symptom, knowledge, requests, "unstable" if wrong else state, 1.0)
    return result.model_copy(
        update={
            "culprits": list(culprits),
            # Those that cannot be measured, too: one of them may be it.
            "candidates": [
                version
                for change in found.changes[symptom]
                if not change.resolved
                for version in range(change.parent + 1, change.version + 1)
            ],
            "confidence": _exact_confidence(found, symptom, culprits),
            "unseen": _unseen(line, symptom, knowledge),
            "note": _exact_note(wrong, found, symptom),
        }
    )


def _unseen(line: Line, symptom: Symptom, knowledge: Knowledge) -> list[Stretch]:
    """Where an exact symptom is alike at both ends of versions that were not measured."""
    stretches = unseen(line.readings(knowledge, symptom), line.skipped(knowledge, [symptom]), len(line))
    return [Stretch(first=each.first, last=each.last) for each in stretches]


def _exact_note(wrong: Sequence[str], found: Found, symptom: Symptom) -> str:
    if wrong:
        return f"the count was not the same every time at {', '.join(wrong)}"
    return NOT_CONFIRMED if symptom in found.unconfirmed else ""


def _exact_confidence(found: Found, symptom: Symptom, culprits: Sequence[Culprit]) -> float:
    """Counts are certain; of a change that is not narrowed down yet, each boundary is as likely as the others."""
    confidence = min((culprit.confidence for culprit in culprits), default=1.0)
    for change in found.changes[symptom]:
        if not change.resolved:
            confidence /= change.version - change.parent
    return confidence


def _noisy(
    line: Line,
    symptom: Symptom,
    found: Found,
    culprits: Sequence[Culprit],
    knowledge: Knowledge,
    requests: Requests,
) -> SymptomResult:
    belief = found.beliefs.get(symptom)
    state: SymptomState = "narrowed" if symptom in found.undecided else "found"
    if symptom in found.explained:
        state = "explained"
    result = _plain(line, symptom, knowledge, requests, state, belief.confidence if belief else 0.0)
    if belief is None or state == "explained":
        return result
    if state == "found" and not belief.changes:
        note = "measured again and again, no change of a size that matters was seen between the ends"
        return result.model_copy(update={"state": "not reproduced", "note": note})
    band = belief.band()
    levels = [
        Level(
            version=version,
            mean=shown_level(symptom, float(mean)),
            low=shown_level(symptom, float(low)),
            high=shown_level(symptom, float(high)),
        )
        for version, (mean, low, high) in enumerate(zip(band.mean, band.low, band.high, strict=True))
    ]
    unconfirmed = symptom in found.unconfirmed
    doubtful = any(each.confirmation and not each.confirmation.agreed for each in culprits)
    return result.model_copy(
        update={
            "state": "unstable" if doubtful and state == "found" else state,
            "culprits": list(culprits) if state == "found" or unconfirmed else [],
            "candidates": list(belief.candidates) if state == "narrowed" and not unconfirmed else [],
            "levels": levels,
            "note": NOT_CONFIRMED if unconfirmed else _no_other(symptom, belief) if state == "found" else "",
        }
    )


def _no_other(symptom: Symptom, belief: Belief) -> str:
    """What the confidence does not speak of: changes that are too small to be looked for."""
    if symptom.metric in DIFFERENCES:
        return ""
    return f"changes of less than {100 * (exp(belief.smallest) - 1):.0f} % were not looked for"


def _plain(
    line: Line,
    symptom: Symptom,
    knowledge: Knowledge,
    requests: Requests,
    state: SymptomState,
    confidence: float,
) -> SymptomResult:
    points = _points(line, symptom, knowledge)
    by_version = {point.version: point.figure for point in points}
    missing = Figure(value=None, note="it was not measured")
    return SymptomResult(
        cell=symptom.cell,
        endpoint=symptom.endpoint,
        request=requests.of(symptom),
        metric=symptom.metric,
        exact=symptom.is_exact,
        good=by_version.get(0, missing),
        bad=by_version.get(len(line) - 1, missing),
        state=state,
        confidence=confidence,
        points=points,
        summary="",
    )


def _points(line: Line, symptom: Symptom, knowledge: Knowledge) -> list[Point]:
    if symptom.is_exact:
        readings = line.readings(knowledge, symptom)
        return [
            Point(
                version=version,
                figure=exact_figure(value),
                runs=len(knowledge.readings(symptom, line.spec(version))),
            )
            for version, value in sorted(readings.items())
        ]
    return _noisy_points(line, symptom, knowledge)


def _noisy_points(line: Line, symptom: Symptom, knowledge: Knowledge) -> list[Point]:
    """Of each version the mean of its comparisons, weighted by their precision."""
    by_version: defaultdict[int, list[Observation]] = defaultdict(list)
    for each in observations_of(line, symptom, knowledge):
        by_version[each.version].append(each)
    good = Point(version=0, figure=reference_figure(symptom), runs=max(1, knowledge.runs(line.good)))
    points = [good] if by_version else []
    for version, found in sorted(by_version.items()):
        mean = merged(found)
        figure = observed_figure(symptom, mean.estimate, mean.variance)
        points.append(Point(version=version, figure=figure, runs=len(found)))
    return points

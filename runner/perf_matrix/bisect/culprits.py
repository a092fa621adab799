"""The culprits of a line of versions, each with what its confirmation showed.  (Pure.)"""

from __future__ import annotations

from collections.abc import Mapping
from math import copysign

from perf_matrix.bisect.confirming import Boundary
from perf_matrix.bisect.evidence import Evidence
from perf_matrix.bisect.figures import estimated_figure, exact_figure, level_figure, reference_figure
from perf_matrix.bisect.model import Confirmation, Culprit, Direction, Latency
from perf_matrix.bisect.readings import Answer
from perf_matrix.bisect.search.exact import Change
from perf_matrix.bisect.search.noisy import BelievedChange
from perf_matrix.bisect.symptom import Symptom

Evidences = Mapping[Boundary, Evidence]
"""The confirming runs there are, by the boundary that they confirm."""


def exact_culprit(symptom: Symptom, change: Change, evidences: Evidences) -> Culprit:
    """The culprit of a change that was counted."""
    evidence = evidences.get(Boundary.of(change))
    before, after = _answer(change.before), _answer(change.after)
    confirmation = evidence and _counted_again(symptom, before, after, evidence)
    plain = Culprit(
        version=change.version,
        parent=change.parent,
        suspects=list(change.suspects),
        direction=_direction(symptom, before, after),
        before=exact_figure(before),
        after=exact_figure(after),
        confidence=0.0 if confirmation and not confirmation.agreed else 1.0,
        confirmation=confirmation,
        summary="",
    )
    return _with_statements(plain, symptom, evidence)


def noisy_culprit(symptom: Symptom, change: BelievedChange, evidences: Evidences) -> Culprit:
    """The culprit of a change that is believed."""
    evidence = evidences.get(Boundary.of(change))
    # The interval of the jump is what was learned; that of a level holds the other levels' doubt, too.
    after = level_figure(symptom, change.after, change.before + change.low, change.before + change.high)
    plain = Culprit(
        version=change.version,
        parent=change.parent,
        suspects=list(change.suspects),
        direction="worse" if change.jump > 0 else "better",
        before=level_figure(symptom, change.before, change.before, change.before),
        after=after,
        confidence=change.probability,
        confirmation=evidence and _compared_again(symptom, change, evidence),
        summary="",
    )
    return _with_statements(plain, symptom, evidence)


def _answer(value: object) -> Answer:
    return value if isinstance(value, float) else None


def _direction(symptom: Symptom, before: Answer, after: Answer) -> Direction:
    if before is None or after is None:
        # What appears does work that was not done before; what is gone is missed.
        return "worse"
    return "worse" if (after < before) == (symptom.metric == "answers") else "better"


def _counted_again(
    symptom: Symptom, before: Answer, after: Answer, evidence: Evidence
) -> Confirmation | None:
    found = evidence.readings(symptom)
    if found is None:
        return None
    values = found[0].value, found[1].value
    return Confirmation(
        agreed=values == (before, after),
        before=exact_figure(values[0]),
        after=exact_figure(values[1]),
        p50=_p50(symptom, evidence),
    )


def _compared_again(symptom: Symptom, change: BelievedChange, evidence: Evidence) -> Confirmation | None:
    found = evidence.estimated.get(symptom)
    if found is None:
        return None
    after = estimated_figure(symptom, found)
    moved = copysign(1.0, found.estimate) == copysign(1.0, change.jump)
    still = _holds_no_change(symptom, after.low, after.high)
    return Confirmation(
        agreed=moved and not still,
        before=reference_figure(symptom),
        after=after,
        p50=_p50(symptom, evidence),
        note="side by side the two are alike" if still else "",
    )


def _holds_no_change(symptom: Symptom, low: float | None, high: float | None) -> bool:
    none = reference_figure(symptom).value
    return low is not None and high is not None and none is not None and low <= none <= high


def _p50(symptom: Symptom, evidence: Evidence) -> Latency | None:
    endpoint = evidence.endpoint(symptom)
    found = endpoint.paired.p50 if endpoint and endpoint.paired else None
    if found is None:
        return None
    return Latency(base_ms=found.base, head_ms=found.head, ratio=found.ratio, ci=found.ci)


def _with_statements(culprit: Culprit, symptom: Symptom, evidence: Evidence | None) -> Culprit:
    """The culprit with the statements that came or went, and what explains it."""
    endpoint = evidence.endpoint(symptom) if evidence else None
    if endpoint is None:
        return culprit
    queries = endpoint.queries
    found = {
        "added": queries.added if queries else [],
        "removed": queries.removed if queries else [],
        "changed": queries.changed if queries else [],
        "slower": [one.statement for one in queries.slower] if queries else [],
        "causes": endpoint.causes,
    }
    return culprit.model_copy(update=found)

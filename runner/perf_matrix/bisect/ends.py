"""The symptoms: what differs between the ends of the history.  (Pure.)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.model import Metric
from perf_matrix.bisect.readings import Answer
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.compare.model import CellComparison, Comparison, EndpointComparison, Quantile, Verdict

_LATENCIES: Sequence[Metric] = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Wanted:
    """What the user wants searched: 'endpoint' or 'endpoint/metric', each with globs; nothing for all findings."""

    on: Sequence[str]

    def asks_for(self, symptom: Symptom) -> bool:
        """Whether one of them names the symptom."""
        return any(_names(each, symptom) for each in self.on)

    def names(self, symptom: Symptom) -> bool:
        """Whether one of them asks for the symptom by its metric, too."""
        return any(_names(each, symptom) for each in self.on if "/" in each)

    def allows(self, symptom: Symptom) -> bool:
        """Whether nothing was named, or this."""
        return not self.on or self.asks_for(symptom)


@dataclass(frozen=True)
class Ends:
    """What both runs of the ends say: the symptoms, and those that were asked for and do not differ.

    ``unstable``: counts that were not the same in both runs. ``undecided``: latencies and failures that could not be
    decided on, each with the reason.
    """

    symptoms: list[Symptom]
    alike: list[Symptom]
    unstable: list[Symptom]
    undecided: list[tuple[Symptom, str]] = field(default_factory=list)


def find_symptoms(knowledge: Knowledge, good: str, bad: str, compared: Comparison, wanted: Wanted) -> Ends:
    """Every finding between the ends, ``good`` and ``bad`` by spec; ``compared`` is their second run.

    Counts count where both runs agree. An endpoint that stopped answering is not looked into for failures, too. Of
    an endpoint's latencies the lowest quantile that regressed stands for those above it.
    """
    exact = [symptom for symptom in knowledge.symptoms() if wanted.allows(symptom)]
    unstable = [one for one in exact if _is_unstable(knowledge, one, good, bad)]
    differing = [
        symptom
        for symptom in exact
        if symptom not in unstable
        and _differs(symptom, knowledge.values(symptom).get(good), knowledge.values(symptom).get(bad), wanted)
    ]
    noisy = [
        one
        for one in _noisy(compared, wanted)
        if wanted.allows(one) and Symptom(one.cell, one.endpoint, "answers") not in differing
    ]
    found = sorted(differing) + noisy
    failures = [one for one in _failure_symptoms(compared) if wanted.names(one)]
    named = [*exact, *_latency_symptoms(compared), *failures]
    unclear = [symptom for symptom, _ in _undecided(compared, wanted)]
    answered = {*found, *unstable, *unclear, *_stood_for(noisy, named)}
    alike = [one for one in named if wanted.asks_for(one) and one not in answered]
    shown = [one for one in unstable if wanted.asks_for(one) or _flickers(knowledge, one, good, bad)]
    return Ends(found, alike if wanted.on else [], shown, list(_undecided(compared, wanted)))


def suspected_failures(compared: Comparison, wanted: Wanted) -> list[Symptom]:
    """Failures that the ends have to be compared for longer for: some requests failed, too few to decide.

    Where failures are asked for, those too that were not seen: a few in a thousand take some hundred requests.
    """
    return [
        symptom
        for symptom, endpoint in _failure_symptoms(compared).items()
        if wanted.allows(symptom)
        and "pass" in _failing(endpoint)
        and not any(_counts(verdict, symptom, wanted) for verdict in _failing(endpoint))
        and (wanted.names(symptom) or _few(endpoint))
    ]


def with_failures_of(compared: Comparison, longer: Comparison) -> Comparison:
    """A comparison with what another one, of some of its endpoints, says of failed requests."""
    told = {(cell.id, endpoint.name): endpoint for cell in longer.cells for endpoint in cell.endpoints}
    cells = [
        cell.model_copy(
            update={
                "endpoints": [
                    endpoint.model_copy(update={"errors": other.errors, "load": other.load})
                    if (other := told.get((cell.id, endpoint.name)))
                    else endpoint
                    for endpoint in cell.endpoints
                ]
            }
        )
        for cell in compared.cells
    ]
    return compared.model_copy(update={"cells": cells})


def changed_within(knowledge: Knowledge, specs: Sequence[str], wanted: Wanted) -> list[Symptom]:
    """Every exact symptom that is not the same at all of these versions, whatever the ends are."""
    return [
        symptom
        for symptom in knowledge.symptoms()
        if wanted.allows(symptom)
        and len({value for spec, value in knowledge.values(symptom).items() if spec in specs}) > 1
    ]


def _stood_for(found: Sequence[Symptom], named: Sequence[Symptom]) -> list[Symptom]:
    """The latencies of an endpoint for which another one of its latencies is searched."""
    places = {(one.cell, one.endpoint) for one in found if one.metric in _LATENCIES}
    return [one for one in named if one.metric in _LATENCIES and (one.cell, one.endpoint) in places]


def _names(text: str, symptom: Symptom) -> bool:
    endpoint, _, metric = text.partition("/")
    return fnmatchcase(symptom.endpoint, endpoint) and fnmatchcase(symptom.metric, metric or "*")


def _is_unstable(knowledge: Knowledge, symptom: Symptom, good: str, bad: str) -> bool:
    readings = [{one.value for one in knowledge.readings(symptom, spec)} for spec in (good, bad)]
    doubtful = any(knowledge.doubt(symptom, spec) for spec in (good, bad))
    return doubtful or any(len(each) != 1 for each in readings)


def _flickers(knowledge: Knowledge, symptom: Symptom, good: str, bad: str) -> bool:
    """Whether exact counts were not the same in both runs, and not as different at the other end."""
    readings = [{one.value for one in knowledge.readings(symptom, spec)} for spec in (good, bad)]
    return all(readings) and readings[0] != readings[1]


def _undecided(compared: Comparison, wanted: Wanted) -> Iterator[tuple[Symptom, str]]:
    """What counts and nothing can be said of: latencies too noisy, or disturbed from outside; too few failures."""
    for cell in compared.cells:
        for endpoint in cell.endpoints:
            lowest = next(_quantiles(cell, endpoint), None)
            if lowest and wanted.allows(lowest[0]) and lowest[1].verdict in ("inconclusive", "invalid"):
                yield lowest[0], lowest[1].note
            errors = Symptom(cell.id, endpoint.name, "errors")
            if wanted.allows(errors) and set(_failing(endpoint)) == {"pass"} and _few(endpoint):
                yield errors, "too few requests failed to decide"


def _differs(symptom: Symptom, good: Answer, bad: Answer, wanted: Wanted) -> bool:
    if good == bad:
        return False
    if good is None:
        # An endpoint that appeared is no symptom unless it is asked for.
        return wanted.asks_for(symptom)
    return bad is not None or symptom.metric == "answers"


def _noisy(compared: Comparison, wanted: Wanted) -> Iterator[Symptom]:
    for cell in compared.cells:
        for endpoint in cell.endpoints:
            yield from _slower(cell, endpoint, wanted)
            errors = Symptom(cell.id, endpoint.name, "errors")
            if any(_counts(verdict, errors, wanted) for verdict in _failing(endpoint)):
                yield errors
        if _leaks(cell):
            yield Symptom(cell.id, "", "memory")


def _slower(cell: CellComparison, endpoint: EndpointComparison, wanted: Wanted) -> Iterator[Symptom]:
    for symptom, found in _quantiles(cell, endpoint):
        if wanted.allows(symptom) and _counts(found.verdict, symptom, wanted):
            yield symptom
            return


def _failing(endpoint: EndpointComparison) -> Iterator[Verdict]:
    """The verdicts on failed requests: in the pairs, and under load."""
    if endpoint.errors is not None:
        yield endpoint.errors.verdict
    if endpoint.load is not None:
        yield endpoint.load.verdict


def _few(endpoint: EndpointComparison) -> bool:
    """Whether more requests failed on head than on base, in the pairs or under load."""
    found = [endpoint.errors, endpoint.load.errors if endpoint.load else None]
    return any((each.head or 0) > (each.base or 0) for each in found if each is not None)


def _counts(verdict: Verdict, symptom: Symptom, wanted: Wanted) -> bool:
    """A regression always does; an improvement where it is asked for."""
    return verdict == "regression" or (verdict == "improvement" and wanted.asks_for(symptom))


def _quantiles(cell: CellComparison, endpoint: EndpointComparison) -> Iterator[tuple[Symptom, Quantile]]:
    paired = endpoint.paired
    found = (paired.p50, paired.p95, paired.p99) if paired else (None, None, None)
    for metric, quantile in zip(_LATENCIES, found, strict=True):
        if quantile is not None and quantile.gated:
            yield Symptom(cell.id, endpoint.name, metric), quantile


def _latency_symptoms(compared: Comparison) -> Iterator[Symptom]:
    for cell in compared.cells:
        for endpoint in cell.endpoints:
            yield from (symptom for symptom, _ in _quantiles(cell, endpoint))


def _failure_symptoms(compared: Comparison) -> dict[Symptom, EndpointComparison]:
    """Failures of every endpoint of which requests were compared."""
    return {
        Symptom(cell.id, endpoint.name, "errors"): endpoint
        for cell in compared.cells
        for endpoint in cell.endpoints
        if endpoint.paired is not None and endpoint.errors is not None
    }


def _leaks(cell: CellComparison) -> bool:
    """Whether the soak has a word on head's memory: it then grows, faster than base's, by what matters."""
    soak = cell.soak
    return bool(soak and soak.note and soak.growth.base is not None and soak.growth.head is not None)

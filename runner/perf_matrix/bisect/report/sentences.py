"""What a bisect found, as sentences: the answer first, how sure it is, what is left open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from perf_matrix.bisect.model import (
    Bisection,
    Confirmation,
    Culprit,
    Latency,
    Stretch,
    SymptomResult,
    Version,
)
from perf_matrix.bisect.report import figures, names
from perf_matrix.report import numbers
from perf_matrix.report.plain import shortened

_ANSWERS_SAID = 4
_STRETCHES_SAID = 3
_NOTE_LIMIT = 400
_REASON_LIMIT = 50


def answers(bisection: Bisection) -> list[str]:
    """Return what the bisect answers, a sentence for each culprit; the first one is the answer.

    Several changes of one version are one sentence. Where no culprit was found, the sentence says so.
    """
    found = [*_found(bisection), *_narrowed(bisection)]
    rest = len(found) - _ANSWERS_SAID
    more = [f"And {rest} more, below."] if rest > 0 else []
    return [*found[:_ANSWERS_SAID], *more] or [_nothing(bisection)]


def culprit_sentence(bisection: Bisection, symptom: SymptomResult, culprit: Culprit, more: int = 0) -> str:
    """Return one line that says what a culprit did and how sure that is; ``more`` symptoms it changed too."""
    who = names.culprit_name(bisection.versions, culprit)
    if culprit.suspects:
        who = f"O{who[1:]} ({names.why_several(bisection.versions, culprit, _REASON_LIMIT)})"
    elif commit := bisection.versions[culprit.version].commit:
        who = f"{who} (“{shortened(commit.title, names.NAME_LIMIT)}”)"
    what = _what(names.endpoint(bisection, symptom), symptom, culprit)
    also = f"; it changed {more} more {_symptoms(more)}" if more else ""
    return f"{who} {what} ({sure(symptom, culprit)}){also}."


def sure(symptom: SymptomResult, culprit: Culprit) -> str:
    """Return how sure it is that this is the culprit, and from what."""
    if culprit.confirmation and not culprit.confirmation.agreed:
        return "not confirmed when measured afresh"
    if not symptom.exact or not figures.is_certain(culprit.confidence):
        return f"{figures.probability(culprit.confidence)} sure"
    runs = sum(point.runs for point in symptom.points if point.version in (culprit.parent, culprit.version))
    counted = "checked" if symptom.metric == "answers" else "counted"
    return f"certain: {counted} in {runs} runs" if runs else f"certain: {counted}"


def confirmed(symptom: SymptomResult, confirmation: Confirmation | None) -> str:
    """Return what measuring culprit and parent afresh, side by side, said."""
    if confirmation is None:
        return "Not measured afresh."
    move = figures.step(symptom.metric, confirmation.before, confirmation.after)
    note = f": {shortened(confirmation.note, _NOTE_LIMIT)}" if confirmation.note else ""
    if confirmation.agreed:
        return f"Confirmed: measured afresh side by side, {move}{note}."
    return f"Not confirmed: measured afresh side by side, it was {move}{note}."


def latency(found: Latency | None) -> str:
    """Return what the latency did at a culprit: '20.1 → 24.5 ms, +22% [+18%, +26%]'."""
    if found is None:
        return ""
    scale = numbers.scale_for([found.base_ms, found.head_ms])
    low, high = (numbers.percent(bound - 1) for bound in found.ci)
    times = f"{scale.text(found.base_ms)} → {scale.text(found.head_ms)} {scale.unit}"
    return f"{times}, {numbers.percent(found.ratio - 1)} [{low}, {high}]"


def moved(symptom: SymptomResult, culprit: Culprit) -> str:
    """Return what a culprit did to the figure: 'raised it 0 → 2', 'lowered it +42% → +3%'."""
    if symptom.metric == "answers":
        return f"changed it: {figures.step(symptom.metric, culprit.before, culprit.after)}"
    verb = "raised" if culprit.direction == "worse" else "lowered"
    return f"{verb} it {figures.step(symptom.metric, culprit.before, culprit.after)}"


def together(versions: Sequence[Version], symptom: SymptomResult) -> str:
    """Return what several culprits of one symptom come to, in the order of the history; nothing for one."""
    if len(symptom.culprits) < 2:  # noqa: PLR2004
        return ""
    moves = [f"{names.culprit_name(versions, each)} {moved(symptom, each)}" for each in symptom.culprits]
    total = _total(symptom)
    text = f"{', '.join(moves)}{f': {total}' if total else ''}."
    return text[0].upper() + text[1:]


def state_words(bisection: Bisection, symptom: SymptomResult) -> Iterator[str]:
    """Yield what must be known of a symptom's state: what it was narrowed to, what explains it, why it is open."""
    versions = bisection.versions
    if symptom.state == "narrowed":
        found = (
            f" is {_one_of(versions, symptom.candidates)}" if symptom.candidates else " was not narrowed down"
        )
        another = "another culprit" if symptom.culprits else "the culprit"
        yield f"Not finished: {another}{found} ({figures.probability(symptom.confidence)} sure so far)."
    elif symptom.state == "explained":
        yield _explained(bisection, symptom)
    elif symptom.state == "not reproduced":
        yield "Not reproduced: both ends are alike."
    elif symptom.state == "unstable":
        yield "Not certain: it does not repeat." if symptom.culprits else "Not searched: it does not repeat."
    if symptom.note:
        yield shortened(symptom.note, _NOTE_LIMIT)


def unseen(versions: Sequence[Version], stretches: Sequence[Stretch]) -> str:
    """Return what a change and its opposite could have hidden in; nothing where every version was looked at."""
    if not stretches:
        return ""
    said = [names.stretch(versions, each.first, each.last) for each in stretches[:_STRETCHES_SAID]]
    rest = len(stretches) - _STRETCHES_SAID
    more = f" and {rest} more {'stretch' if rest == 1 else 'stretches'}" if rest > 0 else ""
    return (
        f"Not looked into, as their ends are alike: {', '.join(said)}{more}. A change and its opposite in there"
        " would not be seen; --scan measures every version."
    )


def spent(bisection: Bisection) -> str:
    """Return what the bisect took."""
    took = bisection.spent
    kept = f"; {numbers.trimmed(took.kept)} measurements were kept from before" if took.kept else ""
    return (
        f"{numbers.duration(took.seconds)}: {_counted(took.versions, 'version')} of {len(bisection.versions):,}"
        f" measured, {_counted(took.starts, 'start')}, {_counted(took.runs, 'run')}{kept}"
    )


def _found(bisection: Bisection) -> Iterator[str]:
    """Yield a sentence for each version that is a culprit, the one of the worst symptom first."""
    told: dict[tuple[int, ...], list[tuple[SymptomResult, Culprit]]] = {}
    for symptom, culprit in sorted(_culprits(bisection), key=_rank):
        told.setdefault(tuple(names.suspects(culprit)), []).append((symptom, culprit))
    for (symptom, culprit), *others in told.values():
        yield culprit_sentence(bisection, symptom, culprit, len(others))


def _culprits(bisection: Bisection) -> Iterator[tuple[SymptomResult, Culprit]]:
    for symptom in bisection.symptoms:
        if symptom.state != "explained":
            yield from ((symptom, culprit) for culprit in symptom.culprits)


def _rank(found: tuple[SymptomResult, Culprit]) -> tuple[bool, bool, bool, float]:
    """Order changes for the worse first, counted ones before estimated ones, then the largest; doubtful ones last."""
    symptom, culprit = found
    doubtful = culprit.confirmation is not None and not culprit.confirmation.agreed
    size = abs((culprit.after.value or 0.0) - (culprit.before.value or 0.0))
    return doubtful, culprit.direction == "better", not symptom.exact, -size


def _narrowed(bisection: Bisection) -> Iterator[str]:
    for symptom in bisection.symptoms:
        if symptom.state == "narrowed" and (symptom.candidates or not symptom.culprits):
            what = f"{names.endpoint(bisection, symptom)}, {figures.NAMES[symptom.metric]}"
            yield (
                f"Not finished: {what} {figures.span(symptom.metric, symptom.good, symptom.bad)}:"
                f" {_one_of(bisection.versions, symptom.candidates)}"
                f" ({figures.probability(symptom.confidence)} sure so far)."
            )


def _nothing(bisection: Bisection) -> str:
    good, bad = (shortened(end, names.NAME_LIMIT) for end in (bisection.good, bisection.bad))
    if bisection.state == "not reproduced":
        return f"Not reproduced: {good} and {bad} behave alike in all that was measured."
    return f"No culprit was found between {good} and {bad}."


def _what(endpoint: str, symptom: SymptomResult, culprit: Culprit) -> str:
    """Return what a culprit did to an endpoint, as the end of a sentence that begins with its name."""
    metric, before, after = symptom.metric, culprit.before, culprit.after
    if metric == "answers" or (symptom.exact and None in (before.value, after.value)):
        return _answering(endpoint, before.value, after.value)
    if metric == "queries":
        unit = "statement" if after.value == 1 else "statements"
        was, now = (figures.short(metric, each) for each in (before, after))
        return f"made {endpoint} issue {now} SQL {unit} per request instead of {was}"
    if metric == "memory":
        verb = "grow more" if culprit.direction == "worse" else "grow less"
        return f"made the memory of {endpoint} {verb} under load: {figures.move(metric, before, after)}"
    if metric == "errors":
        verb = "fail more often" if culprit.direction == "worse" else "fail less often"
        return f"made {endpoint} {verb}: {figures.move(metric, before, after)} of its requests"
    return f"made {endpoint} {'slower' if culprit.direction == 'worse' else 'faster'}: {_slower(symptom, culprit)}"


def _answering(endpoint: str, before: float | None, after: float | None) -> str:
    if before is None:
        return f"brought {endpoint}" if after else f"brought {endpoint}, which does not answer as it should"
    if after is None:
        return f"removed {endpoint}"
    return f"made {endpoint} answer again" if after else f"made {endpoint} stop answering as it should"


def _slower(symptom: SymptomResult, culprit: Culprit) -> str:
    """Return the step of a latency: side by side with the parent where that was measured."""
    side_by_side = culprit.confirmation.p50 if culprit.confirmation and symptom.metric == "p50" else None
    if side_by_side:
        return f"p50 {latency(side_by_side)}"
    before, after = culprit.before.value, culprit.after.value
    if not before or after is None:
        return f"{symptom.metric} {figures.move(symptom.metric, culprit.before, culprit.after)}"
    return f"{symptom.metric} {figures.difference(symptom.metric, before, after)}"


def _one_of(versions: Sequence[Version], places: Sequence[int]) -> str:
    if not places:
        return "any of the versions"
    listed = names.listed(versions, places)
    return listed if len(places) == 1 else f"one of {listed}"


def _total(symptom: SymptomResult) -> str:
    """Return the sum of the steps, or what a partial fix left."""
    values = [value for each in symptom.culprits for value in (each.before.value, each.after.value)]
    known = [value for value in values if value is not None]
    if len(known) < len(values) or symptom.metric == "answers":
        return ""
    if len({each.direction for each in symptom.culprits}) > 1:
        return _left(symptom, known[0], known[-1])
    sum_ = figures.difference(symptom.metric, known[0], known[-1])
    chained = all(one.after.value == other.before.value for one, other in pairwise(symptom.culprits))
    return f"{sum_} together" if chained or not symptom.exact else ""


def _left(symptom: SymptomResult, first: float, last: float) -> str:
    if symptom.exact and abs(last - first) < numbers.EXACT:
        return "nothing is left"
    if symptom.metric != "queries":
        return f"{figures.difference(symptom.metric, first, last)} is left"
    if last < first:
        return f"{numbers.count(first - last)} fewer than before"
    verb = "is" if last - first == 1 else "are"
    return f"{numbers.count(last - first)} {verb} left"


def _explained(bisection: Bisection, symptom: SymptomResult) -> str:
    """Say which culprits of the same endpoint's counts explain a latency."""
    counts = [
        culprit
        for other in bisection.symptoms
        if other.exact and (other.cell, other.endpoint) == (symptom.cell, symptom.endpoint)
        for culprit in other.culprits
    ]
    named = ", ".join(dict.fromkeys(names.culprit_name(bisection.versions, each) for each in counts))
    return f"Explained by what {named} changed in its SQL." if named else "Explained by its SQL statements."


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _symptoms(count: int) -> str:
    return "symptom" if count == 1 else "symptoms"

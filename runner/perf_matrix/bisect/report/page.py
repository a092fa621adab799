"""What stands on a bisect's page, in order and in words; the renderers lay it out and escape it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perf_matrix.bisect.model import Bisection, ChangedFile, Culprit, Link, SymptomResult, Version
from perf_matrix.bisect.report import figures, names, sentences
from perf_matrix.bisect.report.statements import statement_lines
from perf_matrix.bisect.report.versions import Measured, measured
from perf_matrix.report.conditions import host_words
from perf_matrix.report.plain import line, shortened
from perf_matrix.report.statements import StatementLine

FILES_SHOWN = 5
_FILE_LIMIT = 160
_BECAUSE_LIMIT = 160
_COMMITS_SHOWN = 20
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~/?&=%#:+-]{1,300}")


@dataclass(frozen=True, slots=True)
class FilePart:
    """A changed file: how much of it, why it is thought to be concerned, its page where it has one."""

    path: str
    change: str
    because: str
    url: str


@dataclass(frozen=True, slots=True)
class LinkPart:
    """Where to read more."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class CulpritPart:
    """A culprit of a symptom; texts that do not apply are empty.

    ``name`` is the version, or 'one of …' with ``several`` saying why. ``inside`` are the culprits within a merge
    commit, ``merged`` the commits that it brought in, oldest first.
    """

    name: str
    several: str
    commit: str
    commit_url: str
    move: str
    worse: bool
    sure: str
    confirmed: str
    agreed: bool
    latency: str
    causes: Sequence[str]
    statements: Sequence[StatementLine]
    files: Sequence[FilePart]
    more_files: int
    links: Sequence[LinkPart]
    go_on: str
    inside: Sequence[CulpritPart]
    merged: Sequence[str]
    merge_note: str


@dataclass(frozen=True, slots=True)
class SymptomPart:
    """A symptom: what it is, what became of it, its culprits in the order of the history.

    ``place`` is its number in the bisection, ``together`` what several culprits come to.
    """

    place: int
    endpoint: str
    request: str
    metric: str
    span: str
    state: str
    together: str
    words: Sequence[str]
    unseen: str
    culprits: Sequence[CulpritPart]


@dataclass(frozen=True, slots=True)
class SkippedPart:
    """Neighbours in the history that could not be measured for the same reason, with the last lines of a log."""

    names: str
    reason: str
    log: Sequence[str]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on a page. Texts are on one line each and hold no control characters; nothing is escaped.

    ``answers`` are the first lines, the first of them is the answer. ``mood`` is what it comes to, for colours.
    ``next`` is the title of the advice. ``unseen`` is empty where the symptoms differ in it and say it themselves.
    """

    answers: Sequence[str]
    mood: str
    range: str
    next: str
    advice: Sequence[str]
    symptoms: Sequence[SymptomPart]
    unseen: str
    skipped: Sequence[SkippedPart]
    measured: Measured
    warnings: Sequence[str]
    spent: str
    host: str
    tools: str
    again: str
    report: str


def page(clean: Bisection, *, report: str = "") -> Page:
    """Return the page of a bisection, whose texts must have been cleaned. ``report`` is where the whole one is."""
    common = _common(clean)
    command = f"perf-matrix bisect {shlex.join(clean.arguments)}" if clean.arguments else ""
    return Page(
        answers=sentences.answers(clean),
        mood=_mood(clean),
        range=_range(clean),
        next="What to try" if clean.state == "not reproduced" else "What to do next",
        advice=clean.advice,
        symptoms=[_symptom(clean, place, common) for place in range(len(clean.symptoms))],
        unseen=common,
        skipped=list(_skipped(clean.versions)),
        measured=measured(clean),
        warnings=clean.warnings,
        spent=sentences.spent(clean),
        host=host_words(clean.host),
        tools=", ".join([*(f"{tool} {version}" for tool, version in clean.tools.items()), *_backend(clean)]),
        again=command,
        report=line(report),
    )


def _common(bisection: Bisection) -> str:
    """Return what was not looked into, where that is the same for every symptom that leaves something out."""
    unseen = {sentences.unseen(bisection.versions, each.unseen) for each in bisection.symptoms} - {""}
    return unseen.pop() if len(unseen) == 1 else ""


def _mood(bisection: Bisection) -> str:
    """Return the verdict whose colour the answer has."""
    directions = {each.direction for symptom in bisection.symptoms for each in symptom.culprits}
    if "worse" in directions:
        return "regression"
    if directions:
        return "improvement"
    return "inconclusive"


def _range(bisection: Bisection) -> str:
    """Return what was searched: '12 releases from litellm==1.80.5 (good) to litellm==1.81.0 (bad)'."""
    noun = "versions" if bisection.kind == "list" else bisection.kind
    good, bad = (shortened(end, names.NAME_LIMIT) for end in (bisection.good, bisection.bad))
    return f"{len(bisection.versions):,} {noun} from {good} (good) to {bad} (bad)"


def _backend(bisection: Bisection) -> list[str]:
    """Who ran the services, where that was not this machine itself."""
    return [f"services on {bisection.backend}"] if bisection.backend != "local" else []


def _symptom(bisection: Bisection, place: int, common: str) -> SymptomPart:
    symptom, versions = bisection.symptoms[place], bisection.versions
    return SymptomPart(
        place=place,
        endpoint=names.endpoint(bisection, symptom),
        request=shortened(symptom.request, names.NAME_LIMIT),
        metric=figures.NAMES[symptom.metric],
        span=figures.span(symptom.metric, symptom.good, symptom.bad),
        state=symptom.state,
        together=sentences.together(versions, symptom),
        words=list(sentences.state_words(bisection, symptom)),
        unseen="" if common else sentences.unseen(versions, symptom.unseen),
        culprits=[_culprit(versions, symptom, each) for each in symptom.culprits],
    )


def _culprit(versions: Sequence[Version], symptom: SymptomResult, culprit: Culprit) -> CulpritPart:
    commit = versions[culprit.version].commit
    confirmation = culprit.confirmation
    name = names.culprit_name(versions, culprit)
    return CulpritPart(
        name=name[0].upper() + name[1:] if culprit.suspects else name,
        several=names.why_several(versions, culprit),
        commit=names.commit_line(commit),
        commit_url=_address(commit.url) if commit else "",
        move=sentences.moved(symptom, culprit),
        worse=culprit.direction == "worse",
        sure=sentences.sure(symptom, culprit),
        confirmed=sentences.confirmed(symptom, confirmation),
        agreed=confirmation is None or confirmation.agreed,
        latency=sentences.latency(confirmation.p50 if confirmation else None),
        causes=[cause.summary for cause in culprit.causes],
        statements=statement_lines(culprit),
        files=[_file(each) for each in culprit.files[:FILES_SHOWN]],
        more_files=max(len(culprit.files) - FILES_SHOWN, 0) + culprit.more_files,
        links=[_link(each) for each in culprit.links],
        go_on=culprit.go_on,
        inside=_inside(symptom, culprit),
        merged=_merged(culprit),
        merge_note=culprit.opened.note if culprit.opened else "",
    )


def _file(changed: ChangedFile) -> FilePart:
    because = shortened("; ".join(changed.because), _BECAUSE_LIMIT)
    return FilePart(
        shortened(changed.path, _FILE_LIMIT),
        f"+{changed.added} -{changed.removed}",
        because,
        _address(changed.url),
    )


def _link(link: Link) -> LinkPart:
    """Return a link; an address that is not plain becomes part of its text."""
    text, url = shortened(link.text, names.NAME_LIMIT), _address(link.url)
    return LinkPart(text if url else f"{text}: {shortened(link.url, names.NAME_LIMIT)}", url)


def _address(url: str) -> str:
    """Return a web address that needs no escaping in any output; nothing where it is no such one."""
    return url if _ADDRESS.fullmatch(url) else ""


def _inside(symptom: SymptomResult, culprit: Culprit) -> list[CulpritPart]:
    """Return the culprits among the commits that a merge brought in."""
    opened = culprit.opened
    within = symptom.model_copy(update={"points": []})  # They are numbered in the history outside.
    return [_culprit(opened.versions, within, each) for each in opened.culprits] if opened else []


def _merged(culprit: Culprit) -> list[str]:
    """Return the commits that a merge brought in, oldest first, without the one where they branched off."""
    if culprit.opened is None:
        return []
    brought = [_commit(version) for version in culprit.opened.versions[1:]]
    rest = len(brought) - _COMMITS_SHOWN
    return [*brought[:_COMMITS_SHOWN], *([f"and {rest} more"] if rest > 0 else [])]


def _commit(version: Version) -> str:
    skipped = " (could not be measured)" if version.state == "skipped" else ""
    return f"{names.label(version)} {names.commit_line(version.commit)}".strip() + skipped


def _skipped(versions: Sequence[Version]) -> Iterator[SkippedPart]:
    places = [place for place, version in enumerate(versions) if version.state == "skipped"]
    for group in names.skipped_groups(versions, places):
        first = versions[group[0]]
        reason = shortened(first.reason or "no reason is known", names.REASON_LIMIT)
        yield SkippedPart(names.group_name(versions, group), reason, first.log_tail)

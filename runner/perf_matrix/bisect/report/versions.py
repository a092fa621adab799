"""The table of what was measured: versions below each other, a column for each symptom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perf_matrix.bisect.model import Bisection, SymptomResult, Version
from perf_matrix.bisect.report import figures, names
from perf_matrix.report.plain import shortened

NOT_MEASURED = "·"
SKIPPED = "x"
CULPRIT = "◄"
MOST_ROWS = 60
LEGEND = f"{NOT_MEASURED} not measured, {SKIPPED} could not be measured, {CULPRIT} culprit"
_HEADER_LIMIT = 30
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Value:
    """A cell of the table: its text, and whether the version is the symptom's culprit, or may be."""

    text: str
    culprit: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A version with a value for each symptom; or how many versions stand between, then without values."""

    name: str
    date: str
    values: Sequence[Value]
    skipped: bool = False
    between: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """The whole table: ``headers`` are its columns of symptoms as (endpoint, metric)."""

    headers: Sequence[tuple[str, str]]
    rows: Sequence[Row]
    dated: bool


def measured(bisection: Bisection, most: int = MOST_ROWS) -> Measured:
    """Return the table with ``most`` rows of versions: where there are more, the ends and the culprits stay.

    What is not shown is counted in a row of its own.
    """
    kept = _kept(bisection, most)
    columns = [_column(symptom) for symptom in bisection.symptoms]
    return Measured(
        headers=[_header(bisection, symptom) for symptom in bisection.symptoms],
        rows=list(_rows(bisection.versions, kept, columns)),
        dated=any(version.commit for version in bisection.versions),
    )


def _kept(bisection: Bisection, most: int) -> set[int]:
    """Return the places that are shown: the first of these that are not too many.

    All; those tried; those measured; those around the culprits and candidates. The ends are always among them.
    """
    versions = bisection.versions
    needed = {0, len(versions) - 1} | set(_around(bisection))
    tried = {place for place, version in enumerate(versions) if version.state != "not needed"}
    taken = {place for place, version in enumerate(versions) if version.state == "measured"}
    choices = (set(range(len(versions))), tried | needed, taken | needed, needed)
    return next((places for places in choices if len(places) <= most), set(sorted(needed)[:most]))


def _around(bisection: Bisection) -> Iterator[int]:
    for symptom in bisection.symptoms:
        for culprit in symptom.culprits:
            yield from (culprit.parent, culprit.version, *culprit.suspects[:_FEWEST])
        yield from symptom.candidates[:_FEWEST]


def _header(bisection: Bisection, symptom: SymptomResult) -> tuple[str, str]:
    name = names.endpoint(bisection, symptom)
    return shortened(name, _HEADER_LIMIT), figures.SHORT_NAMES[symptom.metric]


def _column(symptom: SymptomResult) -> dict[int, Value]:
    """Return the values of a symptom by place; a culprit that was one of several marks them all."""
    marked = {place for culprit in symptom.culprits for place in names.suspects(culprit)}
    found = {
        point.version: Value(figures.cell(symptom.metric, point.figure), point.version in marked)
        for point in symptom.points
    }
    return {place: Value(SKIPPED, culprit=True) for place in marked} | found


def _rows(versions: Sequence[Version], kept: set[int], columns: Sequence[dict[int, Value]]) -> Iterator[Row]:
    hidden: list[Version] = []
    for place, version in enumerate(versions):
        if place not in kept:
            hidden.append(version)
            continue
        if hidden:
            yield _between(hidden)
            hidden = []
        skipped = version.state == "skipped"
        other = Value(SKIPPED if skipped else NOT_MEASURED)
        date = f"{version.commit.date:%Y-%m-%d}" if version.commit else ""
        yield Row(names.label(version), date, [column.get(place, other) for column in columns], skipped)


def _between(hidden: Sequence[Version]) -> Row:
    """Return the row that counts what is not shown."""
    states = [version.state for version in hidden]
    counted = [
        (states.count("measured"), "measured"),
        (states.count("skipped"), "skipped"),
        (states.count("not needed"), "not measured"),
    ]
    said = ", ".join(f"{count:,} {word}" for count, word in counted if count)
    return Row(f"… {said} …", "", [], between=True)

"""The picture of a symptom as shapes: the metric over all versions, what was measured, who the culprits are.

The x axis is the place in the history. A count is a step line through what was measured, dashed where versions
between two measured ones were not; an estimate is its points with intervals and the believed level with its band.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from perf_matrix.bisect.model import Bisection, Figure, SymptomResult, Version
from perf_matrix.bisect.report import figures, names, sentences
from perf_matrix.bisect.report.axis import Axis, axis, on_axis
from perf_matrix.bisect.report.placing import Placed, in_a_row, in_lanes, text_width
from perf_matrix.report.plain import shortened

_LANE = 16.0
_TITLE = 20.0
# What a point at the very top needs.
_HEADROOM = 13.0
_RIGHT = 14.0
_BOTTOM = 36.0
_BESIDE = 8.0
_LABEL_LIMIT = 12
_CULPRIT_LIMIT = 34
_FEW = 12
# Closer together than this, versions have no tick, or no cross, of their own.
_TICK_APART = 4.0
_CROSS_APART = 9.0

Point = tuple[float, float]
Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """The size of a drawing, in px where it is shown as it is; ``plot`` is the height between its axes."""

    width: float
    plot: float


WIDE = Layout(900, 200)
NARROW = Layout(380, 180)


@dataclass(frozen=True, slots=True)
class Mark:
    """A measured point and, where it is estimated, how far its interval reaches; ``words`` say what it is."""

    x: float
    y: float
    low: float | None
    high: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Named:
    """A culprit: its vertical line up to ``top``, its text, and the stretch that it is one of, if it is."""

    x: float
    top: float
    label: Placed | None
    label_y: float
    worse: bool
    within: Stretch | None
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All shapes of a picture, in its own units; ``origin`` and ``corner`` are the ends of its axes."""

    width: float
    height: float
    origin: Point
    corner: Point
    title: str
    alternative: str
    unit: str
    ticks: Sequence[tuple[float, str]]
    labels: Sequence[tuple[Placed, float]]
    versions: Sequence[float]
    seen: str
    between: str
    band: str
    mean: str
    points: Sequence[Mark]
    afresh: Sequence[Point]
    skipped: Sequence[float]
    stretches: Sequence[Stretch]
    candidates: Sequence[Stretch]
    culprits: Sequence[Named]
    legend: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where versions and values stand."""

    axis: Axis
    count: int
    left: float
    right: float
    top: float
    bottom: float

    def x(self, place: float) -> float:
        """Return where a version stands, by its place in the history."""
        if self.count == 1:
            return round((self.left + self.right) / 2, 1)
        return round(self.left + place / (self.count - 1) * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        """Return where a value of the axis stands."""
        return round(self.bottom - self.axis.share(value) * (self.bottom - self.top), 1)

    def of(self, figure_value: float | None) -> float | None:
        """Return where a figure's value stands; None where it has none."""
        value = on_axis(self.axis.metric, figure_value)
        return None if value is None else self.y(value)

    @property
    def apart(self) -> float:
        """How far apart neighbours stand."""
        return (self.right - self.left) / max(self.count - 1, 1)


def drawing(bisection: Bisection, symptom: SymptomResult, layout: Layout) -> Drawing | None:
    """Return the drawing of a symptom; None where nothing was measured. Texts must have been cleaned."""
    if not symptom.points:
        return None
    found, versions = axis(symptom), bisection.versions
    left = max(text_width(text) for _, text in found.ticks) + _BESIDE + 4
    texts = _culprit_texts(versions, symptom)
    flat = _Plane(found, len(versions), left + _BESIDE, layout.width - _RIGHT - _BESIDE, 0, 0)
    labels = in_lanes(
        [(flat.x(each.version), text) for each, text in zip(symptom.culprits, texts, strict=True)],
        left,
        layout.width - 2,
    )
    lanes = 1 + max((label.lane for label in labels if label), default=-1)
    top = _TITLE + lanes * _LANE + _HEADROOM
    plane = _Plane(found, len(versions), flat.left, flat.right, top, top + layout.plot)
    return _drawn(bisection, symptom, layout, plane, _named(versions, symptom, plane, labels))


def _drawn(
    bisection: Bisection, symptom: SymptomResult, layout: Layout, plane: _Plane, culprits: list[Named]
) -> Drawing:
    versions = bisection.versions
    skipped = [place for place, version in enumerate(versions) if version.state == "skipped"]
    seen, between = _steps(symptom, plane) if symptom.exact else ("", "")
    band, mean = _believed(symptom, plane)
    crosses = plane.apart >= _CROSS_APART
    shapes = Drawing(
        width=layout.width,
        height=plane.bottom + _BOTTOM,
        origin=(plane.left - _BESIDE, plane.bottom),
        corner=(plane.right + _BESIDE, plane.top),
        title=f"{names.endpoint(bisection, symptom)}: {figures.NAMES[symptom.metric]} over {len(versions):,} versions",
        alternative=alternative(bisection, symptom),
        unit=_unit(bisection, symptom),
        ticks=[(plane.y(value), text) for value, text in plane.axis.ticks],
        labels=list(_labels(versions, symptom, plane, layout)),
        versions=[plane.x(place) for place in range(len(versions))] if plane.apart >= _TICK_APART else [],
        seen=seen,
        between=between,
        band=band,
        mean=mean,
        points=list(_marks(versions, symptom, plane)),
        afresh=list(dict.fromkeys(_afresh(symptom, plane))),
        skipped=[plane.x(place) for place in skipped] if crosses else [],
        stretches=[] if crosses else list(_stretches(skipped, plane)),
        candidates=list(_stretches(symptom.candidates, plane)) if symptom.state == "narrowed" else [],
        culprits=culprits,
        legend=[],
    )
    return _with_legend(shapes, symptom)


def alternative(bisection: Bisection, symptom: SymptomResult) -> str:
    """Return in words what the picture shows."""
    versions, metric = bisection.versions, symptom.metric
    measured = [
        f"{figures.short(metric, point.figure)} at {names.label(versions[point.version])}"
        for point in sorted(symptom.points, key=lambda point: point.version)
    ]
    values = (
        ", ".join(measured) if len(measured) <= _FEW else f"{len(measured)} of {len(versions):,} versions"
    )
    moves = [
        f"{names.culprit_name(versions, each)} {sentences.moved(symptom, each)}" for each in symptom.culprits
    ]
    found = f" Culprits: {'; '.join(moves)}." if moves else " No culprit is named."
    skipped = sum(version.state == "skipped" for version in versions)
    left_out = f" {skipped:,} could not be measured." if skipped else ""
    return (
        f"{figures.NAMES[metric]} from {names.label(versions[0])} to {names.label(versions[-1])}."
        f" Measured: {values}.{left_out}{found}"
    )


def _unit(bisection: Bisection, symptom: SymptomResult) -> str:
    """Return what the value axis shows."""
    against = f", against {names.label(bisection.versions[0])}" if symptom.metric in figures.RELATIVE else ""
    return f"{figures.NAMES[symptom.metric]}{against}"


def _culprit_texts(versions: Sequence[Version], symptom: SymptomResult) -> list[str]:
    texts = []
    for each in symptom.culprits:
        name = shortened(names.label(versions[each.version]), _LABEL_LIMIT)
        several = f"one of {len(each.suspects) + 1} up to {name}" if each.suspects else name
        move = figures.move(symptom.metric, each.before, each.after)
        texts.append(shortened(f"{several}: {move}", _CULPRIT_LIMIT))
    return texts


def _named(
    versions: Sequence[Version], symptom: SymptomResult, plane: _Plane, labels: Sequence[Placed | None]
) -> list[Named]:
    found = []
    for each, label in zip(symptom.culprits, labels, strict=True):
        lane = label.lane if label else 0
        y = plane.top - _HEADROOM - lane * _LANE
        within = (plane.x(each.parent), plane.x(each.version)) if each.suspects else None
        words = f"{names.culprit_name(versions, each)} {sentences.moved(symptom, each)}"
        top = y + 4 if label else plane.top
        found.append(Named(plane.x(each.version), top, label, y, each.direction == "worse", within, words))
    return found


def _labels(
    versions: Sequence[Version], symptom: SymptomResult, plane: _Plane, layout: Layout
) -> Iterator[tuple[Placed, float]]:
    """Yield the versions' names below the axis with the place that each is for: all, or the most telling ones."""
    everything = list(range(len(versions)))
    for places in (everything, list(_telling(len(versions), symptom))):
        wanted = [(plane.x(place), shortened(names.label(versions[place]), _LABEL_LIMIT)) for place in places]
        placed = in_a_row(wanted, 2, layout.width - 2)
        if places is not everything or all(placed):
            yield from ((one, x) for one, (x, _) in zip(placed, wanted, strict=True) if one)
            return


def _telling(count: int, symptom: SymptomResult) -> Iterator[int]:
    """Yield places in the order in which their names matter: the ends, culprits, their parents, measured ones."""
    ordered = [0, count - 1, *(each.version for each in symptom.culprits)]
    ordered += [each.parent for each in symptom.culprits]
    ordered += [*symptom.candidates[:1], *symptom.candidates[-1:]]
    ordered += [point.version for point in symptom.points]
    yield from dict.fromkeys(ordered)


def _marks(versions: Sequence[Version], symptom: SymptomResult, plane: _Plane) -> Iterator[Mark]:
    for point in symptom.points:
        figure = point.figure
        y = plane.of(figure.value)
        if y is not None:
            words = f"{names.label(versions[point.version])}: {figures.whole(symptom.metric, figure)}"
            low, high = (None if bound is None else plane.of(bound) for bound in (figure.low, figure.high))
            yield Mark(plane.x(point.version), y, low, high, words)


def _afresh(symptom: SymptomResult, plane: _Plane) -> Iterator[Point]:
    """Yield where culprits and parents were measured once more."""
    for culprit in symptom.culprits:
        told = culprit.confirmation
        pairs: list[tuple[int, Figure]] = []
        if told:
            pairs = [(culprit.parent, told.before), (culprit.version, told.after)]
        for place, figure in pairs:
            y = plane.of(figure.value)
            if y is not None:
                yield plane.x(place), y


def _steps(symptom: SymptomResult, plane: _Plane) -> tuple[str, str]:
    """Return the step line of a count: what was seen, and what was not, between measured versions."""
    placed = [(point.version, plane.of(point.figure.value)) for point in symptom.points]
    seen: list[str] = []
    between: list[str] = []
    for (place, y), (other, then) in pairwise(sorted(placed, key=lambda one: one[0])):
        if y is None or then is None:
            continue
        start, end = plane.x(place), plane.x(other)
        (seen if other == place + 1 else between).append(f"M{start} {y}H{end}")
        if then != y:
            seen.append(f"M{end} {y}V{then}")
    return "".join(seen), "".join(between)


def _believed(symptom: SymptomResult, plane: _Plane) -> tuple[str, str]:
    """Return the band and the line of what is believed of each version, from half way to half way between them."""
    levels = sorted(symptom.levels, key=lambda level: level.version)
    if not levels:
        return "", ""
    places = [level.version for level in levels]
    ends = [places[0], *((one + other) / 2 for one, other in pairwise(places)), places[-1]]
    xs = [plane.x(end) for end in ends]
    highs, lows, means = (
        [plane.of(getattr(level, name)) for level in levels] for name in ("high", "low", "mean")
    )
    upper = "".join(f"L{x} {y}H{to}" for x, to, y in zip(xs, xs[1:], highs, strict=False))
    lower = "".join(f"L{to} {y}H{x}" for x, to, y in reversed(list(zip(xs, xs[1:], lows, strict=False))))
    line = "".join(f"L{x} {y}H{to}" for x, to, y in zip(xs, xs[1:], means, strict=False))
    return f"M{upper[1:]}{lower}Z", f"M{line[1:]}"


def _stretches(places: Sequence[int], plane: _Plane) -> Iterator[Stretch]:
    """Yield where neighbouring versions begin and end, half a step wider than their places."""
    group: list[int] = []
    for place in [*places, None]:
        if group and place != group[-1] + 1:
            low, high = plane.x(group[0] - 0.5), plane.x(group[-1] + 0.5)
            yield max(low, plane.left - _BESIDE), min(max(high, low + 1), plane.right + _BESIDE)
            group = []
        if place is not None:
            group.append(place)


def _with_legend(shapes: Drawing, symptom: SymptomResult) -> Drawing:
    """Return the drawing with a word for each kind of shape that is in it."""
    kinds = (
        ("point", "measured" if symptom.exact else "measured, with its interval", shapes.points),
        ("between", "not measured in between", shapes.between),
        ("band", "believed, 95% credible", shapes.band),
        ("afresh", "culprit and parent measured afresh", shapes.afresh),
        ("cross", "could not be measured", shapes.skipped),
        ("strip", "could not be measured", shapes.stretches),
        ("candidates", "may be the culprit", shapes.candidates),
        ("within", "one of these", [each for each in shapes.culprits if each.within]),
    )
    return replace(shapes, legend=[(mark, words) for mark, words, there in kinds if there])

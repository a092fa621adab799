"""The drawing of a slope: where the points and lines of both arms stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import Line, Slope
from perf_matrix.matrix.model import Arm
from perf_matrix.report import numbers
from perf_matrix.report.slopes import formula

WIDTH = 320
HEIGHT = 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 26

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """One arm: its points and the two ends of its line, in the drawing's units, and its line in words."""

    arm: Arm
    words: str
    points: Sequence[Point]
    ends: tuple[Point, Point]


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing of ``WIDTH`` x ``HEIGHT`` units; ``most_rows`` and ``most_statements`` end its axes."""

    series: Sequence[Series]
    most_rows: str
    most_statements: str
    alternative: str
    origin: Point = (_LEFT, HEIGHT - _BOTTOM)
    corner: Point = (WIDTH - _RIGHT, _TOP)


# Counts of rows and statements are whole numbers: shorter axes would only divide by next to nothing.
_SHORTEST_AXIS = 1.0


@dataclass(frozen=True, slots=True)
class _Axes:
    rows: float
    statements: float

    def place(self, point: Point) -> Point:
        """Return where a point (rows, statements) stands."""
        x = _LEFT + point[0] / self.rows * (WIDTH - _LEFT - _RIGHT)
        y = HEIGHT - _BOTTOM - point[1] / self.statements * (HEIGHT - _TOP - _BOTTOM)
        return round(x, 1), round(y, 1)


def plot(slope: Slope) -> Plot | None:
    """Return the drawing of a slope: statements per request against rows; None where nothing was measured."""
    lines: dict[Arm, Line | None] = {"base": slope.base, "head": slope.head}
    found = {arm: line for arm, line in lines.items() if line and line.points}
    if not found:
        return None
    axes = _axes(list(found.values()))
    series = [_series(arm, line, slope.row, axes) for arm, line in found.items()]
    return Plot(
        series,
        most_rows=numbers.trimmed(axes.rows),
        most_statements=numbers.trimmed(axes.statements),
        alternative=f"Statements per request over the {slope.over}. "
        + " ".join(f"{arm}: {_in_words(line, slope.row)}" for arm, line in found.items()),
    )


def _axes(lines: Sequence[Line]) -> _Axes:
    """Return axes from nought that hold every point and every line."""
    rows = max((x for line in lines for x, _ in line.points), default=0.0)
    ends = [line.fixed + line.per_row * x for line in lines for x in (0.0, rows)]
    statements = max([*ends, *(y for line in lines for _, y in line.points)])
    return _Axes(max(rows, _SHORTEST_AXIS), max(statements, _SHORTEST_AXIS))


def _series(arm: Arm, line: Line, row: str, axes: _Axes) -> Series:
    ends = [axes.place((x, line.fixed + line.per_row * x)) for x in (0.0, axes.rows)]
    return Series(arm, formula(line, row), [axes.place(point) for point in line.points], (ends[0], ends[1]))


def _in_words(line: Line, row: str) -> str:
    points = ", ".join(f"{numbers.count(y)} at {numbers.trimmed(x)}" for x, y in line.points)
    return f"{formula(line, row)}; measured {points}."

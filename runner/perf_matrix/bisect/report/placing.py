"""Where the texts of a picture stand so that none covers another; estimated, since only a browser can measure them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_NARROW_EM = 6.6
_WIDE_EM = 12.0
_GAP = 7.0
_CLOSE = 1.0
_BESIDE = 3.0
_LANES = 12


@dataclass(frozen=True, slots=True)
class Placed:
    """A text with its left end and its width in the drawing's units; ``lane`` 0 is the one next to the plot."""

    text: str
    left: float
    width: float
    lane: int = 0

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.left + self.width

    def covers(self, x: float) -> bool:
        """Tell whether a vertical line at ``x`` would run through it, or too close by."""
        return self.left - _CLOSE < x < self.right + _CLOSE

    def collides(self, other: Placed) -> bool:
        """Tell whether two texts of one lane overlap, or stand too close."""
        return self.left < other.right + _GAP and other.left < self.right + _GAP


def text_width(text: str) -> float:
    """Estimate the width of a text of 11 px, rather too wide than too narrow."""
    return sum(_WIDE_EM if unicodedata.east_asian_width(c) in "WF" else _NARROW_EM for c in text)


def in_a_row(wanted: Iterable[tuple[float, str]], low: float, high: float) -> list[Placed | None]:
    """Place texts centred at their x in one row between ``low`` and ``high``; the first ones take precedence.

    A text for which there is no room is None.
    """
    done: list[Placed] = []
    found: list[Placed | None] = []
    for x, text in wanted:
        placed = _within(text, x - text_width(text) / 2, low, high)
        fits = not any(placed.collides(other) for other in done)
        done += [placed] if fits else []
        found.append(placed if fits else None)
    return found


def in_lanes(wanted: Sequence[tuple[float, str]], low: float, high: float) -> list[Placed | None]:
    """Place texts above vertical lines at their x, in as few lanes as hold them without crossing.

    A line runs from the plot up to its text, so it must not run through a text of a lane further down. It is tried
    from left to right and from right to left; the better one counts. A text for which there is no place is None.
    """
    forth = _in_lanes(wanted, low, high)
    if all(forth):
        return forth
    back = _in_lanes(wanted[::-1], low, high)[::-1]
    return min(forth, back, key=lambda found: found.count(None))


def _in_lanes(wanted: Sequence[tuple[float, str]], low: float, high: float) -> list[Placed | None]:
    done: list[tuple[float, Placed]] = []
    found: list[Placed | None] = []
    for number, (x, text) in enumerate(wanted):
        free = [one for one in _choices(x, text, low, high) if _is_free(x, one, done)]
        later = [other for other, _ in wanted[number + 1 :]]
        # What stands in no later line's way leaves it all lanes.
        apart = (one for one in free if not any(map(one.covers, later)))
        placed = next(apart, free[0] if free else None)
        done += [(x, placed)] if placed else []
        found.append(placed)
    return found


def _choices(x: float, text: str, low: float, high: float) -> Iterator[Placed]:
    """Yield where a text may stand: over its line, left of it, right of it; then a lane further up."""
    width = text_width(text)
    for lane in range(_LANES):
        for left in (x - width / 2, x - width - _BESIDE, x + _BESIDE):
            yield _within(text, left, low, high, lane)


def _is_free(x: float, placed: Placed, done: Sequence[tuple[float, Placed]]) -> bool:
    return not any(_crosses(x, placed, other_x, other) for other_x, other in done)


def _crosses(x: float, placed: Placed, other_x: float, other: Placed) -> bool:
    if placed.lane == other.lane:
        return placed.collides(other)
    if placed.lane > other.lane:
        return other.covers(x)
    return placed.covers(other_x)


def _within(text: str, left: float, low: float, high: float, lane: int = 0) -> Placed:
    width = text_width(text)
    return Placed(text, max(min(left, high - width), low), width, lane)

"""Numbers as people read them. Nothing is rounded before it comes here.

Three significant digits for times, one unit for a whole column, percent with a sign, counts of statements
exact or visibly not so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

ABSENT = "—"
EXACT = 1e-9
SMALLEST_P = 0.0001
MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Scale:
    """The unit of a column; a time in ms, or a size in bytes, is multiplied by ``factor``."""

    unit: str
    factor: float

    def text(self, value: float) -> str:
        """Return the value to three significant digits, without the unit."""
        return significant(value * self.factor)


def scale_for(milliseconds: Iterable[float]) -> Scale:
    """Choose one unit in which the largest value reads well."""
    largest = max(milliseconds, default=1.0)
    if largest >= 10_000:  # noqa: PLR2004
        return Scale("s", 0.001)
    return Scale("ms", 1.0) if largest >= 1 else Scale("µs", 1000.0)


def memory_scale(sizes: Iterable[float]) -> Scale:
    """Choose MB or GB for sizes in bytes."""
    gigabytes = max(sizes, default=0.0) >= 1000 * MEGABYTE
    return Scale("GB", 1e-3 / MEGABYTE) if gigabytes else Scale("MB", 1 / MEGABYTE)


def significant(value: float, digits: int = 3) -> str:
    """Return ``digits`` significant digits: 0.0412, 4.12, 41.2, 412, 4,120."""
    if value == 0 or not math.isfinite(value):
        return f"{abs(value) if value == 0 else value:.0f}"
    rounded = float(f"{value:.{digits}g}")
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(decimals, 0)}f}"


def trimmed(value: float) -> str:
    """Return three significant digits without trailing zeros: 2, 2.5, 50."""
    text = significant(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(value: float) -> str:
    """Return three significant digits with a sign and without trailing zeros: +2, -0.5, +0."""
    return f"{'' if value < 0 else '+'}{trimmed(value)}"


def signed_ms(milliseconds: float) -> str:
    """Return a difference of times with its sign: '+2.1 ms'."""
    return f"{signed(milliseconds)} ms"


def count(value: float) -> str:
    """Return statements per request: 3 where it is exactly that, else 0.50, never made to look exact."""
    if is_whole(value):
        return f"{value:.0f}"
    text = f"{value:.2f}"
    if not is_whole(float(text)):
        return text
    precise = significant(value)
    return precise if abs(value) < 1 and not is_whole(float(precise)) else f"≈{float(text):.0f}"


def signed_count(value: float) -> str:
    """Return a difference of statements per request with its sign: +1, -0.50; 0 is '0'."""
    return f"+{count(value)}" if value > EXACT else count(value)


def per_request(value: float) -> str:
    """Return statements per request to two decimals, for lists in which they stand below each other."""
    return count(value) if not is_whole(value) else f"{value:.2f}"


def approximate(text: str) -> str:
    """Return the text of a number that is not exact: '≈3', '≈+0.50'; marked once, however inexact it is."""
    return f"≈{text.replace('≈', '')}"


def is_whole(value: float) -> bool:
    """Tell whether the value is a whole number, but for the rounding of floating point."""
    return abs(value - round(value)) < EXACT


def percent(relative: float) -> str:
    """Return a relative change with its sign: 0.2 -> '+20%', 0.042 -> '+4.2%'."""
    value = relative * 100
    text = f"{value:+.1f}" if abs(value) < 9.95 else f"{value:+,.0f}"  # noqa: PLR2004
    return "0.0%" if float(text.replace(",", "")) == 0 else f"{text}%"


def share(fraction: float) -> str:
    """Return a fraction without a sign, to two digits: 0.12 -> '12%', 0.031 -> '3.1%'."""
    return f"{significant(fraction * 100, 2).removesuffix('.0')}%"


def configured(fraction: float) -> str:
    """Return a fraction that is part of the rules: 0.05 -> '5%', 0.999 -> '99.9%'."""
    text = f"{fraction * 100:.3g}"
    return f"{fraction * 100:g}%" if text == "100" else f"{text}%"


def p_value(value: float) -> str:
    """Return a p-value to two digits, '<0.0001' where it is smaller than that."""
    if value < SMALLEST_P:
        return f"<{SMALLEST_P:.4f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"  # noqa: PLR2004


def duration(seconds: float) -> str:
    """Return 4.2 s, 42 s, 6 min 12 s or 1 h 02 min."""
    if seconds < 9.95:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"  # noqa: PLR2004


def gibibytes(size: int) -> str:
    """Return a number of bytes in GiB."""
    return f"{significant(size / 2**30, 2)} GiB"

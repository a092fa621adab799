"""Times and shares as people write them: ``1h30m`` to seconds, ``5%`` to a fraction.

Each function passes on what it does not understand where that is the job of the type check that
follows (a list, say), and raises ValueError for text and numbers that look right and are not.
"""

from __future__ import annotations

import re
from typing import Any

_DURATION = re.compile(
    r"(?:([0-9]{1,6}(?:\.[0-9]{1,6})?)h)?(?:([0-9]{1,6}(?:\.[0-9]{1,6})?)m)?(?:([0-9]{1,6}(?:\.[0-9]{1,6})?)s)?"
)
_SECONDS = (3600.0, 60.0, 1.0)
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)\s?%")

DURATION_PATTERN = r"^(?=.)([0-9]+(\.[0-9]+)?h)?([0-9]+(\.[0-9]+)?m)?([0-9]+(\.[0-9]+)?s)?$"
PERCENT_PATTERN = r"^[0-9]+(\.[0-9]+)?\s?%$"


def seconds(value: Any) -> Any:
    """``90s``, ``6m``, ``1h30m`` or a number of seconds, as seconds; ValueError for any other text."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value)
    if match is None or not value:
        raise ValueError(
            f"{value!r} is not a time; write 90s, 6m or 1h30m (hours, then minutes, then seconds)"
        )
    return sum(float(part) * unit for part, unit in zip(match.groups(), _SECONDS, strict=True) if part)


def fraction(value: Any) -> Any:
    """``5%`` or 0.05, as 0.05; ValueError for other text, and for numbers that were meant as per cent."""
    if isinstance(value, str):
        match = _PERCENT.fullmatch(value)
        if match is None:
            raise ValueError(f"{value!r} is not a share; write 5% or 0.05")
        return float(match.group(1)) / 100
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 1:
        raise ValueError(f"{value} would be {value * 100:g} per cent; write {value:g}% or {value / 100:g}")
    return value

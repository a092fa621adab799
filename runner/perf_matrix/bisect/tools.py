"""What every part of a bisect works with, passed in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.prober import Prober
from perf_matrix.bisect.store import Purpose
from perf_matrix.experiment.display import Display

# What a measurement takes at least, about: nobody has seen one of its kind yet, or it was a lucky one.
_ASSUMED_S: dict[Purpose, float] = {
    "ends": 10.0,
    "longer": 10.0,
    "count": 5.0,
    "compare": 10.0,
    "confirm": 10.0,
}


class Builder(Protocol):
    """Builds versions ahead of time, if it can."""

    def build(self, specs: Sequence[str]) -> None:
        """Begin to build these versions."""

    def stop(self) -> None:
        """End a build that is under way."""


@dataclass(frozen=True)
class Deadline:
    """When the bisect has to be over, on ``clock``; None for as long as it takes."""

    ends_at: float | None
    clock: Callable[[], float] = field(default=time.monotonic)

    def allows(self, seconds: float) -> bool:
        """Whether something that takes so long may still begin."""
        return self.ends_at is None or self.clock() + seconds < self.ends_at


@dataclass(frozen=True)
class Tools:
    """The probe, what is known, how long there is time, what shows progress and what builds ahead."""

    prober: Prober
    knowledge: Knowledge
    deadline: Deadline
    display: Display
    builder: Builder

    def begin(self, purpose: Purpose, text: str, steps: int = 1, least_s: float = 0.0) -> bool:
        """Show what is measured next, with ``steps`` such measurements to come; False where time is over.

        ``least_s``: seconds that it takes for certain.
        """
        expected_s = max(self.knowledge.usual_s(purpose) or 0.0, _ASSUMED_S[purpose], least_s)
        if not self.deadline.allows(expected_s):
            return False
        if purpose != "count":
            # Counts are exact whatever else runs. Latencies are not.
            self.builder.stop()
        self.display.stage(text)
        self.display.expect(steps * expected_s)
        return True

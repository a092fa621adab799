"""What every part of a bisect works with, passed in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.prober import Prober
from perf_matrix.experiment.display import Display


class Builder(Protocol):
    """Builds versions ahead of time, if it can."""

    def build(self, specs: Sequence[str]) -> None:
        """Begin to build these versions."""


@dataclass(frozen=True)
class Deadline:
    """When the bisect has to be over, on ``clock``; None for as long as it takes."""

    ends_at: float | None
    clock: Callable[[], float] = field(default=time.monotonic)

    def allows(self, seconds: float | None) -> bool:
        """Whether something that takes so long may still begin; of what is not known yet, a moment is assumed."""
        return self.ends_at is None or self.clock() + (seconds or 0.0) < self.ends_at


@dataclass(frozen=True)
class Tools:
    """The probe, what is known, how long there is time, what shows progress and what builds ahead."""

    prober: Prober
    knowledge: Knowledge
    deadline: Deadline
    display: Display
    builder: Builder

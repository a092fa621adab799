"""What a run takes from outside, passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.experiment.display import Display
from perf_matrix.experiment.phases import Phases


@dataclass(frozen=True)
class Surroundings:
    """What a run takes from outside: the cache, the environment, what shows progress, what times phases."""

    cache: Path
    environ: Mapping[str, str]
    display: Display
    phases: Phases

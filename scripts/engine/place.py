"""Where a private engine has its things. Every name follows from one folder, so a later process finds them again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.cache import cache_root

STATE_VARIABLE = "PERF_MATRIX_ENGINE_STATE"


@dataclass(frozen=True)
class EnginePlace:
    """``state`` is kept from one start to the next: images, the last log. What is in ``run`` is gone after a stop."""

    state: Path

    @property
    def id(self) -> str:
        """What tells this engine's processes, rules and control groups from all others on the machine."""
        return f"perf-matrix-engine-{self._digest}"

    @property
    def run(self) -> Path:
        """A short path: the name of a socket in it has at most 107 bytes."""
        return Path("/run") / self.id

    @property
    def docker_host(self) -> str:
        """What DOCKER_HOST is for it."""
        return f"unix://{self.run / 'docker.sock'}"

    @property
    def bridge(self) -> str:
        """Its network interface, whose name has at most 15 bytes."""
        return f"pm-{self._digest}"

    @property
    def log(self) -> Path:
        """What dockerd wrote since its last start."""
        return self.state / "dockerd.log"

    @property
    def _digest(self) -> str:
        return hashlib.sha256(os.fsencode(self.state)).hexdigest()[:8]


def find_place(environ: Mapping[str, str]) -> EnginePlace:
    """$PERF_MATRIX_ENGINE_STATE, else a folder of the cache; it is made where it is missing."""
    chosen = environ.get(STATE_VARIABLE)
    state = Path(chosen) if chosen else cache_root(environ) / "engine"
    state.mkdir(parents=True, exist_ok=True)
    return EnginePlace(state.resolve())

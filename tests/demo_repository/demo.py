"""What a test of a bisect needs: the repository, its plug-in's environment and its matrix file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.checkouts import Repository
from tests.demo_repository.history import Told, make_history
from tests.demo_repository.plug_in import MATRIX, make_plug_in


@dataclass(frozen=True)
class Demo:
    """The demonstration repository, and how perf-matrix is told of its service."""

    repository: Repository
    told: Told
    environ: dict[str, str]
    """For a perf-matrix in another process."""
    matrix: Path = MATRIX


def make_demo(folder: Path) -> Demo:
    """Make all of it below ``folder``."""
    told = make_history(folder / "checkout")
    return Demo(Repository(folder / "checkout"), told, make_plug_in(folder / "plug-in"))

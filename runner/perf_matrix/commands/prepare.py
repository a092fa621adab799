"""``perf-matrix prepare``: get versions ready ahead of time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from perf_matrix.cache import cache_root
from perf_matrix.commands.options import BACKEND, CHECKOUT, MATRIX
from perf_matrix.experiment.display import open_display
from perf_matrix.experiment.phases import Phases
from perf_matrix.experiment.request import BackendChoice, subject_of
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.matrix.read import read_matrix
from perf_matrix.shipped import resolve_matrix
from perf_matrix.targets.registry import find_target


@click.command(short_help="Install or build versions ahead of time.")
@click.argument("subjects", nargs=-1, required=True, metavar="SUBJECT...")
@MATRIX
@BACKEND
@CHECKOUT
def prepare(subjects: tuple[str, ...], matrix: str, backend: BackendChoice, checkout: Path) -> None:
    """Install or build every SUBJECT that is not yet, so that comparing them starts at once.

    \b
    Examples:
      perf-matrix prepare litellm==1.80.5 litellm==1.81.0
      perf-matrix prepare git:main --checkout ../litellm
    """
    # Statistics take seconds to import, and an error message or a help text should not wait for them.
    from perf_matrix.experiment.preparing import prepare as prepare_all  # noqa: PLC0415

    target = find_target(read_matrix(resolve_matrix(matrix)).target)
    chosen = [subject_of(each, target, checkout) for each in subjects]
    with open_display(sys.stderr) as display:
        outside = Surroundings(cache=cache_root(), environ=os.environ, display=display, phases=Phases())
        for info in prepare_all(chosen, target, backend, outside):
            display.note(f"{info.spec} is ready (version {info.version})")

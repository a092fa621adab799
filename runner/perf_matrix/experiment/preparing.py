"""Getting versions ready to be started, without starting them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from perf_matrix.cache import lease_registry
from perf_matrix.experiment.backend import Backend, open_backend
from perf_matrix.experiment.request import BackendChoice
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.lease import hold_lease
from perf_matrix.record.model import SubjectInfo
from perf_matrix.stacks.compose.leftovers import clear_dead
from perf_matrix.subjects.spec import Subject
from perf_matrix.targets.base import Target


def prepare(
    subjects: Sequence[Subject], target: Target, choice: BackendChoice, outside: Surroundings
) -> list[SubjectInfo]:
    """Install or build every subject that is not yet; a run of them then starts at once.

    Raises InputError for one that cannot be had, MissingToolError where a program is missing.
    """
    with preparing_backend(target, choice, outside) as backend:
        return [backend.prepare({"head": each}, outside.display.stage)["head"] for each in subjects]


@contextmanager
def preparing_backend(target: Target, choice: BackendChoice, outside: Surroundings) -> Iterator[Backend]:
    """A backend to prepare versions with; nothing of it runs after the way out."""
    registry = lease_registry(outside.cache)
    with hold_lease(registry) as lease:
        clear_dead(registry, outside.environ)
        backend = open_backend(choice, target, lease, outside)
        try:
            yield backend
        finally:
            backend.stop()

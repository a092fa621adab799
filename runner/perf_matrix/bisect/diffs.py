"""What changed in the code between two neighbours of a history, for whoever shows the likely places."""

from __future__ import annotations

from pathlib import Path

from perf_matrix.bisect.history.changes import commit_difference, folder_difference, packages_of
from perf_matrix.experiment.preparing import preparing_backend
from perf_matrix.experiment.request import BackendChoice, subject_of
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.matrix.model import Arm
from perf_matrix.subjects.spec import Subject
from perf_matrix.targets.base import Target


class CommitDiffs:
    """Between commits of a checkout, ``git:`` and a full hash each."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def between(self, parent: str, culprit: str) -> str:
        """The change as a unified diff."""
        before, after = (spec.removeprefix("git:") for spec in (parent, culprit))
        return commit_difference(self._repository, before, after).diff


class InstalledDiffs:
    """Between versions as they are installed, where the backend has them in folders."""

    def __init__(self, target: Target, backend: BackendChoice, outside: Surroundings) -> None:
        self._target = target
        self._backend = backend
        self._outside = outside

    def between(self, parent: str, culprit: str) -> str:
        """The change as a unified diff; empty where what is installed is inside images."""
        with preparing_backend(self._target, self._backend, self._outside) as backend:
            subjects: dict[Arm, Subject] = {
                "base": subject_of(parent, self._target, Path()),
                "head": subject_of(culprit, self._target, Path()),
            }
            backend.prepare(subjects, self._outside.display.step)
            before, after = backend.code("base"), backend.code("head")
        if before is None or after is None:
            return ""
        return folder_difference(before, after, packages_of(after, self._target.package)).diff

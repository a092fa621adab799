"""Which versions are searched: what the user named in, the candidates out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker

from perf_matrix.bisect.history.candidate import History
from perf_matrix.bisect.history.commits import commits_between
from perf_matrix.bisect.history.images import images_between, name_of
from perf_matrix.bisect.history.listed import history_of_list
from perf_matrix.bisect.history.local_images import local_tags
from perf_matrix.bisect.history.releases import ReleaseChoice, release_history
from perf_matrix.bisect.history.tags import tags_between
from perf_matrix.errors import InputError
from perf_matrix.experiment.request import subject_of
from perf_matrix.subjects.revision import commit_of, repository_of
from perf_matrix.subjects.spec import Commit, Image, Release
from perf_matrix.targets.base import Target

EVERY_FINAL = ReleaseChoice()
FindEngine = Callable[[], docker.DockerClient]
"""The client of the Docker engine that answers. Raises MissingToolError where none does."""


@dataclass(frozen=True)
class Range:
    """What the user named. ``listed``: the text of a list of versions and what to call it."""

    good: str | None
    bad: str | None
    repository: Path | None = None
    tags: str | None = None
    listed: tuple[str, str] | None = None
    choice: ReleaseChoice = EVERY_FINAL
    all_parents: bool = False


@dataclass(frozen=True)
class Chosen:
    """The history that is searched, the names of its ends, and the checkout that its commits are of."""

    good: str
    bad: str
    history: History
    repository: Path | None


def choose(wanted: Range, target: Target, find_engine: FindEngine) -> Chosen:
    """Find the candidates. Raises InputError, one clear message, for what is wrong."""
    _refuse_unheeded(wanted)
    if wanted.listed is not None:
        return _listed(wanted, *wanted.listed, target)
    if wanted.good is None or wanted.bad is None:
        raise InputError(
            f"name both ends: perf-matrix bisect {target.package}==1.2.3 {target.package}==1.3.0, "
            "or perf-matrix bisect --repo DIR GOOD BAD"
        )
    if wanted.repository is not None:
        return _in_repository(wanted.good, wanted.bad, wanted.repository, wanted.tags)
    good, bad = (subject_of(spec, target, Path()) for spec in (wanted.good, wanted.bad))
    if not isinstance(good, Commit):
        _refuse_parents(wanted)
    if isinstance(good, Release) and isinstance(bad, Release):
        history = release_history(good, bad, wanted.choice, target.refusal)
        return Chosen(wanted.good, wanted.bad, history, None)
    _refuse_choice(wanted)
    if isinstance(good, Image) and isinstance(bad, Image):
        history = images_between(good, bad, local_tags(find_engine(), name_of(good)))
        return Chosen(wanted.good, wanted.bad, history, None)
    if isinstance(good, Commit) and isinstance(bad, Commit):
        return _in_repository(wanted.good, wanted.bad, good.repository, wanted.tags)
    raise InputError(
        f"{wanted.good} and {wanted.bad} do not tell what lies between them: name two releases, two images, two "
        "commits (--repo DIR), or all versions in their order (--list FILE)"
    )


def _refuse_unheeded(wanted: Range) -> None:
    """An option that would change nothing is a mistake."""
    if wanted.tags is not None and wanted.repository is None:
        raise InputError("--tags searches the tags of a checkout: add --repo DIR")
    if wanted.listed is not None and wanted.good:
        raise InputError("--list FILE says which versions are searched: leave out GOOD and BAD")
    if wanted.listed is not None and wanted.tags is not None:
        raise InputError("--list FILE says which versions are searched: leave out --tags")
    if wanted.repository is not None or wanted.listed is not None:
        _refuse_choice(wanted)
    if wanted.tags is not None or wanted.listed is not None:
        _refuse_parents(wanted)


def _refuse_parents(wanted: Range) -> None:
    """What looks into merge commits, where not every commit is searched."""
    if wanted.all_parents:
        raise InputError(
            "--all-parents opens up merge commits: leave it out unless commits are searched (--repo DIR)"
        )


def _refuse_choice(wanted: Range) -> None:
    """What chooses among releases, where no releases are searched."""
    if wanted.choice != EVERY_FINAL:
        raise InputError("--pre and --exclude choose among releases: leave them out with anything else")


def _in_repository(good: str, bad: str, checkout: Path, tags: str | None) -> Chosen:
    repository = repository_of(checkout)
    first, last = (_commit(ref, repository) for ref in (good, bad))
    history = commits_between(first, last) if tags is None else tags_between(first, last, tags)
    return Chosen(good, bad, history, repository)


def _commit(ref: str, repository: Path) -> Commit:
    name = ref.removeprefix("git:")
    return Commit(repository, name, commit_of(name, repository))


def _listed(wanted: Range, text: str, source: str, target: Target) -> Chosen:
    checkout = wanted.repository or Path()
    history = history_of_list(text, source, lambda spec: subject_of(spec, target, checkout))
    first, *_, last = history.candidates
    commits = any(candidate.spec.startswith("git:") for candidate in history.candidates)
    return Chosen(first.spec, last.spec, history, repository_of(checkout) if commits else None)

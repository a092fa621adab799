"""The commits between two commits, in a line: the first parents of the bad one, back to the good one.

On a main branch that pull requests are merged into, each step of that line is one pull request. What a
merge commit brought in is a line of its own, `merged_by`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from perf_matrix.bisect.history.candidate import SHORT, History
from perf_matrix.bisect.history.commit_info import Found, candidates_of, found_commits
from perf_matrix.bisect.history.plain import plain
from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.subjects.git import run_git
from perf_matrix.subjects.spec import Commit

_DEEPEN = (
    "this is a shallow clone, which holds only the newest commits: fetch the rest with git fetch --unshallow --tags, "
    "or set fetch-depth: 0 where actions/checkout made it"
)
_LIMIT_S = 300
_FIRST_PARENTS = ("--first-parent", "--reverse")


def commits_between(good: Commit, bad: Commit) -> History:
    """The first-parent history from ``good`` to ``bad``, both of one checkout; oldest first, both among them.

    Where ``good`` is not an ancestor of ``bad``, it begins at their merge base instead, and a note says so.
    Raises InputError where the two are the same or in the wrong order, have no commit in common, or where a
    shallow clone lacks commits between them.
    """
    start, notes = start_of(good, bad)
    line = found_commits(bad.repository, *_FIRST_PARENTS, f"{start}..{bad.sha}")
    first = _one(bad.repository, start)
    _check_complete(line, bad)
    return History("commits", candidates_of([first, *line]), (*notes, *_about_the_first_step(first, line)))


def merged_by(repository: Path, merge: str) -> list[History]:
    """What a merge commit brought in: a history for each of its parents after the first, oldest commit first.

    Each begins with the commit where that parent's first-parent line left what the merge's first parent has, and goes
    along it to that parent. Its ``updates`` are the merges in it that only took up commits which the first parent has.
    None for a commit with one parent, and none for a parent that brought in nothing. ``merge``: a full hash. Raises
    MeasurementError where git fails.
    """
    first, *others = _one(repository, merge).parents or ("",)
    brought = (_brought_in(repository, first, other) for other in others)
    return [history for history in brought if history is not None]


def start_of(good: Commit, bad: Commit) -> tuple[str, tuple[str, ...]]:
    """The hash that a history of the two begins with, and what is to be said of it.

    Raises InputError where the two are the same or in the wrong order, or have no commit in common.
    """
    if good.sha == bad.sha:
        raise InputError(
            f"GOOD and BAD are the same commit, {good.sha[:SHORT]} ({good.spec} and {bad.spec}): name two, "
            "the older one first"
        )
    base = _merge_base(good.repository, good.sha, bad.sha)
    if base is None:
        shallow = is_shallow(good.repository)
        why = f": {_DEEPEN}" if shallow else ". Name two commits of the same history"
        raise InputError(f"{good.spec} and {bad.spec} have no commit in common in {good.repository}{why}")
    if base == bad.sha:
        raise InputError(
            f"GOOD has to be the older commit, and {bad.spec} is an ancestor of {good.spec}. "
            f"Write the older one first, whichever is the faster: {bad.spec} {good.spec}"
        )
    if base == good.sha:
        return base, ()
    note = (
        f"{good.spec} is not an ancestor of {bad.spec}: the history begins at their merge base, {base[:SHORT]}. "
        f"What {good.spec} has beside it is not looked into"
    )
    return base, (note,)


def is_shallow(repository: Path) -> bool:
    """Whether it is a clone that lacks older commits."""
    return run_git(repository, "rev-parse", "--is-shallow-repository").stdout.strip() == "true"


def _brought_in(repository: Path, first: str, other: str) -> History | None:
    line = found_commits(repository, *_FIRST_PARENTS, other, f"^{first}")
    if not line:
        return None
    updates = _updates(repository, first, other, line)
    # Not the merge base: that is newer where the branch took up commits of the other line, and not where it began.
    starts = [_one(repository, parent) for parent in line[0].parents[:1]]
    notes = () if starts else (_about_the_root(repository, first, other),)
    return History("commits", candidates_of([*starts, *line]), notes, updates)


def _updates(repository: Path, first: str, other: str, line: Sequence[Found]) -> tuple[str, ...]:
    """The specs of the merges in a line of which every further parent is in the history of ``first``."""
    merges = [commit for commit in line if len(commit.parents) > 1]
    if not merges:
        return ()
    listed = run_git(repository, "rev-list", other, f"^{first}", limit_s=_LIMIT_S)
    if listed.returncode != 0:
        raise MeasurementError(f"git could not list commits of {repository}: {plain(listed.stderr)}")
    new = set(listed.stdout.split())
    return tuple(f"git:{merge.sha}" for merge in merges if new.isdisjoint(merge.parents[1:]))


def _about_the_root(repository: Path, first: str, other: str) -> str:
    """What is to be said of a merged line that goes back to a commit without parents."""
    if is_shallow(repository):
        return f"the commits before {other[:SHORT]} go back to where the clone was cut off: {_DEEPEN}"
    return f"{other[:SHORT]} and {first[:SHORT]} have no commit in common: this is all of the merged history"


def _about_the_first_step(first: Found, line: Sequence[Found]) -> tuple[str, ...]:
    """A note where the second commit's first parent is not the first commit."""
    if not line or first.sha in line[0].parents[:1]:
        return ()
    note = (
        f"{first.sha[:SHORT]} is not the first parent of {line[0].sha[:SHORT]}, the next commit of this history: the "
        "two may differ in more than that commit"
    )
    return (note,)


def _check_complete(line: Sequence[Found], bad: Commit) -> None:
    """A commit without parents between the ends is where a shallow clone was cut off."""
    if any(not commit.parents for commit in line) and is_shallow(bad.repository):
        raise InputError(f"commits before {bad.spec} are missing in {bad.repository}: {_DEEPEN}")


def _merge_base(repository: Path, one: str, other: str) -> str | None:
    """The newest common ancestor; the first of several; None where there is none."""
    return next(iter(run_git(repository, "merge-base", one, other).stdout.split()), None)


def _one(repository: Path, sha: str) -> Found:
    (found,) = found_commits(repository, "--no-walk", sha)
    return found

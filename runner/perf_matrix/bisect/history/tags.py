"""The tags between two commits, in the order of history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from perf_matrix.bisect.history.candidate import SHORT, TAGS, Candidate, History
from perf_matrix.bisect.history.commit_info import Found, found_commits
from perf_matrix.bisect.history.commits import start_of
from perf_matrix.bisect.history.plain import plain
from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.matrix.nearest import hint
from perf_matrix.subjects.git import run_git
from perf_matrix.subjects.spec import Commit

_PEELED = "^{}"


def tags_between(good: Commit, bad: Commit, glob: str = "*") -> History:
    """The tags from ``good`` to ``bad`` whose names ``glob`` matches: on descendants of one and ancestors of other.

    Older commits first. Several tags on a commit are one candidate, with the shortest of their names. The ends are
    candidates whether they are tagged or not. Raises InputError where tags lie between, but none that ``glob``
    matches, and what `perf_matrix.bisect.history.commits.start_of` raises.
    """
    start, notes = start_of(good, bad)
    tagged = _tags(bad.repository)
    between = [commit for commit in _commits(start, bad) if commit.sha in tagged]
    chosen = [
        (commit, name)
        for commit in between
        if (name := _shortest(tagged[commit.sha], glob)) and commit.sha != bad.sha
    ]
    if between and not chosen and glob != "*":
        names = [plain(name) for commit in between for name in tagged[commit.sha]]
        raise InputError(
            f"--tags {glob}: no tag between {good.spec} and {bad.spec} is called so; {hint(glob, names)}"
        )
    middle = (Candidate(f"git:{commit.sha}", plain(name), commit.info) for commit, name in chosen)
    ends = found_commits(bad.repository, "--no-walk=unsorted", start, bad.sha)
    first, last = (_end(end, tagged, named) for end, named in zip(ends, (good, bad), strict=True))
    none = () if chosen else (f"no tag lies between {good.spec} and {bad.spec}",)
    return History("tags", tuple(_told_apart([first, *middle, last])), (*notes, *none))


def _told_apart(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """Names that look alike once what cannot be seen of them is gone, or that are empty then, with their hash."""
    shown = Counter(candidate.label for candidate in candidates)
    for one in candidates:
        alone = one.label and shown[one.label] == 1
        label = one.label if alone else f"{one.label} {one.spec.removeprefix('git:')[:SHORT]}".strip()
        yield replace(one, label=label)


def _commits(start: str, bad: Commit) -> list[Found]:
    """All between the two, parents before children, that descend from the first."""
    walk = ("--topo-order", "--reverse", "--ancestry-path")
    return found_commits(bad.repository, *walk, f"{start}..{bad.sha}")


def _tags(repository: Path) -> dict[str, list[str]]:
    """The names of the tags on each commit, by its hash."""
    done = run_git(repository, "show-ref", "--tags", "--dereference")
    if done.returncode not in (0, 1):  # 1: there are none.
        raise MeasurementError(f"git could not list the tags of {repository}: {done.stderr.strip()}")
    # An annotated tag is listed twice, the second time with what it leads to.
    objects: dict[str, str] = {}
    for line in done.stdout.splitlines():
        sha, _, name = line.partition(" ")
        objects[name.removesuffix(_PEELED).removeprefix(TAGS)] = sha
    tagged: dict[str, list[str]] = {}
    for name, sha in objects.items():
        tagged.setdefault(sha, []).append(name)
    return tagged


def _shortest(names: Sequence[str], glob: str = "*") -> str:
    matching = [name for name in names if fnmatchcase(name, glob)]
    return min(matching, key=lambda name: (len(name), name), default="")


def _end(end: Found, tagged: Mapping[str, Sequence[str]], named: Commit) -> Candidate:
    """An end by the tag that the user named, another tag of it, or digits of its hash."""
    names = tagged.get(end.sha, ())
    own = named.ref.removeprefix(TAGS)
    label = own if own in names else _shortest(names)
    return Candidate(f"git:{end.sha}", plain(label) or end.sha[:SHORT], end.info)

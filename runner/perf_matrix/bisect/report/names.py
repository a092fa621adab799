"""How versions, endpoints and commits are named in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from perf_matrix.bisect.model import Bisection, CommitInfo, Culprit, SymptomResult, Version
from perf_matrix.report.plain import shortened

LABEL_LIMIT = 40
TITLE_LIMIT = 100
NAME_LIMIT = 80
AUTHOR_LIMIT = 80
REASON_LIMIT = 160
_LISTED = 6
_REASONS_SAID = 2
_PAIR = 2
# How a reason begins that has a version as its subject.
_CLAUSES = ("could not ", "cannot ", "did not ", "does not ", "was ", "is ", "has ")


def label(version: Version) -> str:
    """Return what a version is called in tables and sentences."""
    return shortened(version.label or version.spec, LABEL_LIMIT)


def listed(versions: Sequence[Version], places: Sequence[int]) -> str:
    """Return the versions by name, or the first and last of them where they are many."""
    names = [label(versions[place]) for place in places]
    if len(names) > _LISTED:
        return f"{len(names)} versions from {names[0]} to {names[-1]}"
    return ", ".join(names)


def stretch(versions: Sequence[Version], first: int, last: int) -> str:
    """Return the names of a stretch of the history by its ends."""
    return f"{label(versions[first])} to {label(versions[last])}"


def suspects(culprit: Culprit) -> list[int]:
    """Return every version that may have made the change, in the order of the history."""
    return sorted({*culprit.suspects, culprit.version})


def culprit_name(versions: Sequence[Version], culprit: Culprit) -> str:
    """Return the culprit's name: '1.80.9', or 'one of 1.80.8, 1.80.9' where some could not be measured."""
    if not culprit.suspects:
        return label(versions[culprit.version])
    return f"one of {listed(versions, suspects(culprit))}"


def why_several(versions: Sequence[Version], culprit: Culprit, limit: int = REASON_LIMIT) -> str:
    """Return why a culprit is one of several: '1.80.8 could not be started', with reasons of ``limit`` characters."""
    groups = skipped_groups(versions, culprit.suspects)
    said = [
        f"{group_name(versions, group)} {_failed(versions[group[0]], limit)}"
        for group in groups[:_REASONS_SAID]
    ]
    rest = sum(map(len, groups[_REASONS_SAID:]))
    return "; ".join([*said, *([f"{rest} more could not be measured either"] if rest else [])])


def skipped_groups(versions: Sequence[Version], places: Sequence[int]) -> list[list[int]]:
    """Return the places in groups: neighbours in the history that were skipped for the same reason."""
    groups: list[list[int]] = []
    for place in places:
        last = groups[-1][-1] if groups else -1
        if place == last + 1 and groups and versions[last].reason == versions[place].reason:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def endpoint(bisection: Bisection, symptom: SymptomResult) -> str:
    """Return the endpoint's name, with its cell where the symptoms are of several."""
    name = shortened(symptom.endpoint or "the service", NAME_LIMIT)
    several = len({each.cell for each in bisection.symptoms}) > 1
    return f"{name} in {shortened(symptom.cell, NAME_LIMIT)}" if several else name


def commit_line(commit: CommitInfo | None) -> str:
    """Return a commit's title, author and date on one line; nothing for a release."""
    if commit is None:
        return ""
    title, author = shortened(commit.title, TITLE_LIMIT), shortened(commit.author, AUTHOR_LIMIT)
    return f"“{title}” by {author}, {commit.date:%Y-%m-%d}"


def group_name(versions: Sequence[Version], group: Sequence[int]) -> str:
    """Return the name of neighbours in the history: '1.80.8', '1.80.8 and 1.80.9', '1.80.8 to 1.80.15 (4 versions)'."""
    first, last = label(versions[group[0]]), label(versions[group[-1]])
    if len(group) <= _PAIR:
        return first if len(group) == 1 else f"{first} and {last}"
    return f"{first} to {last} ({len(group)} versions)"


def _failed(version: Version, limit: int) -> str:
    """Return why a version was skipped, as the end of a sentence."""
    reason = shortened(version.reason, limit).rstrip(".")
    if reason.startswith(_CLAUSES):
        return reason
    return f"could not be measured: {reason}" if reason else "could not be measured"

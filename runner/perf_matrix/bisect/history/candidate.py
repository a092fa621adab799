"""The versions that a bisect chooses from, in order.  (Pure.)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perf_matrix.bisect.history.plain import plain
from perf_matrix.bisect.model import CommitInfo
from perf_matrix.subjects.spec import Commit, Image, Release, Subject

HistoryKind = Literal["releases", "commits", "tags", "images", "list"]

SHORT = 8
"""Digits of a hash that a label shows; more where two of a history begin alike."""

TAGS = "refs/tags/"
"""What git puts before the name of a tag."""


@dataclass(frozen=True)
class Candidate:
    """One version of a history.

    ``spec``: as a subject is written (``litellm==1.80.9``, ``git:`` and a full hash). ``label``: for tables and
    pictures, short, no two alike in a history. ``commit``: what the commit says of itself, where it is one.
    """

    spec: str
    label: str
    commit: CommitInfo | None = None


@dataclass(frozen=True)
class History:
    """The candidates, the good end first and the bad end last, and what a reader must know about them.

    ``updates``: of a branch that was merged, the specs of its own merges that only took up what it was merged into.
    """

    kind: HistoryKind
    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()


def candidate_of(subject: Subject, commit: CommitInfo | None = None) -> Candidate:
    """A subject as a candidate. A commit is named by its hash: what it was called by may move.

    Others choose the names of tags and branches, so a label shows them as `plain` does.
    """
    match subject:
        case Release(version=version):
            return Candidate(subject.spec, version)
        case Commit(sha=sha, ref=ref):
            is_hash = sha.startswith(ref.lower())
            called = "" if is_hash else plain(ref.removeprefix(TAGS))
            return Candidate(f"git:{sha}", called or sha[:SHORT], commit)
        case Image(reference=reference):
            return Candidate(subject.spec, plain(tag_of(reference)) or subject.label)
        case _:
            return Candidate(subject.spec, plain(subject.label))


def tag_of(reference: str) -> str:
    """The tag of an image's name; empty where it has none, or a digest, which says what is meant instead."""
    _, colon, tag = reference.rpartition(":")
    return tag if colon and "/" not in tag and "@" not in reference else ""

"""What commits say of themselves: title, author, date, parents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from perf_matrix.bisect.history.candidate import SHORT, Candidate, candidate_of
from perf_matrix.bisect.history.pages import Pages, pages_of
from perf_matrix.bisect.history.plain import plain
from perf_matrix.bisect.model import CommitInfo
from perf_matrix.errors import MeasurementError
from perf_matrix.subjects.git import run_git
from perf_matrix.subjects.spec import Commit, Subject

_LIMIT_S = 300
# Every field on a line of its own, a NUL after each commit: no field can hold either.
_FIELDS = "--format=%H%n%P%n%an%n%ae%n%aI%n%at%n%s"
# What the user's own configuration would add, or would change in names.
_AS_IT_IS = (
    *("--no-show-signature", "--no-mailmap", "--no-color", "--no-decorate", "--no-patch", "--no-notes"),
    "--encoding=UTF-8",
)
_FIELD_COUNT = 7


@dataclass(frozen=True)
class Found:
    """A commit that git lists, with its parents, the first one first."""

    info: CommitInfo
    parents: tuple[str, ...]

    @property
    def sha(self) -> str:
        """Its full hash."""
        return self.info.sha


def found_commits(repository: Path, *choice: str, pages: Pages | None = None) -> list[Found]:
    """The commits that ``git log`` lists with the arguments ``choice``, in its order, by one call of git.

    ``pages``: where they can be read; by default on the pages of the checkout's remote. Raises
    MeasurementError with git's words where it fails.
    """
    done = run_git(repository, "log", "-z", _FIELDS, *_AS_IT_IS, *choice, "--", limit_s=_LIMIT_S)
    if done.returncode != 0:
        raise MeasurementError(f"git could not list commits of {repository}: {plain(done.stderr)}")
    pages = pages_of(repository) if pages is None else pages
    return [_found(record, pages) for record in done.stdout.split("\0") if record]


def commit_info(repository: Path, sha: str) -> CommitInfo:
    """What one commit says of itself. Raises MeasurementError where there is no such commit."""
    (found,) = found_commits(repository, "--no-walk", sha)
    return found.info


def described(subject: Subject) -> Candidate:
    """A subject as a candidate; a commit with what it says of itself."""
    commit = commit_info(subject.repository, subject.sha) if isinstance(subject, Commit) else None
    return candidate_of(subject, commit)


def candidates_of(commits: Sequence[Found]) -> tuple[Candidate, ...]:
    """The commits as candidates; as many digits in their labels as tell them apart, 8 or more."""
    digits = digits_for([commit.sha for commit in commits])
    return tuple(Candidate(f"git:{one.sha}", one.sha[:digits], one.info) for one in commits)


def digits_for(hashes: Sequence[str]) -> int:
    """How many digits tell all of these hashes apart, 8 at least."""
    count = len(set(hashes))
    digits = SHORT
    while len({sha[:digits] for sha in hashes}) < count:
        digits += 1
    return digits


def _found(record: str, pages: Pages) -> Found:
    sha, parents, name, email, date, seconds, title = record.split("\n", _FIELD_COUNT - 1)
    return Found(
        CommitInfo(
            sha=sha,
            title=plain(title),
            author=plain(f"{name} <{email}>"),
            date=_date(date, seconds),
            url=pages.commit(sha),
            parents=len(parents.split()),
        ),
        tuple(parents.split()),
    )


def _date(written: str, seconds: str) -> datetime:
    """As the author's clock showed it; in UTC where its time zone is none, 1970 where there is no date."""
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        pass
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)

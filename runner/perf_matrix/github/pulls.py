"""Pull requests: which one a run belongs to, what it started from, and who has set a label on it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from perf_matrix.github.client import GitHub
from perf_matrix.github.errors import NotFoundError
from perf_matrix.github.model import Label, LabelEvent, PullRequest, Read, WorkflowRun, read


class _Commit(Read):
    sha: str


class _Comparison(Read):
    """How two commits are related."""

    merge_base_commit: _Commit


def pull_request(github: GitHub, repository: str, number: int) -> PullRequest:
    """The pull request as it is now. Raises what GitHub's methods do, as do all functions here."""
    return read(PullRequest, github.get(f"/repos/{repository}/pulls/{number}"), "the pull request")


def merge_base(github: GitHub, repository: str, one: str, other: str) -> str:
    """The newest commit that both commits come from; forks of the repository are known, too."""
    # What it lists besides, commits and files, is not wanted.
    compared = github.get(f"/repos/{repository}/compare/{one}...{other}", per_page=1)
    return read(_Comparison, compared, "the comparison of two commits").merge_base_commit.sha


def find_pull_request(github: GitHub, repository: str, run: WorkflowRun) -> PullRequest | None:
    """The pull request that the run measured, by where its head is: owner, branch and commit; None where there is none.

    Never ask the run's artifact: the code that it ran has written that. Open pull requests come first, then newer
    ones. None also where the branch has moved on since, and where the fork has been deleted.
    """
    if run.head_repository is None or not run.head_branch:
        return None
    head = f"{run.head_repository.owner.login}:{run.head_branch}"
    found = [
        candidate
        for page in github.pages(f"/repos/{repository}/pulls", state="all", head=head)
        for candidate in read(list[PullRequest], page, "the pull requests")
        if _is_of(candidate, run)
    ]
    return max(found, key=lambda one: (one.state == "open", one.number), default=None)


def labelled(github: GitHub, repository: str, number: int, label: str) -> LabelEvent | None:
    """The latest setting of ``label``; None where it is not there now. Upper and lower case are alike, as on GitHub."""
    path = f"/repos/{repository}/issues/{number}"
    if not _holds(_labels(github, f"{path}/labels"), label):
        return None
    events = (
        event
        for page in github.pages(f"{path}/events")
        for event in read(list[LabelEvent], page, "the events")
        if event.event == "labeled" and event.label is not None and _holds([event.label], label)
    )
    return max(events, key=lambda event: (event.created_at, event.id), default=None)


def remove_label(github: GitHub, repository: str, number: int, label: str) -> None:
    """Take the label off; nothing happens where it is not there."""
    try:
        github.delete(f"/repos/{repository}/issues/{number}/labels/{quote(label, safe='')}")
    except NotFoundError:
        return


def _is_of(candidate: PullRequest, run: WorkflowRun) -> bool:
    # The filter of the list goes by owner and branch; an owner may have two forks with a branch of that name.
    return (
        candidate.head.sha == run.head_sha
        and candidate.head.ref == run.head_branch
        and candidate.head.repo is not None
        and run.head_repository is not None
        and candidate.head.repo.full_name == run.head_repository.full_name
    )


def _labels(github: GitHub, path: str) -> Iterable[Label]:
    for page in github.pages(path):
        yield from read(list[Label], page, "the labels")


def _holds(labels: Iterable[Label], name: str) -> bool:
    return any(label.name.casefold() == name.casefold() for label in labels)

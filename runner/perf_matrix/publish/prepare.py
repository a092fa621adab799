"""Before anything is measured: which two versions, their commits in the checkout, their diff.

Runs before any code of the pull request does, so it may use the token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from perf_matrix.errors import InputError
from perf_matrix.github.client import GitHub
from perf_matrix.github.errors import GitHubError
from perf_matrix.github.event import Job
from perf_matrix.github.pulls import merge_base
from perf_matrix.publish.commits import Checkout
from perf_matrix.publish.ends import MergeBase, ends_of
from perf_matrix.subjects.revision import is_full_hash

_GIT = "git:"
_DIGITS = 12


@dataclass(frozen=True)
class Prepared:
    """What to compare: two subject specs, and their diff where both are commits of the checkout.

    ``words`` says how they were chosen.
    """

    base: str
    head: str
    diff: str
    words: str


def prepare(job: Job, base: str, head: str, checkout: Checkout, common: MergeBase) -> Prepared:
    """What this job compares. ``base`` and ``head``: what the user asked for, empty where the event decides.

    Commits that are missing are fetched. Raises InputError where there is nothing to compare with, where a commit
    cannot be had, and on an event that gives a stranger's code a token that may write.
    """
    if job.event == "pull_request_target":
        raise InputError(
            "this event gives the pull request's code a token that may write. Use the event pull_request, and "
            "for forks a second workflow with perf-matrix/perf-matrix/publish (docs/ACTION.md, Forks)"
        )
    words = f"{head} with {base}, as asked for"
    if not (base and head):
        ends = ends_of(job, checkout, common)
        words = f"{head or ends.head[:8]} with {base or f'{ends.base[:8]}, {ends.base_words}'}"
        base, head = base or _spec(ends.base, checkout), head or _spec(ends.head, checkout)
    one, other = _fetched(base, checkout), _fetched(head, checkout)
    return Prepared(base, head, checkout.diff(one, other) if one and other else "", words)


def common_commit(
    job: Job, checkout: Checkout, github: GitHub | None, say: Callable[[str], None]
) -> MergeBase:
    """How to find the newest common commit: GitHub knows all of the history, a checkout often only its end."""

    def found(one: str, other: str) -> str:
        if github is not None:
            try:
                return merge_base(github, job.repository, one, other)
            except GitHubError as error:
                say(f"GitHub did not tell where the branch began ({error}): asking the checkout")
        return checkout.merge_base(one, other)

    return found


def _spec(sha: str, checkout: Checkout) -> str:
    """The spec of a commit, which is in the checkout from now on; short, since reports are read by people."""
    checkout.fetch(sha)
    return _GIT + sha[:_DIGITS]


def _fetched(spec: str, checkout: Checkout) -> str:
    """The commit of a spec, which is in the checkout from now on; empty for no commit, and for a name of none."""
    ref = spec.removeprefix(_GIT)
    if ref == spec:
        return ""
    if is_full_hash(ref):
        checkout.fetch(ref)
    return checkout.commit(ref)

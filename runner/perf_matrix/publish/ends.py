"""Which two commits a job should compare, from the event that started it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from perf_matrix.errors import InputError
from perf_matrix.github.event import Job
from perf_matrix.publish.commits import Checkout

MergeBase = Callable[[str, str], str]
"""The newest common commit of two, as far as it can be told; empty where it cannot."""


@dataclass(frozen=True)
class Ends:
    """The commits to compare, by their full hashes; ``base_words`` says how base was chosen."""

    base: str
    head: str
    base_words: str


def ends_of(job: Job, checkout: Checkout, merge_base: MergeBase) -> Ends:
    """The two ends of what the event is about. Raises InputError where there is nothing to compare with.

    A pull request is compared with the commit that it started from, not with the tip of its base branch: what others
    have merged meanwhile is none of its doing.
    """
    payload = job.payload
    if payload.pull_request is not None:
        pull_request = payload.pull_request
        return _since_the_branching(
            pull_request.base.sha, pull_request.head.sha, pull_request.base.ref, merge_base
        )
    if payload.merge_group is not None:
        return Ends(
            payload.merge_group.base_sha, payload.merge_group.head_sha, "what the merge queue merges onto"
        )
    return _of_a_branch(job, checkout, merge_base)


def _since_the_branching(tip: str, head: str, branch: str, merge_base: MergeBase) -> Ends:
    common = merge_base(tip, head)
    if common:
        return Ends(common, head, f"where it branched off {branch}")
    return Ends(tip, head, f"the tip of {branch}: where the branch began cannot be told")


def _of_a_branch(job: Job, checkout: Checkout, merge_base: MergeBase) -> Ends:
    """A push, a schedule, a start by hand: with the default branch, or on that with the commit before."""
    default = job.payload.repository.default_branch or "main"
    tip = checkout.tip(default)
    if tip and tip != job.sha and (common := merge_base(tip, job.sha)) and common != job.sha:
        return Ends(common, job.sha, f"where it branched off {default}")
    before = job.payload.commit_before or checkout.parent(job.sha)
    if not before:
        raise InputError(
            f"there is no commit before {job.sha} in this checkout to compare it with. Set the input base, such as "
            "git:v1.2.3, or fetch-depth: 0 where actions/checkout makes the checkout"
        )
    return Ends(before, job.sha, "the commit before")

"""Which commit of a checkout does a name mean? Answered once, so that a branch may move afterwards."""

from __future__ import annotations

import re
from pathlib import Path

from perf_matrix.errors import InputError
from perf_matrix.matrix.nearest import hint
from perf_matrix.subjects.git import run_git

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_full_hash(text: str) -> bool:
    """Whether it is the whole name of a commit, by SHA-1 or SHA-256: a branch or a tag cannot be meant."""
    return _SHA.fullmatch(text) is not None


def repository_of(checkout: Path) -> Path:
    """The top folder of the checkout that ``checkout`` lies in. Raises InputError where it lies in none."""
    done = run_git(checkout, "rev-parse", "--show-toplevel")
    if done.returncode != 0:
        raise InputError(
            f"git:REF is a commit of a git checkout, and git finds none in {checkout.resolve()} "
            f"({' '.join(done.stderr.split())}). Go to the checkout, or write path:DIR for a folder"
        )
    return Path(done.stdout.removesuffix("\n"))


def commit_of(ref: str, repository: Path) -> str:
    """The full hash of the commit that ``ref`` means: a branch, a tag, ``origin/main``, a hash, ``HEAD~2``.

    Raises InputError that names the nearest branch or tag where it means none or several.
    """
    if not ref or ref.startswith("-") or not ref.isprintable():
        raise InputError(f"{f'git:{ref}'!r} names no commit: write git:main, git:v1.2.3 or git:1a2b3c4d")
    done = run_git(repository, "rev-parse", "--verify", f"{ref}^{{commit}}")
    if "is ambiguous" in done.stderr:
        raise InputError(
            f"git:{ref}: means more than one thing in {repository}: write more digits of the hash, "
            f"or git:refs/heads/{ref} for the branch and git:refs/tags/{ref} for the tag"
        )
    sha = done.stdout.strip()
    if done.returncode != 0 or not is_full_hash(sha):
        raise InputError(f"git:{ref}: no such commit in {repository}; {_advice(ref, repository)}")
    return sha


def _advice(ref: str, repository: Path) -> str:
    known = _branches_and_tags(repository)
    elsewhere = [name for name in known if name.endswith(f"/{ref}")]
    advice = f"did you mean {elsewhere[0]!r}?" if elsewhere else hint(ref, known)
    return advice + _about_shallowness(repository)


def _branches_and_tags(repository: Path) -> list[str]:
    """Their short names; remote-tracking ones with the remote's name before them."""
    namespaces = ("refs/heads", "refs/tags", "refs/remotes")
    return run_git(repository, "for-each-ref", "--format=%(refname:short)", *namespaces).stdout.splitlines()


def _about_shallowness(repository: Path) -> str:
    if run_git(repository, "rev-parse", "--is-shallow-repository").stdout.strip() != "true":
        return ""
    return (
        ". This is a shallow clone, which holds only the newest commits: fetch the rest with "
        "git fetch --unshallow --tags, or set fetch-depth: 0 where actions/checkout made it"
    )

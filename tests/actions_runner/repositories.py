"""Repositories for workflows to run in: an origin with a pull request, and the workspace that GitHub would check out.

For a pull request GitHub checks out a merge of its head into its base: a commit that is on no branch, by default
with none of its history.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.checkouts import Repository, litellm_repository, new_repository
from tests.github_api.state import Branch, Comparison, PullRequest, State

REPOSITORY = "acme/service"
NUMBER = 7
_EVERYTHING = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Proposed:
    """A pull request in an origin: the hashes of its base, of its head, and of the merge of the two."""

    origin: Repository
    base: str
    head: str
    merge: str

    def state(self, head_repository: str = REPOSITORY) -> State:
        """The local GitHub with this pull request; its head may be in a fork."""
        head, base = Branch("change", self.head, head_repository), Branch("main", self.base, REPOSITORY)
        return State(
            REPOSITORY,
            private=False,
            pull_requests=[PullRequest(NUMBER, head, base)],
            comparisons=[Comparison(self.base, self.head, merge_base=self.base)],
        )


def small_origin(folder: Path, files: Mapping[str, str] = {}) -> Proposed:
    """Three commits, for runs whose subjects are releases: what is in them does not matter.

    ``files``: what the repository has besides, by path.
    """
    origin = new_repository(folder)
    base = origin.commit("A service", {"service.py": "ANSWER = 41\n", **files})
    origin.git("switch", "--quiet", "--create=change")
    origin.commit("A test of it", {"test_service.py": "from service import ANSWER\n"})
    head = origin.commit("A change of it", {"service.py": "ANSWER = 42\n"})
    origin.git("switch", "--quiet", "main")
    return propose(origin, base, head)


def litellm_origin(folder: Path) -> Proposed:
    """Real LiteLLM source in two commits, for runs whose subjects are commits."""
    origin = litellm_repository(folder)
    return propose(origin, origin.git("rev-parse", "first"), origin.git("rev-parse", "second"))


def propose(origin: Repository, base: str, head: str) -> Proposed:
    """Make the merge of ``head``, which descends from ``base``, as GitHub does for a pull request."""
    merge = origin.git(
        "commit-tree", f"{head}^{{tree}}", "-p", base, "-p", head, "-m", f"Merge {head} into {base}"
    )
    origin.git("update-ref", f"refs/pull/{NUMBER}/merge", merge)
    # GitHub hands out any commit that it has.
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    return Proposed(origin, base, head, merge)


def full_checkout(proposed: Proposed, folder: Path) -> Path:
    """What actions/checkout makes with ``fetch-depth: 0``."""
    return _checkout(proposed, folder, "origin", *_EVERYTHING)


def shallow_checkout(proposed: Proposed, folder: Path) -> Path:
    """What actions/checkout makes by default: the merge, without its parents."""
    return _checkout(proposed, folder, "--no-tags", "--depth=1", "origin")


def own_repository(folder: Path) -> Path:
    """This repository's files as they are here, without what git ignores: what ``uses:`` downloads."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = _ROOT / name, folder / name
        # A file that was deleted is listed until that is committed.
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def _checkout(proposed: Proposed, folder: Path, *fetched: str) -> Path:
    merge = f"refs/remotes/pull/{NUMBER}/merge"
    workspace = new_repository(folder)
    workspace.git("remote", "add", "origin", proposed.origin.folder.as_uri())
    workspace.git("fetch", "--quiet", *fetched, f"+{proposed.merge}:{merge}")
    workspace.git("checkout", "--quiet", "--detach", merge)
    return folder

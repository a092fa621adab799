"""The commits of the checkout that a job works in: are they there, where do they come from, how do they differ?"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.subjects.git import run_git

_REMOTE = "origin"
_PARENT = "parent "
_LIMIT_S = 600.0
_DIFF_LIMIT = 50_000_000


@dataclass(frozen=True)
class Login:
    """How to fetch from a private repository; nothing of it is ever written to a file."""

    server_url: str
    token: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """What makes git send the token to this server, and to no other."""
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self.server_url}/.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}",
        }


@dataclass(frozen=True)
class Checkout:
    """A git checkout; ``login`` is tried where fetching without it fails."""

    folder: Path
    environ: Mapping[str, str]
    login: Login | None = None

    def has(self, sha: str) -> bool:
        """Whether the commit is in the checkout."""
        return self._git("cat-file", "-e", f"{sha}^{{commit}}").returncode == 0

    def fetch(self, sha: str) -> None:
        """Get a commit that is missing. Raises InputError, saying what to add to the workflow, where that fails."""
        if self.has(sha):
            return
        # In a whole clone a depth would cut its history off.
        depth = ["--depth=1"] if self._is_shallow() else []
        words = ["fetch", "--no-tags", "--no-write-fetch-head", *depth, _REMOTE, sha]
        done = self._ask_the_remote(*words)
        if not self.has(sha):
            raise InputError(
                f"the commit {sha} is not in this checkout and cannot be fetched "
                f"({' '.join(done.stderr.split())[-300:]}). Set fetch-depth: 0 where actions/checkout makes it"
            )

    def merge_base(self, one: str, other: str) -> str:
        """The newest commit that both come from; empty where the checkout does not reach back so far."""
        return self._git("merge-base", one, other).stdout.strip()

    def commit(self, ref: str) -> str:
        """The full hash of the commit that ``ref`` names; empty where it names none here."""
        done = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        return done.stdout.strip() if done.returncode == 0 else ""

    def parent(self, sha: str) -> str:
        """The commit before, which a shallow clone names without having it; empty for the first commit of all."""
        said = self._git("cat-file", "commit", sha).stdout
        return next((line[len(_PARENT) :] for line in said.splitlines() if line.startswith(_PARENT)), "")

    def tip(self, branch: str) -> str:
        """Where a branch of the remote is; empty where nobody knows."""
        found = self.commit(f"refs/remotes/{_REMOTE}/{branch}") or self.commit(f"refs/heads/{branch}")
        if found:
            return found
        done = self._ask_the_remote("ls-remote", "--exit-code", _REMOTE, f"refs/heads/{branch}")
        return done.stdout.split()[0] if done.returncode == 0 else ""

    def diff(self, base: str, head: str) -> str:
        """The change between two commits as a unified diff; empty where it is too long to be of use."""
        done = self._git("diff", "--no-color", "--no-ext-diff", "--no-textconv", base, head, "--")
        if done.returncode != 0:
            raise MeasurementError(f"git diff {base} {head} failed: {done.stderr.strip()[-300:]}")
        # What is no UTF-8 cannot be written to a report.
        text = done.stdout.encode(errors="surrogateescape").decode(errors="replace")
        return text if len(text) <= _DIFF_LIMIT else ""

    def _ask_the_remote(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = self._git(*words)
        if done.returncode != 0 and self.login is not None:
            # Not at once: where actions/checkout keeps a login of its own, two of them are refused.
            done = self._git(*words, more=self.login.environment())
        return done

    def _is_shallow(self) -> bool:
        return self._git("rev-parse", "--is-shallow-repository").stdout.strip() == "true"

    def _git(self, *words: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return run_git(self.folder, *words, environ={**self.environ, **(more or {})}, limit_s=_LIMIT_S)

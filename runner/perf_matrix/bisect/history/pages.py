"""Where a checkout's commits can be read: the pages of the hosts that are known.  (Pure, but for `pages_of`.)"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.subjects.git import run_git

_COMMIT_PAGES = {
    "github.com": "commit",
    "gitlab.com": "-/commit",
    "bitbucket.org": "commits",
    "codeberg.org": "commit",
}
# Names of the same hosts that are reached by SSH through the port of HTTPS, and others that people write.
_SAME_HOST = {
    "ssh.github.com": "github.com",
    "www.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
# Whoever logs in there, and a port, are of no concern to a page.
_URL = re.compile(
    r"(?:https?|ssh|git|git\+ssh)://(?:[^/\s]*@)?(?P<host>[A-Za-z0-9.-]+)(?::[0-9]*)?/+(?P<path>[^?#]*)"
)
_SCP = re.compile(r"(?:[^/\s:]*@)?(?P<host>[A-Za-z0-9.-]+):/?(?!/)(?P<path>[^?#]*)")
_PATH = re.compile(r"[A-Za-z0-9_.~-]+(?:/[A-Za-z0-9_.~-]+)+")


@dataclass(frozen=True)
class Pages:
    """The pages of one repository; without an address, of none."""

    repository: str = ""
    """``https://github.com/BerriAI/litellm``"""
    kind: str = ""
    """What stands between it and the hash: ``commit``"""

    def commit(self, sha: str) -> str:
        """The page of a commit; empty where there is none."""
        return f"{self.repository}/{self.kind}/{sha}" if self.repository else ""


def pages_of(repository: Path) -> Pages:
    """The pages of the remote ``origin`` of a checkout, or of its only remote."""
    remotes = run_git(repository, "remote").stdout.splitlines()
    name = "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else ""
    if not name or name.startswith("-"):
        return Pages()
    return pages_at(run_git(repository, "remote", "get-url", name).stdout.strip())


def pages_at(remote: str) -> Pages:
    """The pages of the repository that git fetches from ``remote``; none of hosts that are not known.

    A login in the address does not get into them.
    """
    found = _URL.fullmatch(remote) or _SCP.fullmatch(remote)
    if found is None:
        return Pages()
    host = found["host"].lower()
    host = _SAME_HOST.get(host, host)
    path = found["path"].strip("/").removesuffix(".git")
    if host not in _COMMIT_PAGES or not _PATH.fullmatch(path) or ".." in path.split("/"):
        return Pages()
    return Pages(f"https://{host}/{path}", _COMMIT_PAGES[host])


def file_in(commit_page: str, path: str) -> str:
    """The place of a file on a commit's page; empty but on GitHub, where it is known how it is called."""
    if not commit_page.startswith("https://github.com/"):
        return ""
    return f"{commit_page}#diff-{hashlib.sha256(path.encode(errors='replace')).hexdigest()}"

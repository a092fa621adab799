"""Git repositories to take subjects from: small ones, and one of real LiteLLM source.

The source comes from the package index, as the source distribution of a release, and is kept in the
cache. What a clone of LiteLLM's repository holds besides is put beside it: litellm-proxy-extras/, with a
version that no release of LiteLLM asks for, as in a checkout between two releases.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.cache import cache_root, make_once

LITELLM = "1.80.5"
EXTRAS_RELEASED = "0.4.6"
EXTRAS_HERE = "0.4.6.post1"
# A line that both commits have, each in its own way, and that changes nothing of what the proxy does.
CHANGED_FILE = Path("litellm/_version.py")
_AUTHOR = ("-c", "user.name=Tests", "-c", "user.email=tests@example.com")


@dataclass(frozen=True)
class Repository:
    """A git repository; whatever git is configured to on this machine, it does the same."""

    folder: Path

    def git(self, *arguments: str, told: str = "") -> str:
        """Run git in it, with ``told`` on its standard input; returns what it printed."""
        return subprocess.run(
            ["git", *_AUTHOR, *arguments],
            cwd=self.folder,
            env=_environment(),
            input=told,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.strip()

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by their path in it."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, message: str, files: Mapping[str, str] | None = None) -> str:
        """Write ``files`` and commit everything; returns the hash."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")
        return self.git("rev-parse", "HEAD")


def new_repository(folder: Path) -> Repository:
    """An empty repository, its branch ``main``, in ``folder``, which may hold files already."""
    folder.mkdir(parents=True, exist_ok=True)
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    return repository


def clone(repository: Repository, folder: Path, *options: str) -> Repository:
    """A clone of it in ``folder``, made with git's own ``options``."""
    repository.git("clone", "--quiet", *options, repository.folder.as_uri(), str(folder))
    return Repository(folder)


def litellm_repository(folder: Path) -> Repository:
    """Real LiteLLM source in two commits, tagged ``first`` and ``second``: one line of Python apart."""
    shutil.copytree(litellm_source(), folder)
    repository = new_repository(folder)
    for name in ("first", "second"):
        (folder / CHANGED_FILE).write_text(_marked(folder / CHANGED_FILE, name))
        repository.commit(f"the {name} commit")
        repository.git("tag", name)
    return repository


def litellm_source() -> Path:
    """The folder in the cache with LiteLLM's source, as in a checkout of its repository."""

    def make(target: Path) -> None:
        _unpack("litellm", LITELLM, target / "source")
        extras = target / "source" / "litellm-proxy-extras"
        _unpack("litellm-proxy-extras", EXTRAS_RELEASED, extras)
        project = extras / "pyproject.toml"
        project.write_text(
            project.read_text().replace(f'version = "{EXTRAS_RELEASED}"', f'version = "{EXTRAS_HERE}"')
        )

    return make_once(cache_root() / "tests" / f"litellm-{LITELLM}-source", make) / "source"


def _unpack(package: str, version: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *(f"--no-binary={package}", f"--dest={scratch}", f"{package}=={version}"),
            ],
            check=True,
            capture_output=True,
        )
        (archive,) = Path(scratch).glob("*.tar.gz")
        shutil.unpack_archive(archive, scratch, filter="data")
        archive.unlink()
        (unpacked,) = Path(scratch).iterdir()
        shutil.copytree(unpacked, target)


def _marked(path: Path, name: str) -> str:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("COMMIT = ")]
    return "\n".join([*lines, f'COMMIT = "{name}"', ""])


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

"""Installing a locked npm folder of this package into the cache, reproducibly.

The lock file pins every package by its hash; install scripts do not run, and no .npmrc of a
project is read, so what is installed depends on the lock file alone.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from perf_matrix.cache import make_once
from perf_matrix.errors import MeasurementError
from perf_matrix.tools import Node

_TIMEOUT_S = 600
_IGNORED = shutil.ignore_patterns("node_modules", "__pycache__")


def install_locked(source: Path, cache: Path, node: Node) -> Path:
    """Copy ``source`` (package.json, package-lock.json and code) to the cache and install what it locks.

    The folder's name carries a hash of every file, so a changed source is a new installation.
    Raises MeasurementError with npm's own words where the installation fails.
    """
    folder = cache / "npm" / f"{source.name}-{_digest(source)}"

    def make(target: Path) -> None:
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=_IGNORED)
        _npm_ci(target, node)

    return make_once(folder, make)


def _npm_ci(folder: Path, node: Node) -> None:
    done = subprocess.run(
        [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise MeasurementError(f"npm ci failed in {folder}:\n{(done.stderr or done.stdout).strip()[-2000:]}")


def _digest(source: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(
        path for path in source.rglob("*") if path.is_file() and "node_modules" not in path.parts
    ):
        digest.update(str(path.relative_to(source)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]

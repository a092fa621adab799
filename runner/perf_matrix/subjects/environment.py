"""A virtual environment per release, made once and cached."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from perf_matrix.cache import make_once
from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.subjects.index import ever_further, nearest_versions, released_versions
from perf_matrix.subjects.spec import Release

_TIMEOUT_S = 900


@dataclass(frozen=True)
class Environment:
    """A virtual environment on disk."""

    folder: Path

    @property
    def bin(self) -> Path:
        """Where its programs are."""
        return self.folder / "bin"

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        return next((self.folder / "lib").glob("python*/site-packages"))

    def packages(self, uv: Path) -> dict[str, str]:
        """Every installed distribution and its version, by name."""
        listed = _uv(uv, self.folder, ["pip", "list", "--format=json"])
        return {row["name"]: row["version"] for row in json.loads(listed.stdout)}


def make_environment(
    release: Release,
    requirements: Sequence[str],
    finish: Callable[[Environment], None],
    *,
    folder: Path,
    uv: Path,
) -> Environment:
    """The environment in ``folder`` with ``requirements`` installed and ``finish`` done to it; cached.

    Raises InputError where the release does not exist (naming the nearest ones) or does not resolve
    (naming the requirement that stands in the way, and a release near it that does).
    """

    def make(target: Path) -> None:
        made = _uv(
            uv, target, ["venv", "--quiet", "--allow-existing", f"--python={sys.executable}", str(target)]
        )
        if made.returncode != 0:
            raise MeasurementError(f"uv could not make an environment in {target}:\n{made.stderr.strip()}")
        _install(release, requirements, target, uv)
        finish(Environment(target))

    return Environment(make_once(folder, make))


def _install(release: Release, requirements: Sequence[str], folder: Path, uv: Path) -> None:
    done = _uv(uv, folder, ["pip", "install", "--quiet", "--compile-bytecode", *requirements])
    if done.returncode != 0:
        raise InputError(_explain(release, requirements, done.stderr, folder, uv))


def _explain(release: Release, requirements: Sequence[str], said: str, folder: Path, uv: Path) -> str:
    versions = released_versions(release.package)
    if not versions:
        return f"{release.spec} could not be installed, and the package index lists no release of it:\n{said.strip()}"
    if not _is_listed(release.version, versions):
        nearest = nearest_versions(release.version, versions)
        named = ", ".join(f"{release.package}=={version}" for version in nearest)
        return f"there is no release {release.spec}. The nearest ones are: {named}"
    works = _one_that_resolves(release, requirements, versions, folder, uv)
    advice = f"\nOne that can be: {release.package}=={works}" if works else ""
    return f"{release.spec} exists, but cannot be installed from the package index:\n{said.strip()}{advice}"


def _is_listed(version: str, versions: Sequence[str]) -> bool:
    try:
        return Version(version) in {Version(known) for known in versions}
    except InvalidVersion:
        return version in versions


def _one_that_resolves(
    release: Release, requirements: Sequence[str], versions: Sequence[str], folder: Path, uv: Path
) -> str | None:
    for version in ever_further(release.version, versions):
        others = [text.replace(f"=={release.version}", f"=={version}") for text in requirements]
        done = _uv(uv, folder, ["pip", "install", "--quiet", "--dry-run", *others])
        if done.returncode == 0:
            return version
    return None


def _uv(uv: Path, folder: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [str(uv), *arguments],
            env={**os.environ, "VIRTUAL_ENV": str(folder)},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeasurementError(f"uv {' '.join(arguments)} was not done after {_TIMEOUT_S} s") from error

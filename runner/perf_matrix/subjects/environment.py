"""A virtual environment per version, made once and cached."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from perf_matrix.cache import make_once
from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.subjects.index import ever_further, nearest_versions, released_versions
from perf_matrix.subjects.spec import Release

_TIMEOUT_S = 900
_INSTALL = ("pip", "install", "--quiet", "--compile-bytecode")
# A workspace's packages would be installed as links to their sources, which go.
_NO_LINKS = {"UV_NO_EDITABLE": "1"}


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

    def install(target: Path) -> None:
        done = _uv(uv, target, [*_INSTALL, *requirements])
        if done.returncode != 0:
            raise InputError(_explain(release, requirements, done.stderr, target, uv))

    return _make(folder, install, finish, uv)


def make_checkout_environment(
    spec: str,
    requirements: Sequence[str],
    finish: Callable[[Environment], None],
    *,
    folder: Path,
    uv: Path,
) -> Environment:
    """The environment in ``folder`` with what is built from a checkout installed and ``finish`` done; cached.

    ``requirements``: as strings, those that are built from the checkout as ``NAME @ file://…``. These are taken
    whichever versions others ask for. ``folder`` is to be named after what is built, and the checkout may go
    afterwards. ``spec``: what messages call the version. Raises InputError with uv's words where it cannot be
    built or does not resolve.
    """

    def install(target: Path) -> None:
        overrides = target / "overrides.txt"
        overrides.write_text("".join(f"{text}\n" for text in requirements if Requirement(text).url))
        done = _uv(uv, target, [*_INSTALL, f"--override={overrides}", *requirements])
        if done.returncode != 0:
            raise InputError(f"{spec} cannot be installed:\n{done.stderr.strip()}")

    return _make(folder, install, finish, uv)


def make_locked_environment(
    lock: Path, finish: Callable[[Environment], None], *, folder: Path, uv: Path
) -> Environment:
    """The environment in ``folder`` with what ``lock`` pins by hash, and nothing else, and ``finish`` done; cached.

    ``folder`` is to be named after what is installed. Raises MeasurementError with uv's words where that fails.
    """

    def install(target: Path) -> None:
        done = _uv(
            uv, target, ["pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes", str(lock)]
        )
        if done.returncode != 0:
            raise MeasurementError(f"what {lock} pins cannot be installed:\n{done.stderr.strip()}")

    return _make(folder, install, finish, uv)


def _make(
    folder: Path, install: Callable[[Path], None], finish: Callable[[Environment], None], uv: Path
) -> Environment:
    def make(target: Path) -> None:
        made = _uv(
            uv, target, ["venv", "--quiet", "--allow-existing", f"--python={sys.executable}", str(target)]
        )
        if made.returncode != 0:
            raise MeasurementError(f"uv could not make an environment in {target}:\n{made.stderr.strip()}")
        install(target)
        finish(Environment(target))

    return Environment(make_once(folder, make))


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
            env={**os.environ, "VIRTUAL_ENV": str(folder), **_NO_LINKS},
            # Below the folder of a project, uv would heed what that project sets: constraints, dates, an index.
            cwd=folder.anchor,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeasurementError(f"uv {' '.join(arguments)} was not done after {_TIMEOUT_S} s") from error

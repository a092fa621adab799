"""Asking the package index which releases there are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from perf_matrix.errors import InputError, MeasurementError, MissingToolError

_TIMEOUT_S = 120
# What pip logs of each page that it does not get. No page of that name is an answer, too: 404.
_NO_PAGE = re.compile(
    r"Could not fetch URL (?P<url>\S+): (?!404 )(?P<reason>.+?)(?: - skipping)?$", re.MULTILINE
)
_LOGIN = re.compile(r"(?<=//)[^/@\s]+@")
_SHOWN = 300
_NEAREST = 4
_STEPS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)


@dataclass(frozen=True)
class Listing:
    """The releases that the package index offers for this Python."""

    versions: tuple[str, ...]
    """Newest first, without those that were yanked."""
    yanked: tuple[str, ...] = ()
    """Those that were asked for by their number, which an installer still installs by it."""


def released_versions(package: str) -> list[str]:
    """Every version that the configured index offers for this Python, newest first; [] where it has none.

    Those that were yanked are left out. Goes by pip, which honours the index, certificates and mirrors that the
    user has configured. Raises MissingToolError where this Python has no pip or an old one, and MeasurementError where
    that is not done in time.
    """
    return _versions(_list(package)) or []


def listed_releases(package: str, named: Sequence[str] = ()) -> Listing:
    """What the configured index offers of ``package``; of those yanked, the versions ``named`` that it still gives.

    Raises InputError where it has no release at all for this Python, MeasurementError with pip's words where
    an index does not answer, and MissingToolError where this Python has no pip or an old one.
    """
    with tempfile.TemporaryDirectory(prefix="perf-matrix-pip-") as scratch:
        log = Path(scratch, "pip.log")
        done = _list(package, f"--log={log}")
        versions, said = _versions(done), log.read_text(errors="replace") if log.exists() else ""
    _refuse_silence(package, said)
    if versions is None:
        raise InputError(
            f"the package index lists no release of {package} for Python {sys.version.split()[0]}: "
            f"{_last_line(done.stderr)}. See which index pip uses with: pip config list"
        )
    known = {Version(version) for version in versions}
    missing = [version for version in named if (parsed := _parsed(version)) and parsed not in known]
    return Listing(tuple(versions), tuple(version for version in missing if _is_yanked(package, version)))


def _list(package: str, *options: str) -> subprocess.CompletedProcess[str]:
    done = _pip("index", "versions", package, "--pre", "--json", *options)
    if "No module named pip" in done.stderr:
        raise MissingToolError(
            "this Python has no pip, which lists releases. Get it with: pip install 'perf-matrix[local]'"
        )
    if "no such option: --json" in done.stderr:
        raise MissingToolError(
            f"this Python's pip is too old to list releases. Get a newer one with: {sys.executable} -m pip install "
            "'pip>=25.1'"
        )
    return done


def _pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [sys.executable, "-m", "pip", *arguments, "--no-input", "--disable-pip-version-check"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeasurementError(
            f"pip {' '.join(arguments[:2])} was not done after {_TIMEOUT_S} s: the package index hardly answers"
        ) from error


def _versions(done: subprocess.CompletedProcess[str]) -> list[str] | None:
    return [str(version) for version in json.loads(done.stdout)["versions"]] if done.returncode == 0 else None


def _refuse_silence(package: str, log: str) -> None:
    """An index that does not answer may have had some of the releases: a list without them would mislead."""
    if found := _NO_PAGE.search(log):
        url, reason = (_LOGIN.sub("", found[part])[:_SHOWN] for part in ("url", "reason"))
        raise MeasurementError(
            f"the package index does not answer when asked for the releases of {package}: {url}: {reason}. "
            "Try again, see which index pip uses with 'pip config list', or list the versions yourself: --list FILE"
        )


def _last_line(said: str) -> str:
    return _LOGIN.sub("", said.strip().rpartition("\n")[2])[:_SHOWN]


def _is_yanked(package: str, version: str) -> bool:
    """Whether pip would install it when told its number. Nothing is installed, and nothing of it runs."""
    look = ("install", "--dry-run", "--no-deps", "--ignore-installed", "--only-binary=:all:", "--quiet")
    return _pip(*look, "--report=-", f"{package}=={version}").returncode == 0


def nearest_versions(wanted: str, versions: Sequence[str], count: int = _NEAREST) -> list[str]:
    """The ``count`` versions around ``wanted`` in release order, oldest first."""
    known = sorted({parsed for version in versions if (parsed := _parsed(version)) is not None})
    # Of what is no version at all, such as an image's tag 1.80.5-stable, the numbers at its start count.
    target = _parsed(wanted) or _parsed(_leading_numbers(wanted))
    position = len(known) if target is None else sum(version < target for version in known)
    start = max(0, min(position - count // 2, len(known) - count))
    return [str(version) for version in known[start : start + count]]


def ever_further(wanted: str, versions: Sequence[str]) -> list[str]:
    """Final releases before and after ``wanted``, at ever wider steps: a few tries that reach far.

    Each older one comes before the newer one at the same distance.
    """
    target = Version(wanted)
    finals = sorted(
        {parsed for version in versions if (parsed := _parsed(version)) and not parsed.is_prerelease}
    )
    older = [version for version in reversed(finals) if version < target]
    newer = [version for version in finals if version > target]
    return [str(side[step - 1]) for step in _STEPS for side in (older, newer) if step <= len(side)]


def _parsed(version: str) -> Version | None:
    try:
        return Version(version)
    except InvalidVersion:
        return None


def _leading_numbers(text: str) -> str:
    found = re.match(r"v?[0-9]+(\.[0-9]+)*", text)
    return found.group() if found else ""

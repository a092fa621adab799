"""Asking the package index which releases there are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence

from packaging.version import InvalidVersion, Version

from perf_matrix.errors import MissingToolError

_TIMEOUT_S = 120
_NEAREST = 4
_STEPS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)


def released_versions(package: str) -> list[str]:
    """Every version that the configured index offers for this Python, newest first; [] where it has none.

    Goes by pip, which honours the index, certificates and mirrors that the user has configured.
    Raises MissingToolError where this Python has no pip.
    """
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "index",
            "versions",
            package,
            "--pre",
            "--json",
            "--disable-pip-version-check",
        ],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if "No module named pip" in done.stderr:
        raise MissingToolError(
            "this Python has no pip, which lists releases. Get it with: pip install 'perf-matrix[local]'"
        )
    if done.returncode != 0:
        return []
    return [str(version) for version in json.loads(done.stdout)["versions"]]


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

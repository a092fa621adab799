"""Reading a subject spec: which version of the service the user means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from perf_matrix.errors import InputError

_RELEASE = re.compile(r"^(?P<package>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9][A-Za-z0-9.+!_-]*)$")

# MAJOR.MINOR.PATCH; zeros after them make no other version.
_USUAL_PARTS = 3


@dataclass(frozen=True)
class Release:
    """A release of a package: ``litellm==1.80.5``."""

    package: str
    version: str

    @property
    def spec(self) -> str:
        """As the user writes it."""
        return f"{self.package}=={self.version}"


def parse_subject(text: str, package: str) -> Release:
    """Read ``text`` as a release of ``package``, the one that the target tests.

    Raises InputError saying what to write instead.
    """
    found = _RELEASE.match(text.strip())
    if found is None:
        raise InputError(f"{text!r} is not a subject: write a release, such as {package}==1.2.3")
    if found["package"].lower().replace("_", "-") != package:
        raise InputError(f"{text!r} is not a release of {package}: write {package}=={found['version']}")
    return Release(package, _normal(found["version"]))


def _normal(version: str) -> str:
    """One spelling for each version (1.80.5 for v1.80.05 and 1.80.5.0), so that no other gets past a check.

    What is no version is passed on: the package index then says what there is instead.
    """
    try:
        parsed = Version(version)
    except InvalidVersion:
        return version
    if any(parsed.release[_USUAL_PARTS:]):
        return str(parsed)
    numbers, usual = (".".join(map(str, part)) for part in (parsed.release, parsed.release[:_USUAL_PARTS]))
    return str(parsed).replace(numbers, usual, 1)

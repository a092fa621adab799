"""Reading a subject spec: which version of the service the user means."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from perf_matrix.errors import InputError
from perf_matrix.subjects.image_reference import is_reference
from perf_matrix.subjects.revision import commit_of, repository_of

_RELEASE = re.compile(r"^(?P<package>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9][A-Za-z0-9.+!_-]*)$")

# MAJOR.MINOR.PATCH; zeros after them make no other version.
_USUAL_PARTS = 3
_PROJECT_FILES = ("pyproject.toml", "setup.py")
# Of a hash in a label: as many as git itself shows, and some.
_DIGITS = 8
_LABEL_LIMIT = 40


@dataclass(frozen=True)
class Release:
    """A release of a package: ``litellm==1.80.5``."""

    package: str
    version: str

    @property
    def spec(self) -> str:
        """As the user writes it."""
        return f"{self.package}=={self.version}"

    @property
    def label(self) -> str:
        """For names of files and folders: ``1.80.5``."""
        return _safe(self.version)


@dataclass(frozen=True)
class Commit:
    """A commit of a git checkout: ``git:main``. ``sha``: its full hash, looked up once."""

    repository: Path
    ref: str
    sha: str

    @property
    def spec(self) -> str:
        """As the user writes it. Where a branch is named, it may have moved since: ``sha`` has not."""
        return f"git:{self.ref}"

    @property
    def label(self) -> str:
        """For names of files and folders: ``main-1a2b3c4d``, or ``1a2b3c4d`` where a hash was named."""
        digits = self.sha[:_DIGITS]
        return digits if self.sha.startswith(self.ref.lower()) else f"{_safe(self.ref)}-{digits}"


@dataclass(frozen=True)
class Folder:
    """A folder with a project in it, as it is now: ``path:../litellm``. ``folder`` is absolute."""

    folder: Path

    @property
    def spec(self) -> str:
        """As the user may write it in any folder."""
        return f"path:{self.folder}"

    @property
    def label(self) -> str:
        """For names of files and folders: the folder's name and digits of a hash of its path."""
        return _told_apart(self.folder.name, str(self.folder))


@dataclass(frozen=True)
class Image:
    """A container image: ``image:ghcr.io/berriai/litellm:v1.80.5``."""

    reference: str

    @property
    def spec(self) -> str:
        """As the user writes it."""
        return f"image:{self.reference}"

    @property
    def label(self) -> str:
        """For names of files and folders: the image's last name, its tag, and digits of a hash of all of it."""
        return _told_apart(self.reference.split("@")[0].split("/")[-1], self.reference)


Subject = Release | Commit | Folder | Image


def parse_subject(text: str, package: str, *, checkout: Path = Path()) -> Subject:
    """Read ``text`` as a version of ``package``, the one that the target tests.

    ``checkout``: a folder in the git checkout whose commits ``git:REF`` means. What a commit or a folder
    says is looked up at once. Raises InputError saying what to write instead.
    """
    form, _, rest = (part.strip() for part in text.partition(":"))
    if form == "git":
        return _commit(rest, checkout)
    if form == "path":
        return _folder(rest)
    if form == "image":
        return _image(rest, package)
    return _release(text, package)


def _release(text: str, package: str) -> Release:
    found = _RELEASE.match(text.strip())
    if found is None:
        raise InputError(
            f"{text!r} is not a subject: write a release, such as {package}==1.2.3, "
            "a commit, git:REF, a folder, path:DIR, or a container image, image:NAME:TAG"
        )
    if found["package"].lower().replace("_", "-") != package:
        raise InputError(f"{text!r} is not a release of {package}: write {package}=={found['version']}")
    return Release(package, _normal(found["version"]))


def _commit(ref: str, checkout: Path) -> Commit:
    repository = repository_of(checkout)
    return Commit(repository, ref, commit_of(ref, repository))


def _folder(words: str) -> Folder:
    spec = f"path:{words}"
    if not words or not words.isprintable():
        raise InputError(f"{spec!r} names no folder: write path:DIR, such as path:../my-checkout")
    try:
        folder = Path(words).expanduser().resolve()
        entries = {path.name for path in folder.iterdir()}
    # A home folder of nobody, or links that lead in a circle.
    except (OSError, RuntimeError) as error:
        raise InputError(f"{spec}: there is no folder that can be read: {error}") from error
    if entries.isdisjoint(_PROJECT_FILES):
        raise InputError(
            f"{spec}: there is no pyproject.toml and no setup.py in {folder}: "
            "name the folder that the package is built from"
        )
    return Folder(folder)


def _image(reference: str, package: str) -> Image:
    if not is_reference(reference):
        raise InputError(
            f"image:{reference}: not the name of an image: write image:NAME:TAG or image:NAME@DIGEST, the name "
            f"in lower case, such as image:registry.example/{package}:1.2.3"
        )
    return Image(reference)


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


def _told_apart(name: str, whole: str) -> str:
    digits = hashlib.sha256(whole.encode()).hexdigest()[:_DIGITS]
    return f"{_safe(name)}-{digits}"


def _safe(name: str) -> str:
    """The name in letters, digits, dots, dashes and underscores; it begins with a letter or a digit."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-")
    return safe[:_LABEL_LIMIT].rstrip("._-") or "subject"

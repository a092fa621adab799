"""What a folder holds that a package is built from, told apart by digests.

In a git work tree these are the tracked files and those that are not ignored, as they are now; so a
file that is written while something runs, or an editor's backup that is ignored, makes no other content.
Elsewhere they are all files but those of version control and of caches.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from perf_matrix.errors import InputError
from perf_matrix.subjects.git import run_git
from perf_matrix.subjects.spec import Folder

_PASSED_OVER = frozenset(
    (
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
    )
)
_DEPENDENCY_FILES = ("pyproject.toml", "uv.lock", "poetry.lock", "requirements*.txt", "setup.py", "setup.cfg")
_PROJECT_FILES = frozenset((Path("pyproject.toml"), Path("setup.py")))


def content_of(folder: Path) -> str:
    """A digest, in hex, of what is built from ``folder``: names, contents and executable bits of its files.

    Raises InputError where a file cannot be read.
    """
    return _digest(folder, _files(folder))


def dependency_files(folder: Path) -> list[Path]:
    """The files that say what the package of ``folder`` needs, relative to it.

    Those at its top, and pyproject.toml of the subfolders right below that are packages of their own.
    """
    return [path for path in _files(folder) if _is_at_top(path) or _is_package_below(folder, path)]


@contextmanager
def copied(folder: Folder, content: str, private: Path) -> Iterator[Path]:
    """A copy below ``private`` of what ``content`` is the digest of; deleted on every way out.

    To build from: some build backends leave files behind where they build, and take in those of the time before.
    Raises InputError where the folder has changed since.
    """
    copy = Path(tempfile.mkdtemp(prefix="folder-", dir=private))
    try:
        files = _files(folder.folder)
        _copy(folder.folder, files, copy)
        if _digest(copy, files) != content:
            raise InputError(
                f"{folder.spec} has changed while it was read: leave it alone until it is installed"
            )
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    """All files and links to build from, relative to ``folder``, in order."""
    listed = _listed_by_git(folder)
    # A folder that git ignores as a whole has no files for git.
    files = listed if not _PROJECT_FILES.isdisjoint(listed) else _all_below(folder)
    return sorted(files)


def _listed_by_git(folder: Path) -> set[Path]:
    """What git tracks or does not ignore and is there; nothing outside a work tree."""
    if shutil.which("git") is None:
        return set()
    done = run_git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if done.returncode != 0:
        if "not a git repository" in done.stderr:
            return set()
        raise InputError(f"git cannot read {folder}: {' '.join(done.stderr.split())}")
    names = (Path(name) for name in done.stdout.split("\0") if name)
    return {path for name in names for path in _files_at(folder, name)}


def _files_at(folder: Path, name: Path) -> Iterable[Path]:
    """The file itself, none where it was deleted, or those of a repository inside this one."""
    path = folder / name
    if path.is_symlink() or path.is_file():
        return [name]
    return [name / below for below in _listed_by_git(path)] if (path / ".git").exists() else []


def _all_below(folder: Path) -> set[Path]:
    found = set()
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _PASSED_OVER]
        paths = (Path(place, name) for name in (*folders, *names) if name not in _PASSED_OVER)
        found |= {path.relative_to(folder) for path in paths if path.is_symlink() or path.is_file()}
    return found


def _is_at_top(path: Path) -> bool:
    return path.parent == Path() and any(path.match(pattern) for pattern in _DEPENDENCY_FILES)


def _is_package_below(folder: Path, path: Path) -> bool:
    """Whether it is a pyproject.toml right below the top that names a package; a tool's settings may be all."""
    if path.name != "pyproject.toml" or path.parent.parent != Path() or path.parent == Path():
        return False
    try:
        told = tomllib.loads((folder / path).read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False
    return "name" in told.get("project", told.get("tool", {}).get("poetry", {}))


def _digest(folder: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        try:
            kind, inside = _inside(folder / path)
        except OSError as error:
            raise InputError(f"{folder / path}: cannot be read: {error.strerror}") from error
        # The name ends at its NUL, and the rest is always as long: no two lists of files run together alike.
        digest.update(os.fsencode(path) + b"\0" + kind + inside)
    return digest.hexdigest()


def _inside(path: Path) -> tuple[bytes, bytes]:
    """What kind of file it is, one letter, and a digest of its content; of a link, of where it leads."""
    if path.is_symlink():
        return b"l", hashlib.sha256(os.fsencode(path.readlink())).digest()
    with path.open("rb") as file:
        kind = b"x" if os.fstat(file.fileno()).st_mode & stat.S_IXUSR else b"f"
        return kind, hashlib.file_digest(file, "sha256").digest()


def _copy(source: Path, files: Iterable[Path], target: Path) -> None:
    for path in files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy(source / path, target / path, follow_symlinks=False)
        except OSError as error:
            raise InputError(f"{source / path}: cannot be copied: {error.strerror}") from error

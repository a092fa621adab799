"""What differs between a culprit and its parent: between two commits, or two installed releases."""

from __future__ import annotations

import filecmp
import importlib.metadata
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.bisect.history.bounded import DIFF_OPTIONS, Limits, bounded_diff
from perf_matrix.bisect.history.passed_over import LARGEST, is_passed_over, is_written_by_a_program, pathspecs
from perf_matrix.subjects.git import run_git

# Without an index, git writes the two folders' names where it is wont to write the prefixes.
_OLD, _NEW = "a", "b"
_RENAMED = re.compile(r"^(rename from |rename to )[ab]/", re.MULTILINE)


@dataclass(frozen=True)
class Difference:
    """What differs between two versions.

    ``diff``: a unified diff with the prefixes a/ and b/, of files that may be written by hand, as far as the limits
    allow. ``files``: how many such files differ, those that are not in the diff too. ``complete``: whether
    the limits allowed all of it.
    """

    diff: str
    files: int
    complete: bool = True


def commit_difference(repository: Path, before: str, after: str, limits: Limits | None = None) -> Difference:
    """What differs between two commits, by their full hashes.

    Left out of the diff: what is bundled or generated, by its name. Raises MissingToolError where there is no git,
    and MeasurementError where it hangs.
    """
    limits = limits or Limits()
    trees = ("-r", *DIFF_OPTIONS, before, after, "--")
    # From the top: pathspecs are relative to the folder that git runs in.
    names = run_git(repository, "diff-tree", "--name-only", "-z", *trees, limit_s=limits.seconds).stdout
    cut = bounded_diff(
        repository, limits, "diff-tree", "--patch", "--src-prefix=a/", "--dst-prefix=b/", *trees, *pathspecs()
    )
    changed = [name for name in names.split("\0") if name and not is_passed_over(name)]
    return Difference(cut.text, len(changed), cut.complete)


def folder_difference(
    before: Path, after: Path, packages: Sequence[str], limits: Limits | None = None
) -> Difference:
    """What differs between two site-packages folders in the folders and modules ``packages``, relative to both.

    Left out of the diff: files that are not text, larger than a megabyte, bundled, compiled or about the
    installation. Links are not followed. Raises MissingToolError where there is no git.
    """
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="perf-matrix-changes-") as scratch:
        stage = Path(scratch)
        for side in (_OLD, _NEW):
            (stage / side).mkdir()
        paths = sorted(_files(before, packages) | _files(after, packages))
        changed = [path for path in paths if not _alike(before / path, after / path)]
        for path in changed:
            _stage(before / path, stage / _OLD / path)
            _stage(after / path, stage / _NEW / path)
        cut = bounded_diff(stage, limits, "diff", "--no-index", "--no-prefix", *DIFF_OPTIONS, _OLD, _NEW)
    return Difference(_RENAMED.sub(r"\1", cut.text), len(changed), cut.complete)


def packages_of(site_packages: Path, distribution: str) -> list[str]:
    """The folders and modules right below ``site_packages`` that a distribution installed; [] where it is not there."""
    found = importlib.metadata.distributions(name=distribution, path=[str(site_packages)])
    paths = (path for one in found for path in one.files or ())
    tops = {path.parts[0] for path in paths if len(path.parts) > 1 or path.suffix == ".py"}
    return sorted(
        top for top in tops if top != ".." and not top.endswith((".dist-info", ".data", "__pycache__"))
    )


def _files(site_packages: Path, packages: Iterable[str]) -> set[str]:
    return {
        path for package in packages for path in _below(site_packages, package) if not is_passed_over(path)
    }


def _below(site_packages: Path, package: str) -> Iterator[str]:
    top = site_packages / package
    if _is_file(top):
        yield package
    for folder, _, names in os.walk(top):
        for name in names:
            path = Path(folder, name)
            if _is_file(path):
                yield path.relative_to(site_packages).as_posix()


def _alike(one: Path, other: Path) -> bool:
    return _is_file(one) and _is_file(other) and filecmp.cmp(one, other, shallow=False)


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _stage(source: Path, target: Path) -> None:
    """Put a file where git finds it; not one that is not there, or that a program wrote."""
    if not _is_file(source) or source.stat().st_size > LARGEST:
        return
    content = source.read_bytes()
    if not is_written_by_a_program(content):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

"""A commit's files in a folder of their own, beside the user's work tree and index, which are not touched."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perf_matrix.errors import MeasurementError
from perf_matrix.processes import end, log_tail, spawn
from perf_matrix.subjects.git import git_command, git_environment, run_git
from perf_matrix.subjects.spec import Commit

# By its name a worktree that a killed run left is told from the user's own.
_PREFIX = "perf-matrix-worktree-"
_TIMEOUT_S = 600
# All files as they are in the commit, whatever of it the user has chosen to see. Large files that are kept
# elsewhere (LFS) stay the pointers that they are: no package is built from them.
_SETTINGS = (
    "core.sparseCheckout=false",
    "filter.lfs.process=",
    "filter.lfs.required=false",
)


@contextmanager
def checked_out(commit: Commit, private: Path) -> Iterator[Path]:
    """The files of ``commit`` in a new folder below ``private``; gone on every way out.

    Raises MeasurementError where git cannot check it out.
    """
    _forget_stale(commit.repository)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=private.resolve()))
    try:
        _add(commit, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _forget(commit.repository, folder)


def _add(commit: Commit, folder: Path) -> None:
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    command = git_command(
        commit.repository, *settings, "worktree", "add", "--detach", str(folder), commit.sha
    )
    log = folder.with_name(f"{folder.name}.log")
    # In a group of its own, which is ended and waited for: no git writes to the folder while it is deleted.
    git = spawn("git worktree add", command, env=git_environment(), log=log, cwd=folder)
    try:
        code = git.popen.wait(_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise MeasurementError(f"git had not checked {commit.spec} out after {_TIMEOUT_S} s") from error
    finally:
        end([git])
    if code != 0:
        said = "\n".join(log_tail(log))
        raise MeasurementError(f"git could not check {commit.spec} ({commit.sha}) out:\n{said}")


def _forget_stale(repository: Path) -> None:
    """Take the worktrees of killed runs, whose folders are gone, from git's list; nobody else's."""
    listed = run_git(repository, "worktree", "list", "--porcelain").stdout.splitlines()
    for line in listed:
        folder = Path(line.removeprefix("worktree "))
        if folder.name.startswith(_PREFIX) and not folder.exists():
            _forget(repository, folder)


def _forget(repository: Path, folder: Path) -> None:
    # Forced twice: one whose making was cut short is locked.
    run_git(repository, "worktree", "remove", "--force", "--force", str(folder))

"""Commits checked out beside the user's own work tree, which must not notice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from perf_matrix.errors import MeasurementError
from perf_matrix.subjects.spec import Commit
from perf_matrix.subjects.worktree import checked_out
from tests.checkouts import Repository, new_repository

# Checks a commit out, says so, and waits; ends on signals as the command does.
HOLDER = """
import sys, time
from pathlib import Path
from perf_matrix.commands.running import interrupt_on_signals
from perf_matrix.subjects.spec import Commit
from perf_matrix.subjects.worktree import checked_out

interrupt_on_signals()
with checked_out(Commit(Path(sys.argv[1]), "main", sys.argv[2]), Path(sys.argv[3])) as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two commits on main: ``a.py`` says a = 1 in the first, a = 2 in the second."""
    repository = new_repository(tmp_path / "repository")
    repository.commit("first", {"a.py": "a = 1\n", "inside/b.py": "b = 1\n"})
    repository.commit("second", {"a.py": "a = 2\n"})
    return repository


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A run's private folder."""
    folder = tmp_path / "private"
    folder.mkdir()
    return folder


def commit_of(repository: Repository, ref: str) -> Commit:
    return Commit(repository.folder, ref, repository.git("rev-parse", ref))


def worktrees(repository: Repository) -> list[str]:
    """Of what git lists, all but the main work tree."""
    listed = repository.git("worktree", "list", "--porcelain").splitlines()
    return [line for line in listed if line.startswith("worktree ")][1:]


def left_in(private: Path) -> list[Path]:
    return [path for path in private.iterdir() if path.is_dir()]


def test_each_commit_has_its_own_files(repository: Repository, private: Path) -> None:
    with (
        checked_out(commit_of(repository, "main~1"), private) as first,
        checked_out(commit_of(repository, "main"), private) as second,
    ):
        assert [(folder / "a.py").read_text() for folder in (first, second)] == ["a = 1\n", "a = 2\n"]
        assert (first / "inside/b.py").read_text() == "b = 1\n"
        assert first.parent == second.parent == private
        assert len(worktrees(repository)) == 2
    assert worktrees(repository) == []
    assert left_in(private) == []


def test_the_users_work_tree_and_index_are_as_they_were(repository: Repository, private: Path) -> None:
    repository.write({"a.py": "a = 3 # not committed\n", "new.py": "", "staged.py": ""})
    repository.git("add", "staged.py")
    index = repository.folder / ".git" / "index"
    before = (
        repository.git("status", "--porcelain", "--branch"),
        index.read_bytes(),
        index.stat().st_mtime_ns,
    )
    with checked_out(commit_of(repository, "main"), private) as folder:
        assert (folder / "a.py").read_text() == "a = 2\n"
        assert not (folder / "new.py").exists()
        (folder / "a.py").write_text("a = 4\n")
        (folder / "built").mkdir()
    assert left_in(private) == []
    assert (repository.folder / "a.py").read_text() == "a = 3 # not committed\n"
    # Read before git status, which may write it anew.
    after = (index.read_bytes(), index.stat().st_mtime_ns)
    assert (repository.git("status", "--porcelain", "--branch"), *after) == before
    assert repository.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_gone_after_an_error(repository: Repository, private: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        checked_out(commit_of(repository, "main"), private),
    ):
        raise ZeroDivisionError
    assert worktrees(repository) == []
    assert left_in(private) == []


def test_gone_when_it_was_deleted_meanwhile(repository: Repository, private: Path) -> None:
    with checked_out(commit_of(repository, "main"), private) as folder:
        folder.rename(private.parent / "elsewhere")
    assert worktrees(repository) == []


def held(repository: Repository, private: Path) -> subprocess.Popen[str]:
    sha = repository.git("rev-parse", "main")
    argv = [sys.executable, "-c", HOLDER, str(repository.folder), sha, str(private)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    assert (Path(process.stdout.readline().strip()) / "a.py").read_text() == "a = 2\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_gone_after_a_signal(repository: Repository, private: Path, number: signal.Signals) -> None:
    with held(repository, private) as process:
        process.send_signal(number)
        assert process.wait(60) != 0
    assert worktrees(repository) == []
    assert left_in(private) == []


@contextmanager
def held_while_git_checks_out(repository: Repository, private: Path) -> Iterator[psutil.Process]:
    """A process whose git pauses in the middle, for as long as a filter does; on the way out all have ended."""
    started = private.parent / "started"
    repository.git("config", "filter.slow.smudge", f"touch {started}; sleep 600")
    repository.commit("slow", {".gitattributes": "*.slow filter=slow\n", "a.slow": ""})
    argv = [sys.executable, "-c", HOLDER, str(repository.folder), repository.git("rev-parse", "main")]
    with subprocess.Popen([*argv, str(private)], stderr=subprocess.DEVNULL) as process:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.02)
        every = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        try:
            assert len(worktrees(repository)) == 1
            yield every[0]
            _ended, running = psutil.wait_procs(every[1:], timeout=60)
            assert running == []
        finally:
            for one in every:
                with suppress(psutil.NoSuchProcess):
                    one.kill()


def test_gone_after_a_signal_while_git_checks_out(repository: Repository, private: Path) -> None:
    with held_while_git_checks_out(repository, private) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) != 0
    assert worktrees(repository) == []
    assert left_in(private) == []


def test_what_a_kill_leaves_while_git_checks_out_is_forgotten(repository: Repository, private: Path) -> None:
    with held_while_git_checks_out(repository, private) as process:
        # The one first that would clear up after the others.
        for one in (process, *process.children(recursive=True)):
            one.kill()
    (left,) = left_in(private)
    shutil.rmtree(left)
    with checked_out(commit_of(repository, "main~1"), private) as folder:
        assert worktrees(repository) == [f"worktree {folder}"]


def test_what_a_kill_leaves_is_forgotten_once_its_folder_is_gone(
    repository: Repository, private: Path
) -> None:
    other = private.parent / "other"
    other.mkdir()
    with held(repository, private) as process:
        process.kill()
    (left,) = left_in(private)
    # As long as the folder is there, somebody may be using it.
    with checked_out(commit_of(repository, "main"), other):
        assert len(worktrees(repository)) == 2
    assert worktrees(repository) == [f"worktree {left}"]
    # Its lease is cleared: the private folder goes.
    left.rename(other / "gone")
    with checked_out(commit_of(repository, "main"), other) as folder:
        assert worktrees(repository) == [f"worktree {folder}"]
    assert worktrees(repository) == []


def test_a_work_tree_of_the_user_that_is_away_is_not_forgotten(repository: Repository, private: Path) -> None:
    on_a_stick = private.parent / "on-a-stick"
    repository.git("worktree", "add", "--quiet", "--detach", str(on_a_stick))
    on_a_stick.rename(private.parent / "unplugged")
    with checked_out(commit_of(repository, "main"), private):
        pass
    assert worktrees(repository) == [f"worktree {on_a_stick}"]


def test_no_hook_runs(repository: Repository, private: Path) -> None:
    hook = repository.folder / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {private.parent}/hook-ran\n")
    hook.chmod(0o755)
    repository.git("checkout", "--quiet", "--detach")
    assert (private.parent / "hook-ran").exists()
    (private.parent / "hook-ran").unlink()
    with checked_out(commit_of(repository, "main"), private) as folder:
        assert (folder / "a.py").exists()
    assert not (private.parent / "hook-ran").exists()


@pytest.mark.parametrize("setting", ["smudge", "process"])
@pytest.mark.parametrize("ends", ["cat", "false"])
def test_large_files_kept_elsewhere_stay_pointers(
    repository: Repository, private: Path, setting: str, ends: str
) -> None:
    repository.commit("large", {".gitattributes": "*.bin filter=lfs\n", "it.bin": "version of a pointer\n"})
    repository.git("config", f"filter.lfs.{setting}", f"touch {private.parent}/ran; {ends}")
    repository.git("config", "filter.lfs.required", "true")
    with checked_out(commit_of(repository, "main"), private) as folder:
        assert (folder / "it.bin").read_text() == "version of a pointer\n"
    assert not (private.parent / "ran").exists()


def test_all_files_of_a_sparse_checkout(repository: Repository, private: Path) -> None:
    repository.git("sparse-checkout", "set", "nothing")
    assert not (repository.folder / "inside").exists()
    with checked_out(commit_of(repository, "main"), private) as folder:
        assert (folder / "inside/b.py").exists()
    assert not (repository.folder / "inside").exists()


def test_from_a_work_tree_that_is_not_the_main_one(repository: Repository, private: Path) -> None:
    beside = private.parent / "beside"
    repository.git("worktree", "add", "--quiet", "--detach", str(beside), "main~1")
    with checked_out(commit_of(Repository(beside), "main"), private) as folder:
        assert (folder / "a.py").read_text() == "a = 2\n"
    assert worktrees(repository) == [f"worktree {beside}"]


def test_where_a_hook_of_another_repository_has_set_variables(
    repository: Repository, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_repository(private.parent / "other")
    other.commit("of another repository", {"c.py": ""})
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / ".git" / "index"))
    with checked_out(commit_of(repository, "main"), private) as folder:
        assert sorted(path.name for path in folder.iterdir()) == [".git", "a.py", "inside"]
    assert worktrees(repository) == worktrees(other) == []
    assert other.git("ls-files") == "c.py"


def test_what_cannot_be_checked_out_is_said_in_gits_words(repository: Repository, private: Path) -> None:
    commit = commit_of(repository, "main")
    blob = repository.git("rev-parse", "main:a.py")
    (repository.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with (
        pytest.raises(MeasurementError) as told,
        checked_out(commit, private),
    ):
        raise AssertionError("unreachable: it could not be checked out")
    assert str(told.value).startswith(f"git could not check git:main ({commit.sha}) out:\n")
    assert blob in str(told.value)
    assert worktrees(repository) == []
    assert left_in(private) == []


def test_the_folder_is_reached_by_its_real_name(repository: Repository, private: Path) -> None:
    linked = private.parent / "linked"
    linked.symlink_to(private)
    with checked_out(commit_of(repository, "main"), linked) as folder:
        assert folder == Path(os.path.realpath(folder))
    assert worktrees(repository) == []

"""What git's own bisect is about, read from real ones."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from perf_matrix.bisect.git_session import Session, read_session
from perf_matrix.errors import InputError
from tests.checkouts import Repository, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Eight commits in a row."""
    repository = new_repository(tmp_path / "repository")
    for number in range(8):
        repository.commit(f"number {number}", {"a.py": f"{number}\n"})
    return repository


def sha(repository: Repository, ref: str) -> str:
    return repository.git("rev-parse", f"{ref}^{{commit}}")


def refused(repository: Repository, good: str | None = None, bad: str | None = None) -> str:
    with pytest.raises(InputError) as told:
        read_session(repository.folder, good, bad)
    return str(told.value)


def check(found: Session, repository: Repository, good: str, bad: str, commit: str) -> None:
    assert found.good == sha(repository, good)
    assert found.bad == sha(repository, bad)
    assert found.commit == sha(repository, commit)
    assert found.repository == repository.folder.resolve()


def test_the_ends_and_what_is_checked_out(repository: Repository) -> None:
    repository.git("bisect", "start", "main", "main~7")
    head = sha(repository, "HEAD")
    assert head not in (sha(repository, "main"), sha(repository, "main~7"))
    found = read_session(repository.folder, None, None)
    check(found, repository, "main~7", "main", head)
    place = repository.folder.resolve() / ".git" / "perf-matrix-bisect"
    assert found.folder == place / f"{found.good[:12]}-{found.bad[:12]}"


def test_the_ends_stay_those_that_it_began_with(repository: Repository) -> None:
    repository.git("bisect", "start", "main", "main~7")
    first = read_session(repository.folder, None, None)
    repository.git("bisect", "good")
    repository.git("bisect", "skip")
    again = read_session(repository.folder, None, None)
    assert (again.good, again.bad, again.folder) == (first.good, first.bad, first.folder)
    assert again.commit != first.commit


def test_ends_that_are_told_one_after_the_other(repository: Repository) -> None:
    repository.git("bisect", "start")
    repository.git("bisect", "bad")
    assert refused(repository) == "git bisect does not know a good commit yet: git bisect good COMMIT"
    repository.git("bisect", "good", "main~6")
    check(read_session(repository.folder, None, None), repository, "main~6", "main", "HEAD")


def test_other_words_for_good_and_bad(repository: Repository) -> None:
    repository.git("bisect", "start", "--term-old=fast", "--term-new=slow", "main", "main~7")
    check(read_session(repository.folder, None, None), repository, "main~7", "main", "HEAD")


def test_other_words_and_no_good_end_yet(repository: Repository) -> None:
    repository.git("bisect", "start", "--term-old=fast", "--term-new=slow", "main")
    assert refused(repository) == "git bisect does not know a fast commit yet: git bisect fast COMMIT"


def test_old_and_new(repository: Repository) -> None:
    repository.git("bisect", "start")
    repository.git("bisect", "new", "main")
    repository.git("bisect", "old", "main~7")
    check(read_session(repository.folder, None, None), repository, "main~7", "main", "HEAD")


def test_nothing_is_checked_out(repository: Repository) -> None:
    repository.git("bisect", "start", "--no-checkout", "main", "main~7")
    assert sha(repository, "HEAD") == sha(repository, "main")
    found = read_session(repository.folder, None, None)
    assert found.commit == sha(repository, "BISECT_HEAD") != sha(repository, "main")


@pytest.mark.parametrize("kind", ["tag", "branch"])
def test_a_name_of_the_repository_does_not_say_what_git_asks_about(repository: Repository, kind: str) -> None:
    repository.git(kind, "BISECT_HEAD", "main~7")
    repository.git("bisect", "start", "main", "main~7")
    check(read_session(repository.folder, None, None), repository, "main~7", "main", "HEAD")
    repository.git("bisect", "reset")
    repository.git("bisect", "start", "--no-checkout", "main", "main~7")
    noted = (repository.folder / ".git" / "BISECT_HEAD").read_text().strip()
    assert read_session(repository.folder, None, None).commit == noted != sha(repository, "main~7")


def test_a_worktree_where_nothing_is_checked_out(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "other"), "main")
    other = Repository(tmp_path / "other")
    other.git("bisect", "start", "--no-checkout", "main", "main~7")
    found = read_session(other.folder, None, None)
    assert found.commit == sha(other, "BISECT_HEAD") != sha(other, "main")


@pytest.mark.parametrize("damage", [b"", b"main~7\n", b"\xff\n"])
def test_what_git_asks_about_is_damaged(repository: Repository, damage: bytes) -> None:
    repository.git("bisect", "start", "--no-checkout", "main", "main~7")
    (repository.folder / ".git" / "BISECT_HEAD").write_bytes(damage)
    assert "BISECT_HEAD: " in refused(repository)


def test_ends_of_one_s_own(repository: Repository) -> None:
    found = read_session(repository.folder, "main~5", "main~1")
    check(found, repository, "main~5", "main~1", "main")


def test_one_end_of_one_s_own(repository: Repository) -> None:
    repository.git("bisect", "start", "main", "main~7")
    check(read_session(repository.folder, "main~5", None), repository, "main~5", "main", "HEAD")
    check(read_session(repository.folder, None, "main~1"), repository, "main~7", "main~1", "HEAD")


def test_no_bisect_is_under_way(repository: Repository) -> None:
    expected = (
        f"no git bisect is under way in {repository.folder.resolve()}: begin one with git bisect start BAD GOOD, "
        "or name both ends with --good and --bad"
    )
    assert refused(repository) == expected
    assert refused(repository, good="main~2") == expected
    repository.git("bisect", "start", "main", "main~7")
    repository.git("bisect", "reset")
    assert refused(repository) == expected


def test_an_end_that_there_is_not(repository: Repository) -> None:
    assert "nowhere" in refused(repository, good="nowhere", bad="main")


def test_a_folder_that_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_session(tmp_path, None, None)


def test_a_worktree_of_its_own(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "other"), "main")
    other = Repository(tmp_path / "other")
    other.git("bisect", "start", "main", "main~7")
    found = read_session(other.folder, None, None)
    check(found, other, "main~7", "main", sha(other, "HEAD"))
    # It lies in git's own folder: nothing that git status would show.
    found.folder.mkdir(parents=True)
    (found.folder / "file").write_text("x")
    assert (
        subprocess.run(
            ["git", "status", "--porcelain"], cwd=other.folder, capture_output=True, check=True
        ).stdout
        == b""
    )

"""Commits of real git repositories: which one is meant, and what is said where none is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from perf_matrix.errors import InputError, MissingToolError
from perf_matrix.subjects.spec import Commit, parse_subject
from tests.checkouts import Repository, clone, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two commits on main, the first one tagged v1, and a branch ``fix/slow-login`` at the first."""
    repository = new_repository(tmp_path / "repository")
    repository.commit("first", {"a.py": "a = 1\n", "inside/b.py": ""})
    repository.git("tag", "v1")
    repository.git("tag", "--annotate", "--message=about it", "v1-annotated")
    repository.git("branch", "fix/slow-login")
    repository.commit("second", {"a.py": "a = 2\n"})
    return repository


def read(text: str, repository: Repository) -> Commit:
    subject = parse_subject(text, "litellm", checkout=repository.folder)
    assert isinstance(subject, Commit)
    return subject


def refused(text: str, repository: Repository) -> str:
    with pytest.raises(InputError) as told:
        read(text, repository)
    return str(told.value)


@pytest.mark.parametrize(
    ("ref", "same_as"),
    [
        ("main", "HEAD"),
        ("HEAD", "HEAD"),
        ("@", "HEAD"),
        ("v1", "HEAD~1"),
        ("v1-annotated", "HEAD~1"),
        ("fix/slow-login", "HEAD~1"),
        ("refs/heads/fix/slow-login", "HEAD~1"),
        ("main~1", "HEAD~1"),
    ],
)
def test_what_a_ref_means(repository: Repository, ref: str, same_as: str) -> None:
    commit = read(f"git:{ref}", repository)
    assert commit == Commit(repository.folder, ref, repository.git("rev-parse", same_as))
    assert commit.spec == f"git:{ref}"


def test_a_hash_in_full_and_in_short(repository: Repository) -> None:
    sha = repository.git("rev-parse", "main~1")
    assert {read(f"git:{sha[:digits]}", repository).sha for digits in (7, 12, 40)} == {sha}
    assert read(f"git:{sha.upper()}", repository).label == sha[:8]


def test_from_a_folder_inside(repository: Repository) -> None:
    found = parse_subject(" git: main ", "litellm", checkout=repository.folder / "inside")
    assert found == read("git:main", repository)


def test_the_commit_of_then_stays_when_the_branch_moves(repository: Repository) -> None:
    before = read("git:main", repository)
    repository.commit("third", {"a.py": "a = 3\n"})
    assert read("git:main", repository).sha != before.sha
    assert repository.git("show", f"{before.sha}:a.py") == "a = 2"


def test_a_branch_of_a_remote(repository: Repository, tmp_path: Path) -> None:
    cloned = clone(repository, tmp_path / "clone")
    cloned.git("checkout", "--quiet", "--detach")
    cloned.git("branch", "--delete", "--force", "main")
    assert read("git:origin/main", cloned).sha == repository.git("rev-parse", "main")
    assert refused("git:main", cloned) == (
        f"git:main: no such commit in {cloned.folder}; did you mean 'origin/main'?"
    )


def test_a_work_tree_beside_the_main_one(repository: Repository, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    repository.git("worktree", "add", "--quiet", "--detach", str(beside), "v1")
    found = parse_subject("git:HEAD", "litellm", checkout=beside)
    assert found == Commit(beside, "HEAD", repository.git("rev-parse", "v1"))


def test_a_name_that_is_nearly_right(repository: Repository) -> None:
    assert refused("git:fix/slow-logon", repository) == (
        f"git:fix/slow-logon: no such commit in {repository.folder}; did you mean 'fix/slow-login'?"
    )
    assert refused("git:zzz", repository).endswith("; known: fix/slow-login, main, v1, v1-annotated")


@pytest.mark.parametrize("ref", ["main:a.py", "^main", "v1..main", "0" * 40, "main^9", "main@{999}"])
def test_what_is_no_commit(repository: Repository, ref: str) -> None:
    assert refused(f"git:{ref}", repository).startswith(f"git:{ref}: no such commit in {repository.folder}; ")


@pytest.mark.parametrize("ref", ["", " ", "-", "--all", "--output=it", "main\nx", "ma\0in", "\udce9"])
def test_what_is_no_name(repository: Repository, ref: str) -> None:
    told = refused(f"git:{ref}", repository)
    assert told == f"{f'git:{ref.strip()}'!r} names no commit: write git:main, git:v1.2.3 or git:1a2b3c4d"
    assert sorted(path.name for path in repository.folder.iterdir()) == [".git", "a.py", "inside"]


def test_a_name_of_a_branch_and_of_a_tag(repository: Repository) -> None:
    repository.git("tag", "main", "v1")
    told = refused("git:main", repository)
    assert told.startswith(f"git:main: means more than one thing in {repository.folder}: ")
    branch, tag = (read(f"git:refs/{kind}/main", repository).sha for kind in ("heads", "tags"))
    assert "git:refs/heads/main" in told
    assert "git:refs/tags/main" in told
    assert [branch, tag] == [repository.git("rev-parse", name) for name in ("HEAD", "HEAD~1")]


def test_too_few_digits_of_a_hash(repository: Repository) -> None:
    # So many that two of them begin alike; always the same ones.
    commits = (
        f"commit refs/heads/many\ncommitter T <t> {second} +0000\ndata 0\n\n" for second in range(1000)
    )
    repository.git("fast-import", "--quiet", told="".join(commits))
    starts = Counter(sha[:4] for sha in repository.git("rev-list", "many").splitlines())
    ((twice, _times),) = starts.most_common(1)
    assert refused(f"git:{twice}", repository).startswith(f"git:{twice}: means more than one thing")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    empty = new_repository(tmp_path / "empty")
    assert refused("git:HEAD", empty) == f"git:HEAD: no such commit in {empty.folder}; there are none"


def test_a_shallow_clone(repository: Repository, tmp_path: Path) -> None:
    cloned = clone(repository, tmp_path / "clone", "--depth=1", "--no-tags")
    assert read("git:main", cloned).sha == repository.git("rev-parse", "main")
    told = refused("git:v1", cloned)
    assert told.startswith(f"git:v1: no such commit in {cloned.folder}; ")
    assert "shallow clone" in told
    assert "git fetch --unshallow --tags" in told
    assert "fetch-depth: 0" in told
    cloned.git("fetch", "--quiet", "--unshallow", "--tags")
    assert read("git:v1", cloned).sha == repository.git("rev-parse", "v1")


@pytest.mark.parametrize("place", ["outside", "nowhere"])
def test_no_checkout(tmp_path: Path, place: str) -> None:
    (tmp_path / "outside").mkdir()
    with pytest.raises(InputError) as told:
        parse_subject("git:main", "litellm", checkout=tmp_path / place)
    assert str(told.value).startswith(
        f"git:REF is a commit of a git checkout, and git finds none in {tmp_path / place} ("
    )
    assert "write path:DIR for a folder" in str(told.value)


def test_a_repository_without_a_work_tree(repository: Repository, tmp_path: Path) -> None:
    bare = clone(repository, tmp_path / "clone", "--bare")
    assert "this operation must be run in a work tree" in refused("git:main", bare)


def test_git_is_not_installed(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository.folder))
    with pytest.raises(MissingToolError, match=r"^git is not on PATH: .*apt-get install git"):
        read("git:main", repository)


def test_what_a_hook_of_another_repository_sets_leads_nowhere_else(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_repository(tmp_path / "other")
    other.commit("of another repository", {"c.py": ""})
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / ".git" / "index"))
    assert read("git:main", repository) == Commit(
        repository.folder, "main", repository.git("rev-parse", "main")
    )

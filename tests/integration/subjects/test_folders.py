"""Folders as subjects: which ones are, and when two of them hold the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from perf_matrix.errors import InputError
from perf_matrix.subjects.content import content_of, copied, dependency_files
from perf_matrix.subjects.spec import Folder, parse_subject
from tests.checkouts import Repository, new_repository

FILES = {
    "pyproject.toml": '[project]\nname = "it"\nversion = "1.0"\n',
    "it/__init__.py": "x = 1\n",
    "it/run": "#!/bin/sh\n",
}
Change = Callable[[Path], object]


def plain(folder: Path) -> Path:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def in_git(folder: Path) -> Path:
    repository = new_repository(plain(folder))
    repository.commit("all of it", {".gitignore": "*.log\n/out/\n"})
    return folder


@pytest.fixture(params=[plain, in_git], ids=["plain", "git"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same files, outside git and in it."""
    made: Path = request.param(tmp_path / "my project")
    return made


# Which folder is meant.


@pytest.mark.parametrize("words", ["my project", "./my project/", "elsewhere/../my project", "linked"])
def test_a_folder_from_here(folder: Path, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "elsewhere").mkdir()
    (folder.parent / "linked").symlink_to(folder)
    monkeypatch.chdir(folder.parent)
    assert parse_subject(f"path:{words}", "it") == Folder(folder)
    monkeypatch.chdir(folder)
    assert parse_subject(Folder(folder).spec, "it") == Folder(folder)


def test_a_folder_of_the_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    assert parse_subject("path:~/my project", "it") == Folder(folder)


def test_a_setup_py_will_do(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()
    assert parse_subject(f"path:{tmp_path}", "it") == Folder(tmp_path)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "'path:' names no folder: write path:DIR, such as path:../my-checkout"),
        ("a\0b", "'path:a\\x00b' names no folder: write path:DIR"),
        ("nowhere", "path:nowhere: there is no folder that can be read: [Errno 2] No such file or directory"),
        ("file", "path:file: there is no folder that can be read: [Errno 20] Not a directory"),
        ("circle", "path:circle: there is no folder that can be read: "),
        ("n" * 300, f"path:{'n' * 300}: there is no folder that can be read: [Errno 36] File name too long"),
        ("~nobody-of-this-name/x", "path:~nobody-of-this-name/x: there is no folder that can be read: "),
        (".", "path:.: there is no pyproject.toml and no setup.py in "),
    ],
)
def test_no_folder(words: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as told:
        parse_subject(f"path:{words}", "it")
    assert str(told.value).startswith(why)


# What it holds.


def test_the_same_files_are_the_same_content_wherever_they_lie(tmp_path: Path) -> None:
    first, second = plain(tmp_path / "first"), plain(tmp_path / "second")
    os.utime(second / "it/__init__.py", (1, 1))
    assert content_of(first) == content_of(second)
    assert len(bytes.fromhex(content_of(first))) == 32


@pytest.mark.parametrize(
    "change",
    [
        lambda it: (it / "it/__init__.py").write_text("x = 2\n"),
        lambda it: (it / "it/run").chmod(0o755),
        lambda it: (it / "it/new.py").touch(),
        lambda it: (it / "it/run").unlink(),
        lambda it: (it / "it/run").rename(it / "it/ran"),
        lambda it: (it / "it/link").symlink_to("run"),
        # The bytes of both files together are still the same.
        lambda it: [(it / "it/__init__.py").write_text("x = "), (it / "it/run").write_text("1\n#!/bin/sh\n")],
        lambda it: Path(os.fsdecode(os.fsencode(it) + b"/it/\xff.py")).touch(),
    ],
    ids=["text", "executable", "new", "gone", "name", "link", "moved text", "name in no encoding"],
)
def test_what_makes_another_content(folder: Path, change: Change) -> None:
    before = content_of(folder)
    change(folder)
    assert content_of(folder) != before


def test_a_link_is_where_it_leads(folder: Path) -> None:
    (folder / "link").symlink_to("it")
    before = content_of(folder)
    (folder / "link").unlink()
    (folder / "link").symlink_to("nowhere")
    assert content_of(folder) != before


def test_a_cache_is_no_content(folder: Path) -> None:
    before = content_of(folder)
    # In git, what a .gitignore does not name is content.
    if (folder / ".git").exists():
        (folder / ".git/info/exclude").write_text("__pycache__\nnode_modules\n.venv\n")
    for name in ("it/__pycache__/x.pyc", "node_modules/x/index.js", ".venv/bin/python", ".git/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    assert content_of(folder) == before


def test_what_git_knows_of_a_folder(tmp_path: Path) -> None:
    repository = Repository(in_git(tmp_path / "it"))
    before = content_of(repository.folder)
    repository.write({"it/noise.log": "x", "out/wheel": "x"})
    assert content_of(repository.folder) == before
    # Whether a file is in the index or in a commit does not matter, only what is in it.
    repository.write({"it/new.py": "new"})
    untracked = content_of(repository.folder)
    repository.git("add", "it/new.py")
    staged = content_of(repository.folder)
    repository.commit("new")
    assert {untracked, staged} == {content_of(repository.folder)}
    assert untracked != before
    (repository.folder / "it/new.py").unlink()
    assert content_of(repository.folder) == before


def test_a_project_below_the_top_of_a_repository(tmp_path: Path) -> None:
    repository = Repository(in_git(tmp_path / "it"))
    below = plain(repository.folder / "services" / "proxy")
    before = content_of(below)
    repository.write({"it/__init__.py": "x = 99\n", "services/other.py": ""})
    assert content_of(below) == before
    repository.write({"services/proxy/it/__init__.py": "x = 99\n"})
    assert content_of(below) != before


def test_a_project_that_git_ignores_has_content_of_its_own(tmp_path: Path) -> None:
    repository = Repository(in_git(tmp_path / "it"))
    ignored = plain(repository.folder / "out" / "unpacked")
    before = content_of(ignored)
    assert before == content_of(plain(tmp_path / "elsewhere"))
    # Even where somebody has made git track a part of it.
    repository.git("add", "--force", str(ignored / "it/run"))
    assert content_of(ignored) == before
    (ignored / "it/__init__.py").write_text("x = 2\n")
    assert content_of(ignored) != before


def test_a_repository_inside_a_repository(tmp_path: Path) -> None:
    outer = Repository(in_git(tmp_path / "it"))
    inner = new_repository(outer.folder / "vendored")
    inner.commit("inside", {"inside.py": "a", ".gitignore": "*.tmp"})
    before = content_of(outer.folder)
    inner.write({"noise.tmp": ""})
    assert content_of(outer.folder) == before
    inner.write({"inside.py": "b"})
    assert content_of(outer.folder) != before


def test_git_is_not_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    before = content_of(folder)
    (folder / "it/__init__.py").write_text("x = 2\n")
    assert content_of(folder) != before


def test_a_repository_that_git_refuses_is_not_read_in_another_way(tmp_path: Path) -> None:
    folder = in_git(tmp_path / "it")
    (folder / ".git/config").write_text("[core\n")
    with pytest.raises(InputError, match=rf"^git cannot read {folder}: fatal: bad config line 1"):
        content_of(folder)


# What is built from.


def test_a_copy_holds_the_content_and_is_gone_afterwards(folder: Path, tmp_path: Path) -> None:
    (folder / "it/run").chmod(0o755)
    (folder / "it/link").symlink_to("run")
    (folder / "it/__pycache__").mkdir()
    content = content_of(folder)
    private = tmp_path / "private"
    private.mkdir()
    with copied(Folder(folder), content, private) as copy:
        assert copy.parent == private
        assert content_of(copy) == content
        assert os.access(copy / "it/run", os.X_OK)
        assert (copy / "it/link").readlink() == Path("run")
        assert not (copy / "it/__pycache__").exists()
        # What a build leaves behind it leaves here.
        (copy / "build").mkdir()
    assert list(private.iterdir()) == []
    assert content_of(folder) == content


def test_a_folder_that_changes_meanwhile(folder: Path, tmp_path: Path) -> None:
    content = content_of(folder)
    (folder / "it/__init__.py").write_text("x = 2\n")
    private = tmp_path / "private"
    private.mkdir()
    with (
        pytest.raises(InputError, match=r"my project has changed while it was read: leave it alone"),
        copied(Folder(folder), content, private),
    ):
        raise AssertionError("unreachable: it was refused")
    assert list(private.iterdir()) == []


# What it needs.


def test_dependency_files(folder: Path) -> None:
    package = '[project]\nname = "x"\nversion = "1"\n'
    written = {
        "uv.lock": "",
        "poetry.lock": "",
        "requirements.txt": "",
        "requirements-dev.txt": "",
        "setup.py": "",
        "setup.cfg": "",
        "Makefile": "",
        "it/requirements.txt": "",
        "extras/pyproject.toml": package,
        "enterprise/pyproject.toml": '[tool.poetry]\nname = "y"\n',
        "deeper/down/pyproject.toml": package,
        "only-settings/pyproject.toml": "[tool.ruff]\n",
        "broken/pyproject.toml": "[",
        "docs/other.toml": package,
    }
    Repository(folder).write(written)
    assert [str(path) for path in dependency_files(folder)] == [
        "enterprise/pyproject.toml",
        "extras/pyproject.toml",
        "poetry.lock",
        "pyproject.toml",
        "requirements-dev.txt",
        "requirements.txt",
        "setup.cfg",
        "setup.py",
        "uv.lock",
    ]

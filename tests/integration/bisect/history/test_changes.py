"""What differs between two commits, and between two installed releases, as git tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.history.bounded import CutDiff, Limits, bounded_diff
from perf_matrix.bisect.history.changes import commit_difference, folder_difference, packages_of
from perf_matrix.bisect.history.concerned import Concerned
from perf_matrix.bisect.history.ranked_files import ranked_files
from perf_matrix.compare.diff import changed_lines
from tests.checkouts import Repository, new_repository

BEFORE = {
    "it/search.py": "def search():\n    return 1\n",
    "it/old.py": "".join(f"line_{number} = {number}\n" for number in range(30)),
    "it/gone.py": "gone = 1\n",
    "it/same.py": "same = 1\n",
    "it/ui/_next/bundle.js": "a\n",
    "it/data.bin": "a\0b",
    "uv.lock": "version = 1\n",
}
AFTER = {
    "it/search.py": 'def search():\n    run("SELECT * FROM users")\n    return 1\n',
    "it/new.py": BEFORE["it/old.py"].replace("line_7 = 7", "line_7 = 8"),
    "it/added.py": "added = 1\n",
    "it/same.py": "same = 1\n",
    "it/ui/_next/bundle.js": "b\n",
    "it/data.bin": "a\0c",
    "uv.lock": "version = 2\n",
}
LINES = {
    ("it/search.py", '    run("SELECT * FROM users")', False),
    ("it/old.py", "line_7 = 7", True),
    ("it/new.py", "line_7 = 8", False),
    ("it/gone.py", "gone = 1", True),
    ("it/added.py", "added = 1", False),
    ("uv.lock", "version = 1", True),
    ("uv.lock", "version = 2", False),
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = new_repository(tmp_path / "repository")
    repository.commit("before", BEFORE)
    for path in BEFORE.keys() - AFTER.keys():
        (repository.folder / path).unlink()
    repository.commit("after", AFTER)
    return repository


def ends(repository: Repository) -> tuple[str, str]:
    return repository.git("rev-parse", "HEAD~1"), repository.git("rev-parse", "HEAD")


def lines_of(diff: str) -> set[tuple[str, str, bool]]:
    return {(line.file, line.text, line.removed) for line in changed_lines(diff)}


def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two site-packages folders, the packages ``it`` and, not to be looked at, ``other`` in each."""
    for side, files in (("before", BEFORE), ("after", AFTER)):
        Repository(tmp_path / side).write({**files, "other/a.py": side, "it/__pycache__/x.pyc": side})
    return tmp_path / "before", tmp_path / "after"


def test_two_commits(repository: Repository) -> None:
    found = commit_difference(repository.folder, *ends(repository))
    assert lines_of(found.diff) == LINES
    assert found.complete
    # Also the binary file; a renamed one is one; the bundle does not count.
    assert found.files == 6
    assert "bundle.js" not in found.diff


def test_two_installed_releases(tmp_path: Path) -> None:
    found = folder_difference(*folders(tmp_path), ["it"])
    assert lines_of(found.diff) == {line for line in LINES if line[0] != "uv.lock"}
    assert found.complete
    assert "rename from it/old.py\nrename to it/new.py\n" in found.diff
    # Here the renamed one is two, as nothing but their contents was compared.
    assert found.files == 6


def test_both_ways_rank_the_same_files(repository: Repository, tmp_path: Path) -> None:
    concerned = Concerned(tables=(("SELECT", "users"),))
    commits = ranked_files(commit_difference(repository.folder, *ends(repository)).diff, concerned)
    releases = ranked_files(folder_difference(*folders(tmp_path), ["it"]).diff, concerned)
    assert [file.path for file in commits] == [
        *("it/search.py", "it/new.py", "it/added.py", "it/gone.py", "uv.lock")
    ]
    assert releases == commits[:-1]
    assert commits[0].because == ["touches the table users in 1 line"]
    assert (commits[1].added, commits[1].removed) == (1, 1)


def test_no_package_of_that_name_and_nothing_that_differs(tmp_path: Path) -> None:
    before, after = folders(tmp_path)
    assert folder_difference(before, after, ["there-is-none"]).diff == ""
    same = folder_difference(before, before, ["it"])
    assert (same.diff, same.files, same.complete) == ("", 0, True)


def test_a_package_that_only_one_has_and_a_module(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Repository(tmp_path / "b").write({"it/a.py": "a\n", "module.py": "m\n"})
    found = folder_difference(tmp_path / "a", tmp_path / "b", ["it", "module.py"])
    assert lines_of(found.diff) == {("it/a.py", "a", False), ("module.py", "m", False)}


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("secret = 1\n")
    for side in "ab":
        (tmp_path / side / "it").mkdir(parents=True)
    (tmp_path / "b" / "it" / "link.py").symlink_to(tmp_path / "secret.py")
    assert folder_difference(tmp_path / "a", tmp_path / "b", ["it"]).diff == ""


def test_what_is_too_large_is_cut_and_said(repository: Repository, tmp_path: Path) -> None:
    full = commit_difference(repository.folder, *ends(repository))
    part = commit_difference(repository.folder, *ends(repository), Limits(size=len(full.diff) - 10))
    assert not part.complete
    assert full.diff.startswith(part.diff)
    assert lines_of(part.diff) < LINES
    assert part.files == full.files
    few = folder_difference(*folders(tmp_path), ["it"], Limits(lines=8))
    assert not few.complete
    assert 0 < few.diff.count("\n") <= 8


def test_git_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f"#!/bin/sh\ncat <<'END'\n{file.format('a')}{file.format('b')}END\nexec sleep 600\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(git.parent), prepend=":")
    found = bounded_diff(tmp_path, Limits(seconds=0.5), "diff")
    # It cannot be known whether the last file was whole.
    assert found == CutDiff(file.format("a"), complete=False)


def test_programs_and_settings_of_the_user_have_no_say(repository: Repository) -> None:
    before = commit_difference(repository.folder, *ends(repository))
    for name, value in {
        "diff.external": "/bin/false",
        "diff.noprefix": "true",
        "diff.renames": "false",
        "color.ui": "always",
        "diff.context": "0",
        "diff.it.textconv": "/bin/false",
    }.items():
        repository.git("config", name, value)
    (repository.folder / ".gitattributes").write_text("*.py diff=it\n")
    (repository.folder / ".git" / "info" / "attributes").write_text("*.py diff=it\n")
    assert commit_difference(repository.folder, *ends(repository)) == before


def test_bytes_that_are_no_text_and_names_that_are_quoted(repository: Repository) -> None:
    (repository.folder / "latin.py").write_bytes("# naïve\n".encode("latin-1"))
    repository.commit("more", {"na\tïve é.py": "x\n"})
    found = commit_difference(repository.folder, *ends(repository))
    assert lines_of(found.diff) == {("latin.py", "# na\ufffdve", False), ("na\tïve é.py", "x", False)}


def test_what_a_distribution_installed(tmp_path: Path) -> None:
    Repository(tmp_path).write(
        {
            "it/a.py": "",
            "it_extra/b.py": "",
            "single.py": "",
            "It-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: It\nVersion: 1.0\n",
            "It-1.0.dist-info/RECORD": "it/a.py,,\nit_extra/b.py,,\nsingle.py,,\nIt-1.0.dist-info/METADATA,,\n"
            "../../../bin/it,,\n__pycache__/single.cpython-311.pyc,,\n",
        }
    )
    assert packages_of(tmp_path, "it") == ["it", "it_extra", "single.py"]
    assert packages_of(tmp_path, "another") == []

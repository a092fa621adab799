"""The demonstration repository is what it says, as git itself and Python's own compiler see it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkouts import Repository
from tests.demo_repository.commits import HISTORY, Merge
from tests.demo_repository.edits import Append, Edit, Replace, Write, edited
from tests.demo_repository.history import Told, make_history

BAD_TITLES = {
    "n_plus_one": "Show how many keys a user has",
    "extra_lookup": "Heed the moderation setting in every chat",
    "extra_lookup_merge": "Merge branch 'moderation'",
    "slow_search": "Rank names by where their words begin",
    "does_not_install": "Require the newest pool",
    "does_not_start": "Move the settings to a module of their own",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("history") / "checkout"


@pytest.fixture(scope="module")
def told(folder: Path) -> Told:
    return make_history(folder)


@pytest.fixture(scope="module")
def repository(folder: Path, told: Told) -> Repository:
    return Repository(folder)


def test_the_main_line_has_40_commits_two_of_them_merges(repository: Repository, told: Told) -> None:
    listed = repository.git("log", "--first-parent", "--reverse", "--format=%H").splitlines()
    assert listed == list(told.main_line)
    assert len(listed) == 40
    merges = repository.git("log", "--merges", "--format=%s").splitlines()
    assert merges == ["Merge branch 'moderation'", "Merge branch 'usage-notes'"]
    assert len(repository.git("rev-list", "HEAD").splitlines()) == 45


def test_every_commit_that_matters_is_the_one_that_its_title_says(repository: Repository, told: Told) -> None:
    titles = {name: repository.git("log", "-1", "--format=%s", getattr(told, name)) for name in BAD_TITLES}
    assert titles == BAD_TITLES


def test_the_extra_lookup_is_in_the_branch_that_its_merge_brought_in(
    repository: Repository, told: Told
) -> None:
    assert told.extra_lookup not in told.main_line
    merge = told.extra_lookup_merge
    brought = repository.git("rev-list", f"{merge}^1..{merge}^2").splitlines()
    assert len(brought) == 3
    assert told.extra_lookup == brought[1]


def test_it_is_the_same_each_time(told: Told, tmp_path: Path) -> None:
    assert make_history(tmp_path / "again") == told


def test_the_last_commit_is_checked_out(repository: Repository, told: Told) -> None:
    assert repository.git("rev-parse", "HEAD") == told.bad
    assert repository.git("status", "--porcelain") == ""


def test_git_would_have_merged_the_branches_alike(repository: Repository) -> None:
    for merge in repository.git("log", "--merges", "--format=%H").splitlines():
        tree = repository.git("merge-tree", "--write-tree", f"{merge}^1", f"{merge}^2")
        assert tree == repository.git("rev-parse", f"{merge}^{{tree}}")


def test_every_version_of_every_file_is_python_or_a_project(repository: Repository) -> None:
    # Each version once, however many commits have it: "hash name".
    objects = [line.split(" ", 1) for line in repository.git("rev-list", "--objects", "HEAD").splitlines()]
    texts = {(sha, name): repository.git("show", sha) for sha, name in (one for one in objects if one[1:])}
    assert any(name.endswith(".py") for _, name in texts)
    for (_, name), text in texts.items():
        if name.endswith(".py"):
            compile(text, name, "exec")
        if name == "pyproject.toml":
            assert tomllib.loads(text)["project"]["name"] == "demo-service"


def test_every_commit_changes_something(repository: Repository) -> None:
    # The first has no parent, so git shows what it adds.
    sizes = repository.git("log", "--first-parent", "--root", "--format=", "--shortstat").splitlines()
    assert len([line for line in sizes if line]) == 40


def test_the_diffs_of_the_bad_commits_are_small_and_name_what_they_ask(
    repository: Repository, told: Told
) -> None:
    for sha, word in (
        (told.n_plus_one, "FROM keys"),
        (told.extra_lookup, "FROM settings"),
        (told.slow_search, "FUNCTION relevance"),
    ):
        added = [line for line in _changed(repository, sha) if line.startswith("+")]
        assert any(word in line for line in added)
        assert len(added) < 12


def test_no_other_commit_changes_a_statement(repository: Repository, told: Told) -> None:
    bad = {told.n_plus_one, told.extra_lookup}
    path = "demo_service/statements.py"
    changing = repository.git("log", "--no-merges", "--format=%H", "--", path).splitlines()
    assert set(changing) == {*bad, told.good}


@pytest.mark.parametrize("name", ["does_not_install", "does_not_start"])
def test_the_next_commit_mends_what_does_not_start(repository: Repository, told: Told, name: str) -> None:
    place = told.main_line.index(getattr(told, name))
    assert repository.git("log", "-1", "--format=%s", told.main_line[place + 1]) in (
        "Mend the pool's version",
        "Add the module that was forgotten",
    )


def test_no_fault_can_be_switched_on_from_outside(repository: Repository, told: Told) -> None:
    for sha in (told.good, told.bad):
        source = repository.git("show", f"{sha}:demo_service/service.py")
        assert "Fault" not in source
        assert "FAULTS" not in source


def test_the_titles_are_all_different() -> None:
    titles = [
        each.title
        for entry in HISTORY
        for each in (entry, *(entry.branch if isinstance(entry, Merge) else ()))
    ]
    assert len(set(titles)) == len(titles) == 45


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (Write("a.txt", "new"), "a.txt is there already"),
        (Replace("a.txt", "two", "2"), "2 times"),
        (Replace("a.txt", "three", "3"), "0 times"),
    ],
)
def test_an_edit_that_does_not_fit_is_a_mistake(edit: Write | Replace, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        edited({"a.txt": "one two two"}, [edit])


def test_edits_are_made_in_their_order() -> None:
    edits: list[Edit] = [
        Replace("a.txt", "one", "two"),
        Append("a.txt", "!"),
        Replace("a.txt", "two!", "three"),
    ]
    assert edited({"a.txt": "one"}, edits) == {"a.txt": "three"}


def _changed(repository: Repository, sha: str) -> Iterator[str]:
    for line in repository.git("show", "--format=", sha).splitlines():
        if line.startswith(("+", "-")) and not line.startswith(("+++", "---")):
            yield line

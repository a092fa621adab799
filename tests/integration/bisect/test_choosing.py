"""Which versions are searched: each kind of history, and each mistake in naming one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest

from perf_matrix.bisect.choosing import Chosen, Range, choose
from perf_matrix.bisect.history.releases import ReleaseChoice
from perf_matrix.errors import InputError, MissingToolError
from perf_matrix.targets.registry import find_target
from tests.checkouts import Repository, new_repository

TARGET = find_target(None)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Four commits; the first and the last two are tagged."""
    repository = new_repository(tmp_path / "repository")
    for number in range(4):
        repository.commit(f"number {number}", {"a.py": f"{number}\n"})
        if number != 1:
            repository.git("tag", f"v1.{number}")
    return repository


def no_engine() -> NoReturn:
    raise MissingToolError("no Docker engine answers")


def chosen(good: str | None, bad: str | None, **more: Any) -> Chosen:
    return choose(Range(good, bad, **more), TARGET, no_engine)


def refused(good: str | None, bad: str | None, **more: Any) -> str:
    with pytest.raises(InputError) as told:
        chosen(good, bad, **more)
    return str(told.value)


def test_the_commits_of_a_checkout(repository: Repository) -> None:
    found = chosen("v1.0", "main", repository=repository.folder)
    shas = repository.git("rev-list", "--reverse", "main").splitlines()
    assert found.history.kind == "commits"
    assert [one.spec for one in found.history.candidates] == [f"git:{sha}" for sha in shas]
    assert (found.good, found.bad) == ("v1.0", "main")
    assert found.repository == repository.folder.resolve()


def test_commits_may_be_written_as_subjects(repository: Repository) -> None:
    found = chosen("git:v1.0", "git:main", repository=repository.folder)
    assert len(found.history.candidates) == 4


def test_commits_of_the_folder_that_one_is_in(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.folder)
    assert len(chosen("git:v1.0", "git:main").history.candidates) == 4


def test_the_tags_of_a_checkout(repository: Repository) -> None:
    found = chosen("v1.0", "v1.3", repository=repository.folder, tags="v1.*")
    assert found.history.kind == "tags"
    assert [one.label for one in found.history.candidates] == ["v1.0", "v1.2", "v1.3"]


def test_a_list_of_releases() -> None:
    text = "litellm==1.80.5\n# a remark\nlitellm==1.80.7\n\nlitellm==1.81.0\n"
    found = chosen(None, None, listed=(text, "versions.txt"))
    assert found.history.kind == "list"
    assert (found.good, found.bad) == ("litellm==1.80.5", "litellm==1.81.0")
    assert len(found.history.candidates) == 3
    assert found.repository is None


def test_a_list_of_commits(repository: Repository) -> None:
    text = "git:v1.0\ngit:v1.2\ngit:main\n"
    found = chosen(None, None, listed=(text, "versions.txt"), repository=repository.folder)
    assert found.repository == repository.folder.resolve()
    assert [one.label for one in found.history.candidates] == ["v1.0", "v1.2", "main"]


@pytest.mark.parametrize(("good", "bad"), [(None, None), ("litellm==1.80.5", None)])
def test_an_end_is_missing(good: str | None, bad: str | None) -> None:
    assert refused(good, bad) == (
        "name both ends: perf-matrix bisect litellm==1.2.3 litellm==1.3.0, or perf-matrix bisect --repo DIR GOOD BAD"
    )


def test_ends_of_two_kinds() -> None:
    assert refused("litellm==1.80.5", "image:litellm:1.81.0") == (
        "litellm==1.80.5 and image:litellm:1.81.0 do not tell what lies between them: name two releases, two images, "
        "two commits (--repo DIR), or all versions in their order (--list FILE)"
    )


def test_what_is_no_version() -> None:
    assert refused("1.80.5", "1.81.0").startswith("'1.80.5' is not a subject: ")


def test_a_release_that_is_never_installed() -> None:
    assert "compromised" in refused("litellm==1.80.5", "litellm==1.82.7")


def test_images_need_an_engine() -> None:
    assert refused("image:litellm:1.80.5", "image:litellm:1.81.0") == "no Docker engine answers"


def test_options_that_would_change_nothing(repository: Repository) -> None:
    assert refused("a", "b", tags="v*") == "--tags searches the tags of a checkout: add --repo DIR"
    listed = ("litellm==1.80.5\n", "versions.txt")
    assert refused("litellm==1.80.5", None, listed=listed) == (
        "--list FILE says which versions are searched: leave out GOOD and BAD"
    )
    expected = "--pre and --exclude choose among releases: leave them out with anything else"
    for choice in (ReleaseChoice(pre=True), ReleaseChoice(exclude=("1.80.6",))):
        assert refused("a", "b", repository=repository.folder, choice=choice) == expected
        assert refused(None, None, listed=listed, choice=choice) == expected


def test_pre_and_exclude_with_anything_but_releases(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.folder)
    choice = ReleaseChoice(pre=True)
    expected = "--pre and --exclude choose among releases: leave them out with anything else"
    assert refused("git:v1.0", "git:main", choice=choice) == expected


def test_all_parents_of_what_is_no_line_of_commits(repository: Repository) -> None:
    expected = "--all-parents opens up merge commits: leave it out unless commits are searched (--repo DIR)"
    listed = ("git:v1.0\ngit:main\n", "versions.txt")
    assert refused("litellm==1.80.5", "litellm==1.81.0", all_parents=True) == expected
    assert refused("image:litellm:v1.80.5", "image:litellm:v1.81.0", all_parents=True) == expected
    assert refused(None, None, listed=listed, repository=repository.folder, all_parents=True) == expected
    assert refused("v1.0", "v1.3", repository=repository.folder, tags="v*", all_parents=True) == expected
    found = chosen("v1.0", "main", repository=repository.folder, all_parents=True)
    assert len(found.history.candidates) == 4


def test_a_list_with_tags(repository: Repository) -> None:
    listed = ("git:v1.0\ngit:main\n", "versions.txt")
    told = refused(None, None, listed=listed, repository=repository.folder, tags="v*")
    assert told == "--list FILE says which versions are searched: leave out --tags"


def test_what_the_checkout_does_not_have(repository: Repository, tmp_path: Path) -> None:
    assert "nowhere" in refused("nowhere", "main", repository=repository.folder)
    (tmp_path / "plain").mkdir()
    assert str(tmp_path / "plain") in refused("v1", "v2", repository=tmp_path / "plain")
    assert "Write the older one first" in refused("main", "v1.0", repository=repository.folder)
    assert "the same commit" in refused("main", "v1.3", repository=repository.folder)


@pytest.mark.parametrize("text", ["", "# nothing\n", "litellm==1.80.5\n"])
def test_a_list_that_is_too_short(text: str) -> None:
    assert refused(None, None, listed=(text, "versions.txt")).startswith("versions.txt")


def test_a_list_with_a_mistake() -> None:
    text = "litellm==1.80.5\nlitelm==1.80.6\n"
    assert "versions.txt, line 2: " in refused(None, None, listed=(text, "versions.txt"))

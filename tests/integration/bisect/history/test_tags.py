"""The tags between two commits of a real repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from perf_matrix.bisect.history.candidate import History
from perf_matrix.bisect.history.tags import tags_between
from perf_matrix.errors import InputError
from perf_matrix.subjects.spec import Commit, parse_subject
from tests.checkouts import Repository, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Six commits on main, tagged v1.0 v1.1 v1.10 v1.2 - v2.0 in this order; v0.9-fix beside them."""
    repository = new_repository(tmp_path / "repository")
    for number, tag in enumerate(["v1.0", "v1.1", "v1.10", "v1.2", "", "v2.0"]):
        repository.commit(f"commit {number}", {"a.py": f"{number}\n"})
        if tag:
            repository.git("tag", tag)
    repository.git("checkout", "--quiet", "-b", "beside", "v1.0")
    repository.commit("beside", {"b.py": ""})
    repository.git("tag", "v1.0-fix")
    repository.git("checkout", "--quiet", "main")
    return repository


def between(repository: Repository, good: str, bad: str, glob: str = "*") -> History:
    first, last = (parse_subject(f"git:{ref}", "litellm", checkout=repository.folder) for ref in (good, bad))
    assert isinstance(first, Commit)
    assert isinstance(last, Commit)
    return tags_between(first, last, glob)


def labels(history: History) -> list[str]:
    return [candidate.label for candidate in history.candidates]


def test_in_the_order_of_history_not_of_their_names(repository: Repository) -> None:
    found = between(repository, "v1.0", "v2.0")
    assert labels(found) == ["v1.0", "v1.1", "v1.10", "v1.2", "v2.0"]
    assert found.kind == "tags"
    assert found.notes == ()
    assert found.candidates[2].spec == f"git:{repository.git('rev-parse', 'v1.10')}"
    assert found.candidates[2].commit is not None
    assert found.candidates[2].commit.title == "commit 2"


def test_ends_without_a_tag_and_with_one_of_another_name(repository: Repository) -> None:
    assert labels(between(repository, "main~4", "main~1")) == [
        *("v1.1", "v1.10", "v1.2", repository.git("rev-parse", "main~1")[:8])
    ]


def test_those_that_a_pattern_matches(repository: Repository) -> None:
    assert labels(between(repository, "v1.0", "v2.0", "v1.1*")) == ["v1.0", "v1.1", "v1.10", "v2.0"]


def test_a_tag_of_a_branch_that_was_merged_lies_between(repository: Repository) -> None:
    repository.git("merge", "--quiet", "--message=merge", "beside")
    repository.commit("after", {"a.py": "after\n"})
    assert sorted(labels(between(repository, "v1.0", "main"))[1:-1]) == [
        *("v1.0-fix", "v1.1", "v1.10", "v1.2", "v2.0")
    ]
    # It is no descendant of v1.1.
    assert "v1.0-fix" not in labels(between(repository, "v1.1", "main"))


def test_several_tags_on_a_commit_and_annotated_ones(repository: Repository) -> None:
    repository.git("tag", "--annotate", "--message=x", "a", "v1.1")
    repository.git("tag", "--annotate", "--message=of a tag", "b", "a")
    repository.git("tag", "release-ü/1.10", "v1.10")
    assert labels(between(repository, "v1.0", "v2.0")) == ["v1.0", "a", "v1.10", "v1.2", "v2.0"]
    assert labels(between(repository, "v1.0", "v2.0", "release-*")) == ["v1.0", "release-ü/1.10", "v2.0"]
    assert labels(between(repository, "b", "refs/tags/release-ü/1.10")) == ["b", "release-ü/1.10"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (b"v1.15\xc2\x9b31m", "v1.15\ufffd31m"),
        ("v1.15\u202e0.2v".encode(), "v1.150.2v"),
        (b"caf\xe9", "caf\ufffd"),
        ("\u200e".encode(), ""),
        ("v1.2\u200e".encode(), "v1.2 "),
    ],
)
@pytest.mark.parametrize("place", ["main~1", "main"])
def test_a_name_is_fit_to_be_shown_and_written(
    repository: Repository, place: str, name: bytes, label: str
) -> None:
    repository.git("tag", "--delete", "v2.0")
    sha = repository.git("rev-parse", place)
    tags = repository.folder / ".git" / "refs" / "tags"
    (tags / os.fsdecode(name)).write_text(f"{sha}\n")
    history = between(repository, "v1.0", "main")
    (found,) = [one for one in history.candidates if one.spec == f"git:{sha}"]
    assert found.label == label if label.strip() == label != "" else f"{label}{sha[:8]}"
    assert len(set(labels(history))) == len(history.candidates)
    assert History("tags", history.candidates) == TypeAdapter(History).validate_json(
        TypeAdapter(History).dump_json(History("tags", history.candidates))
    )


def test_a_tag_of_what_is_no_commit(repository: Repository) -> None:
    repository.git("tag", "a-file", "HEAD:a.py")
    assert labels(between(repository, "v1.10", "v2.0")) == ["v1.10", "v1.2", "v2.0"]


def test_none_between(repository: Repository) -> None:
    found = between(repository, "v1.2", "v2.0")
    assert labels(found) == ["v1.2", "v2.0"]
    assert found.notes == ("no tag lies between git:v1.2 and git:v2.0",)


def test_no_tags_at_all(tmp_path: Path) -> None:
    bare = new_repository(tmp_path / "bare")
    shas = [bare.commit(title, {"a.py": title}) for title in ("one", "two")]
    assert labels(between(bare, "HEAD~1", "HEAD")) == [sha[:8] for sha in shas]


def test_a_pattern_that_matches_none_of_those_between(repository: Repository) -> None:
    with pytest.raises(InputError) as told:
        between(repository, "v1.0", "v2.0", "v1.20")
    assert str(told.value) == (
        "--tags v1.20: no tag between git:v1.0 and git:v2.0 is called so; did you mean 'v1.2'?"
    )


def test_ends_that_do_not_fit(repository: Repository) -> None:
    with pytest.raises(InputError, match="GOOD has to be the older commit"):
        between(repository, "v2.0", "v1.0")
    found = between(repository, "v1.0-fix", "v1.10")
    assert labels(found) == ["v1.0", "v1.1", "v1.10"]
    assert "begins at their merge base" in found.notes[0]

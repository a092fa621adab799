"""The commits between two, in real repositories: lines, merges, shallow clones, and what commits say of themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from perf_matrix.bisect.history.candidate import History
from perf_matrix.bisect.history.commit_info import commit_info, described, digits_for
from perf_matrix.bisect.history.commits import commits_between, merged_by
from perf_matrix.bisect.model import CommitInfo
from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.subjects.spec import Commit, Release, parse_subject
from tests.checkouts import Repository, clone, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Main: one, two, a merge of the branch ``fix`` (f1, f2, off one), three."""
    repository = new_repository(tmp_path / "repository")
    repository.commit("one", {"a.py": "1\n"})
    branch(repository, "fix", "main", "f1", "f2")
    repository.git("checkout", "--quiet", "main")
    repository.commit("two", {"a.py": "2\n"})
    merge(repository, "fix")
    repository.commit("three", {"a.py": "3\n"})
    return repository


def branch(repository: Repository, name: str, start: str, *titles: str) -> None:
    repository.git("checkout", "--quiet", "-b", name, start)
    for title in titles:
        repository.commit(title, {f"{name}.py": f"{title}\n"})


def merge(repository: Repository, *names: str) -> str:
    repository.git("merge", "--quiet", "--no-ff", f"--message=merge {' '.join(names)}", *names)
    return repository.git("rev-parse", "HEAD")


def commit(repository: Repository, ref: str) -> Commit:
    subject = parse_subject(f"git:{ref}", "litellm", checkout=repository.folder)
    assert isinstance(subject, Commit)
    return subject


def history(repository: Repository, good: str, bad: str) -> History:
    return commits_between(commit(repository, good), commit(repository, bad))


def refused(repository: Repository, good: str, bad: str) -> str:
    with pytest.raises(InputError) as told:
        history(repository, good, bad)
    return str(told.value)


def titles(history: History) -> list[str]:
    return [one.commit.title for one in history.candidates if one.commit]


def test_the_first_parents_oldest_first(repository: Repository) -> None:
    found = history(repository, "main~3", "main")
    assert titles(found) == ["one", "two", "merge fix", "three"]
    assert found.kind == "commits"
    assert found.notes == ()
    shas = repository.git("rev-list", "--first-parent", "--reverse", "main").splitlines()
    assert [one.spec for one in found.candidates] == [f"git:{sha}" for sha in shas]
    assert [one.label for one in found.candidates] == [sha[:8] for sha in shas]
    assert [one.commit.parents for one in found.candidates if one.commit] == [0, 1, 2, 1]


def test_neighbours(repository: Repository) -> None:
    assert titles(history(repository, "main~1", "main")) == ["merge fix", "three"]


def test_a_good_end_on_a_branch_that_was_merged(repository: Repository) -> None:
    found = history(repository, "fix~1", "main")
    # Of the first parents, those that the good end does not have itself.
    assert titles(found) == ["f1", "two", "merge fix", "three"]
    (note,) = found.notes
    two = repository.git("rev-parse", "main~2")
    assert note.startswith(f"{repository.git('rev-parse', 'fix~1')[:8]} is not the first parent of {two[:8]}")


def test_a_good_end_beside_the_line_begins_at_the_merge_base(repository: Repository) -> None:
    branch(repository, "beside", "main~2", "b1")
    found = history(repository, "beside", "main")
    assert titles(found) == ["two", "merge fix", "three"]
    base = repository.git("rev-parse", "main~2")
    assert found.notes == (
        (
            f"git:beside is not an ancestor of git:main: the history begins at their merge base, {base[:8]}. "
            "What git:beside has beside it is not looked into"
        ),
    )


def test_what_a_merge_brought_in(repository: Repository) -> None:
    (found,) = merged_by(repository.folder, repository.git("rev-parse", "main~1"))
    assert titles(found) == ["one", "f1", "f2"]
    assert found.notes == ()


def test_a_commit_that_merges_nothing(repository: Repository) -> None:
    for ref in ("main", "main~3"):
        assert merged_by(repository.folder, repository.git("rev-parse", ref)) == []


def test_a_merge_of_several_branches(repository: Repository) -> None:
    branch(repository, "left", "main", "l1")
    branch(repository, "right", "main", "r1", "r2")
    repository.git("checkout", "--quiet", "main")
    found = merged_by(repository.folder, merge(repository, "left", "right"))
    assert [titles(one) for one in found] == [["three", "l1"], ["three", "r1", "r2"]]


def test_a_branch_that_had_merged_main_itself(repository: Repository) -> None:
    branch(repository, "long", "main~1", "g1")
    repository.git("merge", "--quiet", "--message=update from main", "main")
    update = repository.git("rev-parse", "HEAD")
    repository.commit("g2", {"g.py": "2\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit("four", {"a.py": "4\n"})
    (found,) = merged_by(repository.folder, merge(repository, "long"))
    # It begins where the branch did, not at what it took up later.
    assert titles(found) == ["merge fix", "g1", "update from main", "g2"]
    assert found.updates == (f"git:{update}",)
    assert found.notes == ()


def test_a_branch_that_had_merged_another_one_took_up_something_new(repository: Repository) -> None:
    branch(repository, "other", "main", "o1")
    branch(repository, "long", "main", "g1")
    merge(repository, "other")
    repository.git("checkout", "--quiet", "main")
    (found,) = merged_by(repository.folder, merge(repository, "long"))
    assert titles(found) == ["three", "g1", "merge other"]
    assert found.updates == ()


def test_a_branch_that_merged_main_and_another_one_at_once(repository: Repository) -> None:
    branch(repository, "other", "main", "o1")
    branch(repository, "long", "main~1", "g1")
    merge(repository, "main", "other")
    repository.git("checkout", "--quiet", "main")
    repository.commit("four", {"a.py": "4\n"})
    (found,) = merged_by(repository.folder, merge(repository, "long"))
    assert found.updates == ()


def test_a_merge_of_what_was_cut_off(repository: Repository, tmp_path: Path) -> None:
    cloned = clone(repository, tmp_path / "clone", "--depth=3")
    (found,) = merged_by(cloned.folder, cloned.git("rev-parse", "main~1"))
    assert titles(found) == ["f2"]
    (note,) = found.notes
    assert "where the clone was cut off: this is a shallow clone" in note


def test_a_merge_of_nothing(repository: Repository) -> None:
    tree, first, other = (repository.git("rev-parse", ref) for ref in ("main^{tree}", "main", "main~1"))
    merge_ = repository.git("commit-tree", tree, "-p", first, "-p", other, "-m", "merged already")
    assert merged_by(repository.folder, merge_) == []


def test_a_merge_of_another_history(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    for number in (1, 2):
        repository.commit(f"other {number}", {"o.py": f"{number}\n"})
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--allow-unrelated-histories", "--message=adopt", "other")
    (found,) = merged_by(repository.folder, repository.git("rev-parse", "HEAD"))
    assert titles(found) == ["other 1", "other 2"]
    assert "have no commit in common: this is all of the merged history" in found.notes[0]
    assert titles(history(repository, "main~1", "main")) == ["three", "adopt"]


def test_the_wrong_order(repository: Repository) -> None:
    told = refused(repository, "main", "main~2")
    assert told == (
        "GOOD has to be the older commit, and git:main~2 is an ancestor of git:main. "
        "Write the older one first, whichever is the faster: git:main~2 git:main"
    )


def test_the_same_commit_twice(repository: Repository) -> None:
    sha = repository.git("rev-parse", "main")
    assert refused(repository, "main", "HEAD") == (
        f"GOOD and BAD are the same commit, {sha[:8]} (git:main and git:HEAD): name two, the older one first"
    )


def test_nothing_in_common(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit("of another origin")
    told = refused(repository, "other", "main")
    assert told == (
        f"git:other and git:main have no commit in common in {repository.folder}. "
        "Name two commits of the same history"
    )


def test_a_shallow_clone_where_both_ends_are_there(repository: Repository, tmp_path: Path) -> None:
    cloned = clone(repository, tmp_path / "clone", "--depth=3")
    assert titles(history(cloned, "main~1", "main")) == ["merge fix", "three"]


def test_a_shallow_clone_that_lacks_what_is_between(repository: Repository, tmp_path: Path) -> None:
    # The good end is on the merged branch; the line of first parents is cut off before it gets back to it.
    cloned = clone(repository, tmp_path / "clone", "--depth=3")
    good = repository.git("rev-parse", "fix")
    told = refused(cloned, good, "main")
    assert told.startswith(f"commits before git:main are missing in {cloned.folder}: this is a shallow clone")
    assert "git fetch --unshallow --tags" in told
    cloned.git("fetch", "--quiet", "--unshallow")
    assert titles(history(cloned, good, "main")) == ["f2", "two", "merge fix", "three"]


def test_a_shallow_clone_without_the_merge_base(repository: Repository, tmp_path: Path) -> None:
    branch(repository, "beside", "main~3", "b1")
    cloned = clone(repository, tmp_path / "clone", "--depth=1", "--no-single-branch")
    told = refused(cloned, "origin/beside", "origin/main")
    assert "have no commit in common" in told
    assert "this is a shallow clone" in told


def test_what_a_commit_says_of_itself(repository: Repository) -> None:
    repository.git("remote", "add", "origin", "https://x:secret@github.com/someone/it.git")
    repository.git(
        *("commit", "--quiet", "--allow-empty", "--message=A title\n\nAnd more."),
        *("--author=Ada Lovelace <ada@example.com>", "--date=2026-03-01T12:30:00+05:30"),
    )
    sha = repository.git("rev-parse", "HEAD")
    assert commit_info(repository.folder, sha) == CommitInfo(
        sha=sha,
        title="A title",
        author="Ada Lovelace <ada@example.com>",
        date=datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        url=f"https://github.com/someone/it/commit/{sha}",
        parents=1,
    )


def test_the_only_remote_has_the_page_and_one_of_several_has_not(repository: Repository) -> None:
    sha = repository.git("rev-parse", "HEAD")
    repository.git("remote", "add", "upstream", "git@github.com:someone/it.git")
    assert commit_info(repository.folder, sha).url == f"https://github.com/someone/it/commit/{sha}"
    repository.git("remote", "add", "other", "git@github.com:another/it.git")
    assert commit_info(repository.folder, sha).url == ""
    repository.git("remote", "add", "origin", "git@gitlab.com:a/b.git")
    assert commit_info(repository.folder, sha).url == f"https://gitlab.com/a/b/-/commit/{sha}"


def hostile(repository: Repository, title: bytes, author: bytes, date: bytes) -> str:
    """A commit with these bytes in it, which git itself would not make."""
    tree = repository.git("rev-parse", "HEAD^{tree}").encode()
    person = b"%s <a@example.com> %s" % (author, date)
    text = b"tree %s\nauthor %s\ncommitter %s\n\n%s" % (tree, person, person, title)
    (repository.folder / "raw").write_bytes(text)
    return repository.git("hash-object", "-t", "commit", "--literally", "-w", "raw")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (b"\x1b[2J\x07ring\r\n\nbody", "\ufffd[2J\ufffdring"),
        (b"no \xff utf-8\n", "no \ufffd utf-8"),
        (b"two\nlines\n\nbody", "two lines"),
        (b"| a | <script>`x`\n", "| a | <script>`x`"),
        (b"\xe2\x80\xaeevil\n", "evil"),
        (b"", ""),
        (b"y" * 5000, "y" * 499 + "…"),
    ],
)
def test_a_hostile_title(repository: Repository, title: bytes, shown: str) -> None:
    info = commit_info(repository.folder, hostile(repository, title, b"A \x1b B", b"0 +0000"))
    assert info.title == shown
    assert info.author == "A \ufffd B <a@example.com>"
    assert CommitInfo.model_validate_json(info.model_dump_json()) == info


@pytest.mark.parametrize(
    ("date", "read"),
    [
        (b"1000000000 +0000", datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (b"99999999999999999 +0000", datetime(1970, 1, 1, tzinfo=UTC)),
        (b"yesterday", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_that_may_be_none(repository: Repository, date: bytes, read: datetime) -> None:
    assert commit_info(repository.folder, hostile(repository, b"x", b"A", date)).date == read


def test_a_time_zone_that_is_none(repository: Repository) -> None:
    sha = hostile(repository, b"x", b"A", b"1000000000 +9900")
    assert commit_info(repository.folder, sha).date == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


def test_the_user_s_own_settings_change_nothing(repository: Repository) -> None:
    before = history(repository, "main~3", "main")
    for setting in (
        *("log.showSignature=true", "color.ui=always", "log.decorate=full", "log.date=relative"),
        *("log.mailmap=true", "format.pretty=oneline", "i18n.logOutputEncoding=UTF-16"),
    ):
        name, value = setting.split("=")
        repository.git("config", name, value)
    (repository.folder / ".mailmap").write_text("Another <another@example.com> <tests@example.com>\n")
    assert history(repository, "main~3", "main") == before


def test_a_subject_described(repository: Repository) -> None:
    found = described(commit(repository, "main"))
    assert found.label == "main"
    assert found.commit == commit_info(repository.folder, repository.git("rev-parse", "main"))
    assert described(Release("litellm", "1.80.5")).commit is None


def test_no_such_commit(repository: Repository) -> None:
    with pytest.raises(MeasurementError, match="git could not list commits of"):
        commit_info(repository.folder, "0" * 40)


def test_as_many_digits_as_tell_hashes_apart() -> None:
    assert digits_for(["a" * 40, "b" * 40, "a" * 40]) == 8
    assert digits_for(["12345678ab" + "0" * 30, "12345678ac" + "0" * 30]) == 10


def test_a_thousand_commits(repository: Repository) -> None:
    texts = (
        f"commit refs/heads/many\ncommitter T <t> {second} +0000\ndata {len(str(second))}\n{second}\n"
        for second in range(1000)
    )
    repository.git("fast-import", "--quiet", told="".join(texts))
    first = repository.git("rev-list", "--max-parents=0", "many")
    found = history(repository, first, "many")
    assert titles(found) == [str(second) for second in range(1000)]
    assert len({one.label for one in found.candidates}) == 1000

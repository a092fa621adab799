"""Makes the demonstration repository: the same commits with the same hashes each time, on every machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.checkouts import new_repository
from tests.demo_repository.commits import HISTORY, Change, Kind, Merge
from tests.demo_repository.edits import Files, edited
from tests.demo_repository.source import clean_files

_WHO = "Demo Author <demo@example.com>"
_FIRST_S = 1_767_600_000  # 5 January 2026
_APART_S = 5 * 3600


@dataclass(frozen=True)
class Told:
    """The full hashes of the commits that matter. ``good`` is the first, ``bad`` the last of the main line."""

    good: str
    bad: str
    n_plus_one: str
    extra_lookup: str
    """Inside the branch that ``extra_lookup_merge`` merged."""
    extra_lookup_merge: str
    slow_search: str
    does_not_install: str
    does_not_start: str
    main_line: tuple[str, ...]
    """Every commit of it, oldest first."""


@dataclass(frozen=True)
class _Commit:
    """What git is told; ``mark`` and ``parents`` are git's names for commits that have no hash yet."""

    mark: int
    title: str
    parents: tuple[int, ...]
    files: Files


@dataclass
class _Line:
    """The main line, while it is made. ``on_main``: the marks of its commits; ``kinds``: marks of the others."""

    commits: list[_Commit] = field(default_factory=list)
    on_main: list[int] = field(default_factory=list)
    marks: dict[Kind, int] = field(default_factory=dict)
    merges: dict[Kind, int] = field(default_factory=dict)

    def add(self, title: str, parents: Iterable[int], files: Files) -> int:
        """One more commit; returns its mark."""
        mark = len(self.commits) + 1
        self.commits.append(_Commit(mark, title, tuple(parents), files))
        return mark

    def change(self, change: Change, parents: Iterable[int], files: Files) -> int:
        """One more commit with what ``change`` makes of ``files``; returns its mark."""
        mark = self.add(change.title, parents, edited(files, change.edits))
        if change.kind != "fine":
            self.marks[change.kind] = mark
        return mark

    def merge(self, merge: Merge) -> int:
        """The commits of a branch, and the one that merges it; returns the mark of that."""
        tip = self.on_main[-merge.behind]
        for change in merge.branch:
            tip = self.change(change, [tip], self.files(tip))
        together = edited(
            self.files(self.on_main[-1]), [edit for each in merge.branch for edit in each.edits]
        )
        mark = self.add(merge.title, [self.on_main[-1], tip], together)
        self.merges |= {change.kind: mark for change in merge.branch if change.kind != "fine"}
        return mark

    def files(self, mark: int) -> Files:
        """Those of a commit."""
        return self.commits[mark - 1].files


def make_history(folder: Path) -> Told:
    """Make the repository in ``folder``, which must be empty or not there, with the last commit checked out."""
    line = _line()
    repository = new_repository(folder)
    with tempfile.NamedTemporaryFile("r") as marks:
        repository.git("fast-import", "--quiet", f"--export-marks={marks.name}", told=_stream(line.commits))
        hashes = dict(_mark_and_hash(row) for row in Path(marks.name).read_text().splitlines())
    repository.git("reset", "--quiet", "--hard", "main")
    return Told(
        good=hashes[line.on_main[0]],
        bad=hashes[line.on_main[-1]],
        n_plus_one=hashes[line.marks["n-plus-one"]],
        extra_lookup=hashes[line.marks["extra-lookup"]],
        extra_lookup_merge=hashes[line.merges["extra-lookup"]],
        slow_search=hashes[line.marks["slow-search"]],
        does_not_install=hashes[line.marks["does-not-install"]],
        does_not_start=hashes[line.marks["does-not-start"]],
        main_line=tuple(hashes[mark] for mark in line.on_main),
    )


def _line() -> _Line:
    line = _Line()
    first, *others = HISTORY
    line.on_main.append(line.add(first.title, [], clean_files()))
    for each in others:
        last = line.on_main[-1]
        mark = line.merge(each) if isinstance(each, Merge) else line.change(each, [last], line.files(last))
        line.on_main.append(mark)
    return line


def _stream(commits: Iterable[_Commit]) -> str:
    """What git's fast-import reads: no hook runs, nothing is signed, and no clock is looked at."""
    return "".join(map(_commit, commits)) + "done\n"


def _commit(commit: _Commit) -> str:
    when = f"{_FIRST_S + commit.mark * _APART_S} +0000"
    first, *merged = commit.parents or [None]
    return "".join(
        (
            f"commit refs/heads/main\nmark :{commit.mark}\nauthor {_WHO} {when}\ncommitter {_WHO} {when}\n",
            _data(commit.title + "\n"),
            f"from :{first}\n" if first is not None else "",
            *(f"merge :{parent}\n" for parent in merged),
            "deleteall\n",
            *(f"M 100644 inline {path}\n{_data(text)}" for path, text in sorted(commit.files.items())),
            "\n",
        )
    )


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _mark_and_hash(row: str) -> tuple[int, str]:
    mark, sha = row.split()
    return int(mark.removeprefix(":")), sha

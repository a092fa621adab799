"""The command of the comment that finds the commit: run by a real git, with a stand-in for the measuring."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from perf_matrix.compare.model import Comparison
from perf_matrix.publish.bisecting import bisect_command
from tests.checkouts import new_repository
from tests.unit.report.builders import passed, regression

# Says "regression" where the commit holds a slow file, and "cannot be measured" where it holds a broken one.
_MEASURE = """#!/bin/sh
echo "$@" >> asked.txt
[ ! -e broken ] || exit 3
[ ! -e slow ] || exit 1
"""


def between(base: str, head: str, found: Comparison) -> Comparison:
    """The comparison of two commits."""
    subjects = found.subjects
    return found.model_copy(
        update={
            "subjects": subjects.model_copy(
                update={
                    "base": subjects.base.model_copy(update={"commit": base}),
                    "head": subjects.head.model_copy(update={"commit": head}),
                }
            )
        }
    )


def test_it_finds_the_commit_and_steps_over_broken_ones(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "checkout")
    base = repository.commit("first", {"a.txt": "1\n", ".gitignore": "asked.txt\n"})
    repository.commit("second", {"a.txt": "2\n"})
    culprit = repository.commit("third", {"slow": "yes\n"})
    repository.commit("fourth", {"broken": "yes\n"})
    (repository.folder / "broken").unlink()
    repository.commit("fifth", {"a.txt": "5\n"})
    head = repository.commit("sixth", {"a.txt": "6\n"})
    program = tmp_path / "bin" / "perf-matrix"
    program.parent.mkdir()
    program.write_text(_MEASURE)
    program.chmod(0o755)
    command = bisect_command(between(base, head, regression()), ["git:a", "git:b", "--matrix", "it's a.yml"])
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=repository.folder,
        env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{culprit} is the first bad commit" in done.stdout
    asked = (repository.folder / "asked.txt").read_text().splitlines()
    options = (
        f"git:{base[:12]} git:HEAD --matrix it's a.yml --cell default --endpoints user-list --metrics queries"
    )
    assert set(asked) == {f"compare {options}"}


@pytest.mark.parametrize(
    ("base", "head"), [("", ""), ("a" * 40, ""), ("$(touch pwned)", "b" * 40), ("a" * 40, "-x" * 20)]
)
def test_nothing_to_bisect(base: str, head: str) -> None:
    assert bisect_command(between(base, head, regression()), []) == ""
    assert bisect_command(between("a" * 40, "b" * 40, passed()), []) == ""


def test_a_name_cannot_end_the_command() -> None:
    found = regression()
    first = found.findings[0].model_copy(update={"endpoint": "x'; touch pwned; '"})
    hostile = found.model_copy(update={"findings": [first]})
    words = shlex.split(bisect_command(between("a" * 40, "b" * 40, hostile), []))
    assert words[:6] == ["git", "bisect", "start", "b" * 12, "a" * 12, "&&"]
    inner = shlex.split(words[-1])
    assert "x'; touch pwned; '" in inner
    assert "touch" not in inner

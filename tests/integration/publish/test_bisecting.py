"""The command of the comment that finds the commit: read by a real shell, with a stand-in for perf-matrix."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from perf_matrix.compare.model import Comparison, Finding
from perf_matrix.publish.bisecting import bisect_command
from tests.unit.report.builders import comparison, finding, passed, regression

BASE, HEAD = "a" * 40, "b" * 40
_TELL = """#!/bin/sh
printf '%s\\n' "$@"
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


def asked(*findings: Finding, arguments: tuple[str, ...] = ()) -> list[str]:
    """The words after the two hashes."""
    found = between(BASE, HEAD, comparison("regression", findings=list(findings)))
    words = shlex.split(bisect_command(found, arguments))
    assert words[:6] == ["perf-matrix", "bisect", "--repo", ".", "a" * 12, "b" * 12]
    return words[6:]


def regressed(endpoint: str, metric: str, cell: str = "default") -> Finding:
    return finding(endpoint, metric, "regression", "", cell)


def test_a_shell_hands_on_what_was_meant(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "perf-matrix"
    program.parent.mkdir()
    program.write_text(_TELL)
    program.chmod(0o755)
    command = bisect_command(
        between(BASE, HEAD, regression()),
        ["git:a", "git:b", "--matrix", "it's a.yml", "--time", "6m", "--backend", "local"],
    )
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    options = "--cell default --on user-list/queries --on chat-virtual-key/queries --on chat-virtual-key/p50"
    assert done.stdout.splitlines() == [
        *("bisect", "--repo", ".", "a" * 12, "b" * 12),
        *("--matrix", "it's a.yml", "--backend", "local"),
        *options.split(),
        *("--on", "models-list/p50"),
    ]


def test_perf_matrix_takes_the_command(tmp_path: Path) -> None:
    """A checkout is the first thing that it misses: every option was understood."""
    command = bisect_command(between(BASE, HEAD, regression()), ["git:a", "git:b", "--backend", "local"])
    words = [sys.executable, "-m", *shlex.split(command.replace("perf-matrix", "perf_matrix", 1))]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "git finds none" in done.stderr) == (2, True), done.stderr


def test_counts_alone_are_searched_without_latencies() -> None:
    found = asked(regressed("users", "queries"), regressed("teams", "queries"))
    assert found[2:] == ["--on", "users/queries", "--on", "teams/queries", "--metrics", "queries"]


def test_requests_that_fail_may_be_all_of_them_or_some() -> None:
    assert asked(regressed("users", "errors"))[2:] == ["--on", "users/answers", "--on", "users/errors"]


def test_the_median_stands_for_all_latencies() -> None:
    found = asked(regressed("users", "p95"), regressed("users", "p50"), regressed("teams", "p99"))
    assert found == ["--cell", "default", "--on", "users/p50", "--on", "teams/p50"]


def test_failures_under_load_are_called_errors() -> None:
    assert asked(regressed("users", "load"))[-2:] == ["--on", "users/errors"]


def test_each_cell_and_each_symptom_is_named_once() -> None:
    found = asked(
        regressed("users", "queries", "cache=on"),
        regressed("users", "queries", "cache=off"),
        regressed("teams", "queries", "cache=on"),
    )
    cells = ["--cell", "cache=on", "--cell", "cache=off"]
    assert found == [*cells, "--on", "users/queries", "--on", "teams/queries", "--metrics", "queries"]


@pytest.mark.parametrize(("endpoints", "named"), [(8, 8), (9, 0)])
def test_so_many_that_nobody_would_read_it_are_not_named(endpoints: int, named: int) -> None:
    found = asked(*(regressed(f"endpoint-{number}", "p50") for number in range(endpoints)))
    assert found.count("--on") == named


@pytest.mark.parametrize(
    ("base", "head"), [("", ""), ("a" * 40, ""), ("$(touch pwned)", "b" * 40), ("a" * 40, "-x" * 20)]
)
def test_nothing_to_bisect(base: str, head: str) -> None:
    assert bisect_command(between(base, head, regression()), []) == ""
    assert bisect_command(between("a" * 40, "b" * 40, passed()), []) == ""


def test_a_finding_without_an_endpoint_is_nothing_to_search_by() -> None:
    whole_cell = comparison("regression", findings=[regressed("", "load")])
    assert bisect_command(between(BASE, HEAD, whole_cell), []) == ""


def test_a_name_cannot_end_the_command() -> None:
    found = asked(regressed("x'; touch pwned; '", "queries"))
    assert "x'; touch pwned; '/queries" in found
    assert "touch" not in found

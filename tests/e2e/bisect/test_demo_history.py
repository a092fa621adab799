"""The commits of the demonstration repository cost what they are said to cost, as ``compare`` measures them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perf_matrix.compare.model import Comparison, EndpointComparison
from tests.demo_repository.demo import Demo
from tests.e2e.command import Command, Ended, comparison_in, started

pytestmark = pytest.mark.e2e

COUNTS = ("--metrics", "queries")
CLEAN = {"models": 0, "users": 1, "teams": 1, "chat": 0, "report": 4, "search": 1}
_ATTEMPTS = 3


def test_between_the_ends_two_counts_differ_and_no_others(demo: Demo, tmp_path: Path) -> None:
    ended = compare(demo, demo.told.good, demo.told.bad, tmp_path, *COUNTS)
    assert ended.exit_code == 1, ended.stderr
    found = comparison_in(tmp_path / "run")
    assert counts(found, "base") == CLEAN
    assert counts(found, "head") == {**CLEAN, "users": 26, "chat": 1}
    assert {(one.endpoint, one.metric) for one in found.findings} == {
        ("users", "queries"),
        ("chat", "queries"),
    }
    assert added(found, "users") == {"SELECT count(*) AS keys FROM keys WHERE user_id = $1": 25}
    assert added(found, "chat") == {"SELECT value FROM settings WHERE name = $1": 1}


def test_what_was_merged_before_the_n_plus_one_costs_nothing(demo: Demo, tmp_path: Path) -> None:
    parent = f"{demo.told.n_plus_one}^"
    ended = compare(demo, demo.told.good, parent, tmp_path, *COUNTS)
    assert ended.exit_code == 0, ended.stderr
    assert counts(comparison_in(tmp_path / "run"), "head") == CLEAN


def test_the_slow_search_sends_the_same_statement_and_is_slower(demo: Demo, tmp_path: Path) -> None:
    chosen = ("--endpoints", "search", "--metrics", "queries,p50")
    ended = compare(demo, f"{demo.told.slow_search}^", demo.told.slow_search, tmp_path, *chosen, time_s=30)
    assert ended.exit_code == 1, ended.stderr
    found = comparison_in(tmp_path / "run")
    assert [(one.endpoint, one.metric) for one in found.findings] == [("search", "p50")]
    assert counts(found, "head") == {"search": 1}


def test_one_that_does_not_start_ends_with_the_lines_of_its_log(demo: Demo, tmp_path: Path) -> None:
    ended = compare(demo, demo.told.good, demo.told.does_not_start, tmp_path, *COUNTS)
    assert ended.exit_code == 3
    assert f"the head proxy (git:{demo.told.does_not_start}) exited with status 1" in ended.stderr
    assert "| ModuleNotFoundError: No module named 'demo_service.settings'" in ended.stderr


def test_one_that_cannot_be_installed_ends_with_the_installers_words(demo: Demo, tmp_path: Path) -> None:
    ended = compare(demo, demo.told.good, demo.told.does_not_install, tmp_path, *COUNTS)
    assert ended.exit_code == 2
    assert "cannot be installed" in ended.stderr
    assert "psycopg-pool>=33.2,<34" in ended.stderr
    assert not (tmp_path / "run").exists()


def test_nothing_of_it_stays_in_the_checkout(demo: Demo, tmp_path: Path) -> None:
    chosen = (*COUNTS, "--endpoints", "models")
    assert compare(demo, demo.told.good, demo.told.good, tmp_path, *chosen).exit_code == 0
    assert demo.repository.git("status", "--porcelain") == ""
    assert len(demo.repository.git("worktree", "list").splitlines()) == 1


def test_without_its_plug_in_the_target_is_not_known(demo: Demo, tmp_path: Path) -> None:
    arguments = ["plan", "--matrix", str(demo.matrix)]
    with started(arguments, tmp_path) as command:
        ended = command.end()
    assert ended.exit_code == 2
    assert "target: 'demo' is not known" in ended.stderr


def compare(demo: Demo, base: str, head: str, scratch: Path, *options: str, time_s: int = 60) -> Ended:
    """Run ``compare`` into the folder ``run``; with the time that a refusal asks for where the machine is busy."""
    for attempt in range(_ATTEMPTS):
        ended = _compared(demo, base, head, scratch, [*options, "--time", f"{time_s}s"])
        refusal = re.search(r"the shortest that works here is about (\d+)s", ended.stderr)
        if refusal is None:
            return ended
        (scratch / "run").rename(scratch / f"refused-{attempt}")
        time_s = int(refusal[1]) * 6 // 5
    raise AssertionError("the machine is too busy: every limit was refused")


def _compared(demo: Demo, base: str, head: str, scratch: Path, options: list[str]) -> Ended:
    arguments = [
        *("compare", f"git:{base}", f"git:{head}"),
        *("--checkout", str(demo.repository.folder), "--matrix", str(demo.matrix), "--backend", "local"),
        *("--out", str(scratch / "run"), *options),
    ]
    command: Command
    with started(arguments, scratch, demo.environ) as command:
        ended = command.end()
        assert command.left_behind() == []
    return ended


def counts(comparison: Comparison, arm: str) -> dict[str, float]:
    """Statements per request of every endpoint; only exact ones."""
    found = {}
    for endpoint in comparison.cells[0].endpoints:
        assert endpoint.queries is not None
        assert endpoint.queries.stable, endpoint.queries.unstable_because
        found[endpoint.name] = getattr(endpoint.queries, arm)
    return found


def added(comparison: Comparison, name: str) -> dict[str, float]:
    """The statements that came with head, and how often each request sends them."""
    queries = _endpoint(comparison, name).queries
    assert queries is not None
    return {one.statement: one.per_request for one in queries.added}


def _endpoint(comparison: Comparison, name: str) -> EndpointComparison:
    return next(one for one in comparison.cells[0].endpoints if one.name == name)

"""Counting alone, for real: the new statements of chat, the lists that multiply, budgets, in a minute or two."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from perf_matrix.compare.model import Comparison, Queries
from perf_matrix.record.read import read_run

from .command import BASE, HEAD, Ended, comparison_in, started
from .conftest import Measure, Start

pytestmark = pytest.mark.e2e

CHATS = {"chat-virtual-key": 2, "chat-streaming": 2, "chat-master-key": 1}
# What a list asks for however long it is, and for each of its rows; over what that was measured.
LISTS = {
    "user-list": ("user", "page size", 2, 1.0),
    "team-list-v1": ("team", "data scale", 2, 1.0),
    "key-list": ("key", "page size", 3, 0.5),
}
ENDPOINTS = ",".join([*CHATS, *LISTS])
DIFF = """\
--- a/proxy/auth.py
+++ b/proxy/auth.py
@@ -10,2 +10,4 @@
 async def allowed(key, prisma_client):
     team = key.team_id
+    row = await prisma_client.db.litellm_teamtable.find_unique(where={"team_id": team})
+    return row
"""


@dataclass(frozen=True)
class Run:
    """The run that most tests here look at."""

    ended: Ended
    folder: Path
    comparison: Comparison

    def queries(self, name: str) -> Queries:
        (found,) = (one.queries for one in self.comparison.cells[0].endpoints if one.name == name)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    scratch = tmp_path_factory.mktemp("queries")
    (scratch / "change.diff").write_text(DIFF)
    out = scratch / "run"
    arguments = ["compare", BASE, HEAD, "--metrics", "queries", "--endpoints", ENDPOINTS, "--out", str(out)]
    with started([*arguments, "--diff", "change.diff"], scratch) as command:
        ended = command.end()
        assert command.left_behind() == []
        yield Run(ended, out, comparison_in(out))


def test_it_fails_for_the_chats_and_measures_no_latency(run: Run) -> None:
    assert run.ended.exit_code == 1, run.ended.stderr
    assert {finding.endpoint for finding in run.comparison.findings} == set(CHATS)
    assert {finding.metric for finding in run.comparison.findings} == {"queries"}
    assert all(one.paired is None for one in run.comparison.cells[0].endpoints)
    assert read_run(run.folder).cells[0].blocks == []
    assert not re.search(r"\bp50\b|\bp95\b", run.ended.stderr)


@pytest.mark.parametrize("name", CHATS)
def test_the_new_statements_of_chat_are_counted_exactly(run: Run, name: str) -> None:
    found = run.queries(name)
    assert (found.base, found.head, found.stable) == (0, CHATS[name], True)
    assert sum(added.per_request for added in found.added) == CHATS[name]
    assert [(cost.round_trip_ms, cost.extra_ms) for cost in found.costs] == [
        (trip, trip * CHATS[name]) for trip in (0, 1, 5)
    ]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_multiplies_is_a_line_over_its_rows(run: Run, name: str) -> None:
    row, over, fixed, per_row = LISTS[name]
    found = run.queries(name)
    assert found.verdict == "pass"
    (slope,) = (slope for slope in found.slopes if slope.over == over)
    assert (slope.row, slope.verdict, slope.note) == (row, "pass", "an old N+1, the same on both")
    for line in (slope.base, slope.head):
        assert line is not None
        assert (line.fixed, line.per_row) == (fixed, per_row)
        assert line.statements[0].per_request == per_row
    assert f"{fixed} + {per_row:.2f} per {row}" in run.ended.stderr


def test_the_changed_line_that_reads_the_table_is_named(run: Run) -> None:
    for name in ("chat-virtual-key", "chat-streaming"):
        (team,) = (added for added in run.queries(name).added if added.tables == ["LiteLLM_TeamTable"])
        place = team.places[0]
        assert (place.file, place.line, place.table) == ("proxy/auth.py", 12, "LiteLLM_TeamTable")
    assert "proxy/auth.py:12" in run.ended.stderr
    assert "proxy/auth.py:12" in (run.folder / "report.html").read_text()


def test_a_budget_is_written_from_the_run_kept_and_broken(run: Run, start: Start, tmp_path: Path) -> None:
    recorded = ("--from", str(run.folder))
    file = tmp_path / "perf-budget.yml"
    written = start("budget", "update", HEAD, *recorded).end()
    assert written.exit_code == 0, written.stderr
    assert "  user-list: {statements: 27, per_row: 1}" in file.read_text()
    kept = start("budget", "check", HEAD, *recorded).end()
    assert kept.exit_code == 0, kept.stderr
    # The older version asks for less: not a failure.
    assert start("budget", "check", BASE, *recorded).end().exit_code == 0

    file.write_text(
        file.read_text().replace("chat-virtual-key: {statements: 2}", "chat-virtual-key: {statements: 1}")
    )
    broken = start("budget", "check", HEAD, *recorded, "--json").end()
    assert broken.exit_code == 1
    (over,) = (one for one in json.loads(broken.stdout)["endpoints"] if one["status"] == "over")
    assert over["endpoint"] == "chat-virtual-key"
    assert (over["budget"]["statements"], over["measured"]["statements"]) == (1, 2)
    assert "LiteLLM_TeamTable" in broken.stderr
    assert over["entry"] in broken.stderr

    file.write_text(file.read_text() + "  chat-no-more: {statements: 1}\n")
    gone = start("budget", "check", HEAD, *recorded).end()
    assert gone.exit_code == 2
    assert "chat-no-more" in gone.stderr


def test_a_budget_is_checked_without_anything_to_compare_with(start: Start, tmp_path: Path) -> None:
    (tmp_path / "perf-budget.yml").write_text(
        "version: 1\nendpoints:\n  chat-master-key: {statements: 0}\n  key-info: {statements: 1}\n"
    )
    check = start("budget", "check", HEAD, "--endpoints", "chat-master-key,key-info", "--out", "run")
    ended = check.end()
    assert ended.exit_code == 1, ended.stderr
    assert "LiteLLM_Config" in ended.stderr
    assert check.left_behind() == []
    assert list(read_run(tmp_path / "run").info.subjects) == ["head"]


def test_a_run_that_was_killed_at_the_second_scale_goes_on_there(start: Start, out: Path) -> None:
    begun = start(
        *("compare", BASE, HEAD, "--metrics", "queries"),
        *("--endpoints", "team-list-v1,chat-master-key", "--out", str(out)),
    )
    begun.wait_for("second data scale: starting")
    begun.send(signal.SIGKILL)
    begun.end()
    resumed = start("run", "--resume", str(out)).end()
    assert resumed.exit_code == 1, resumed.stderr
    assert "epoch 1 of" not in resumed.stderr
    scales = [epoch.scale for epoch in read_run(out).cells[0].epochs_started]
    assert scales[0] == "first"
    assert set(scales[1:]) == {"second"}
    slopes = [
        slope for one in comparison_in(out).cells[0].endpoints if one.queries for slope in one.queries.slopes
    ]
    assert [(slope.row, slope.head and slope.head.per_row) for slope in slopes] == [("team", 1)]


def test_a_real_delay_before_the_database_costs_what_the_counts_say(measure: Measure) -> None:
    begun = measure(BASE, HEAD, "--endpoints", "chat-virtual-key", "--round-trip", "5")
    ended = begun.command.end()
    assert ended.exit_code == 1, ended.stderr
    comparison = comparison_in(begun.folder)
    trip = comparison.cells[0].round_trip
    assert trip is not None
    assert trip.asked_ms == 5
    assert trip.delayed_ms - trip.relayed_ms >= 5
    (chat,) = comparison.cells[0].endpoints
    assert chat.queries is not None
    cost = chat.queries.measured_cost
    assert cost is not None
    assert cost.blocks >= 8
    assert cost.expected_ms == pytest.approx(2 * cost.round_trip_ms)
    assert "measured with a delay of 5" in ended.stderr
    assert begun.command.left_behind() == []

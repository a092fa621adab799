"""The main job, for real: two releases of LiteLLM, between which its chat endpoints began to ask the database."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from perf_matrix.compare.model import Comparison, EndpointComparison, Queries
from perf_matrix.record.read import read_run

from .command import BASE, HEAD, Command, Ended, comparison_in, measuring, stages, started

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
# At least; on a busy machine more is asked for.
LIMIT_S = 100
# Preparing, the block under way when the time is over, comparing, and a machine that others use too.
ALLOWANCE_S = 60
CONFIG = 'FROM "public"."LiteLLM_Config"'
TEAM = 'FROM "public"."LiteLLM_TeamTable"'
# SQL statements per request of the base and of the head, and the tables that the new ones read.
CHAT: dict[str, tuple[float, float, list[str]]] = {
    "chat-virtual-key": (0, 2, [CONFIG, TEAM]),
    "chat-master-key": (0, 1, [CONFIG]),
    "chat-streaming": (0, 2, [CONFIG, TEAM]),
}
SAME = {"models": 0, "user-list": 27}


@dataclass(frozen=True)
class Run:
    """The run that every test here looks at."""

    command: Command
    ended: Ended
    folder: Path
    limit_s: int
    comparison: Comparison

    def endpoint(self, name: str) -> EndpointComparison:
        (found,) = (one for one in self.comparison.cells[0].endpoints if one.name == name)
        return found

    def queries(self, name: str) -> Queries:
        queries = self.endpoint(name).queries
        assert queries is not None
        return queries


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    scratch = tmp_path_factory.mktemp("releases")
    arguments = [BASE, HEAD, "--endpoints", "chat-*,models,user-list", "--json"]
    with measuring(arguments, scratch, LIMIT_S) as begun:
        ended = begun.command.end()
        yield Run(begun.command, ended, begun.folder, begun.limit_s, comparison_in(begun.folder))


def test_it_finds_the_regression_and_says_so_by_its_exit_code(run: Run) -> None:
    assert run.ended.exit_code == 1, run.ended.stderr
    assert run.comparison.verdict == "regression"
    report = run.folder / "report.html"
    assert run.ended.stderr.splitlines()[-1] == (
        f"compare exited 1 because it found a regression; the report is at {report}"
    )
    named = {finding.endpoint for finding in run.comparison.findings if finding.metric == "queries"}
    assert named == set(CHAT)


@pytest.mark.parametrize("name", CHAT)
def test_the_statements_that_chat_began_to_send_are_counted_and_named(run: Run, name: str) -> None:
    base, head, tables = CHAT[name]
    queries = run.queries(name)
    assert (queries.verdict, queries.stable) == ("regression", True)
    assert (queries.base, queries.head) == (base, head)
    assert len(queries.added) == len(tables)
    for table in tables:
        (added,) = (one for one in queries.added if table in one.statement)
        assert added.per_request == 1
    assert queries.removed == []
    assert queries.changed == []
    assert run.endpoint(name).verdict == "regression"


@pytest.mark.parametrize("name", SAME)
def test_what_sends_the_same_statements_is_no_sql_regression(run: Run, name: str) -> None:
    queries = run.queries(name)
    assert (queries.verdict, queries.stable) == ("pass", True)
    assert queries.base == queries.head == SAME[name]
    assert queries.added == []
    assert queries.removed == []


def test_every_endpoint_gets_its_blocks_over_both_epochs(run: Run) -> None:
    for endpoint in run.comparison.cells[0].endpoints:
        paired = endpoint.paired
        assert paired is not None, endpoint.name
        assert paired.blocks >= 8, endpoint.name
        assert paired.pairs >= 80, endpoint.name
        assert paired.epochs == 2, endpoint.name
        assert endpoint.errors is not None
        assert (endpoint.errors.base, endpoint.errors.head) == (0, 0), endpoint.errors.examples
    blocks_by_epoch: defaultdict[tuple[str, int], int] = defaultdict(int)
    for block in read_run(run.folder).cells[0].blocks:
        blocks_by_epoch[block.endpoint, block.epoch] += 1
        assert sum(block.head_first) == 5, "as many pairs with head first as with base first"
    assert set(blocks_by_epoch) == {(name, epoch) for name in {*CHAT, *SAME} for epoch in (0, 1)}
    assert min(blocks_by_epoch.values()) >= 4


def test_standard_output_is_the_comparison_and_nothing_else(run: Run) -> None:
    file = run.folder / "comparison.json"
    assert run.ended.stdout == file.read_text()


def test_the_comparison_is_as_published(run: Run) -> None:
    schema = json.loads((ROOT / "docs" / "comparison.schema.json").read_text())
    document = json.loads(run.ended.stdout)
    validator = Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(document)] == []
    document["verdict"] = "fine"
    assert not validator.is_valid(document), "the schema accepts anything"


def test_the_reports_name_the_new_statements(run: Run) -> None:
    markdown = (run.folder / "report.md").read_text()
    for text in (run.ended.stderr, markdown.replace("\\", "")):
        assert "REGRESSION" in text
        assert "LiteLLM_Config" in text
        assert "LiteLLM_TeamTable" in text
        for name in {*CHAT, *SAME}:
            assert name in text


def test_the_report_can_be_made_again_from_the_folder(run: Run, tmp_path: Path) -> None:
    files = [run.folder / name for name in ("comparison.json", "report.md", "report.html")]
    before = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    with started(["report", str(run.folder), "--json"], tmp_path) as report:
        ended = report.end()
    assert ended.exit_code == 1, ended.stderr
    assert [file.read_bytes() for file in files] == before
    assert ended.stdout.encode() == before[0]


def test_it_keeps_to_its_time_and_tells_where_it_went(run: Run) -> None:
    timings = run.comparison.timings
    installing = timings.phases["find the tools"] + timings.phases["prepare the subjects"]
    assert run.ended.seconds - installing < run.limit_s + ALLOWANCE_S
    measuring = timings.phases["SQL windows"] + timings.phases["request pairs"]
    assert timings.measuring_s == pytest.approx(measuring)
    assert 0 < timings.measuring_s < timings.total_s
    assert timings.total_s == pytest.approx(sum(timings.phases.values()))
    assert timings.total_s < run.ended.seconds


def test_whoever_waits_is_told_every_15_seconds_how_far_it_is(run: Run) -> None:
    said = stages(run.ended.stderr)
    for stage in (
        "starting Postgres",
        "epoch 1 of 2: starting the service",
        "epoch 2 of 2: comparing latencies",
        "second data scale: counting SQL statements",
    ):
        assert stage in said
    heartbeats = [line for line in said if re.search(r"; (about \d+m?\d*s left|nearly done)$", line)]
    assert len(heartbeats) >= LIMIT_S // 15 - 1
    assert any("of at least 20 (" in line or "least certain" in line for line in heartbeats)


def test_nothing_is_left_but_the_run_folder(run: Run) -> None:
    assert run.command.left_behind() == []

"""A matrix of two cells through docker compose: real LiteLLM, telemetry off and on, everything measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from perf_matrix.compare.model import CellComparison, Comparison
from perf_matrix.matrix.model import ARMS
from perf_matrix.record.model import RunRecord
from perf_matrix.record.read import read_run
from tests.e2e.command import BASE, HEAD, Ended, comparison_in, measuring
from tests.engine import Engine

pytestmark = pytest.mark.e2e

LIMIT_S = 90
MATRIX = """\
version: 1
target: litellm
workload: workloads/proxy.yml
scale: {models: 50, users: 50, keys: 200, teams: 10, mcp_servers: 3}
axes:
  callbacks:
    none: {}
    langfuse-otel:
      config: {litellm_settings: {callbacks: [langfuse_otel]}}
      env: {LANGFUSE_PUBLIC_KEY: pk-perf, LANGFUSE_SECRET_KEY: sk-perf, LANGFUSE_HOST: "${sink}"}
load: {slot: 3s, slots: 2}
"""


@dataclass(frozen=True)
class Run:
    """The run that the tests here look at, and the names of what it left with the engine."""

    ended: Ended
    comparison: Comparison
    record: RunRecord
    folder: Path
    left: dict[str, str]

    def cell(self, callbacks: str) -> CellComparison:
        (found,) = (cell for cell in self.comparison.cells if cell.variants == {"callbacks": callbacks})
        return found


@pytest.fixture(scope="module")
def run(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    scratch = tmp_path_factory.mktemp("matrix")
    (scratch / "two.yml").write_text(MATRIX)
    arguments = [BASE, HEAD, "--backend", "compose", "--matrix", str(scratch / "two.yml")]
    arguments += ["--endpoints", "chat-virtual-key,models"]
    with measuring(arguments, scratch, LIMIT_S, engine.environ) as running:
        ended = running.command.end()
        left = {
            kind: engine.run(
                "docker", kind, "ls", "--filter", f"label=perf-matrix.run={running.command.lease}", "-q"
            )
            for kind in ("volume", "network")
        }
        containers = (
            "docker",
            "ps",
            "--all",
            "--filter",
            f"label=perf-matrix.run={running.command.lease}",
            "-q",
        )
        left["container"] = engine.run(*containers)
        yield Run(ended, comparison_in(running.folder), read_run(running.folder), running.folder, left)


def test_it_finds_the_regression_in_both_cells(run: Run) -> None:
    assert run.ended.exit_code == 1, run.ended.stderr
    assert [cell.id for cell in run.comparison.cells] == ["callbacks=none", "callbacks=langfuse-otel"]
    for cell in run.comparison.cells:
        assert cell.fault == ""
        (chat,) = (one for one in cell.endpoints if one.name == "chat-virtual-key")
        assert chat.queries is not None
        assert (chat.queries.base, chat.queries.head) == (0, 2)
        assert chat.queries.verdict == "regression"
        assert chat.paired is not None
        assert chat.paired.p50 is not None


def test_the_sink_sees_spans_where_telemetry_is_on_and_nothing_where_it_is_off(run: Run) -> None:
    seen = {cell.cell.variants["callbacks"]: cell.telemetry for cell in run.record.cells}
    assert [epoch.exports for epoch in seen["none"]] == [0, 0]
    assert all(epoch.spans > 0 and epoch.rejected == 0 for epoch in seen["langfuse-otel"])
    assert len(seen["langfuse-otel"]) == 2


def test_every_instrument_measured(run: Run) -> None:
    for cell in run.comparison.cells:
        assert cell.control is not None
        assert cell.load is not None
        assert cell.load.cpu_s_per_1000.base
        assert cell.load.peak_memory_bytes.head
        assert cell.load.rounds == 2


def test_subjects_and_parts_are_recorded_by_what_they_are(run: Run) -> None:
    info = run.record.info
    assert info.backend == "compose"
    for arm in ARMS:
        assert info.subjects[arm].image.startswith("sha256:")
        assert info.subjects[arm].packages["litellm"] == info.subjects[arm].version
    assert {"docker", "docker compose", "postgres", "k6"} <= info.tools.keys()


def test_logs_of_every_part_are_kept(run: Run) -> None:
    for folder in run.folder.glob("cells/*/logs/epoch-1"):
        names = {log.name for log in folder.iterdir()}
        assert {"base.log", "head.log", "upstream.log", "sink.log", "k6.log"} <= names
        assert "Uvicorn running" in (folder / "head.log").read_text()


def test_nothing_is_left_with_the_engine(run: Run) -> None:
    assert run.left == {"container": "", "volume": "", "network": ""}

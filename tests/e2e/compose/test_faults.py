"""Faults of containers with real LiteLLM: told by name, with their log; the other cells run, nothing is left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perf_matrix.processes import LOG_TAIL_LINES
from perf_matrix.stacks.compose.engine import Engine, find_engine
from perf_matrix.stacks.compose.project import OVERLAY_VARIABLE
from perf_matrix.stacks.readiness import READY_LIMIT_VARIABLE
from tests.containers import container_of, left_with
from tests.e2e.command import BASE, HEAD, LONG, Command, Ended, blocks_file, comparison_in, started
from tests.engine import Engine as SharedEngine

pytestmark = [pytest.mark.docker, pytest.mark.e2e]

# One release twice: what is compared does not matter here.
COMPARE = ("compare", BASE, BASE, "--backend", "compose", "--metrics", "queries", "--endpoints", "models")
EITHER = r"the (base|head) proxy \(litellm==1\.80\.5\)"
MATRIX = """
version: 1
workload: workloads/proxy.yml
scale: {models: 5, users: 50, keys: 60, teams: 10, mcp_servers: 1}
"""
NO_DATABASE = """
axes:
  database:
    nowhere: {env: {DATABASE_URL: "postgresql://nobody:nothing@postgres:5432/nowhere"}}
    sound: {}
"""
FEW_CONNECTIONS = """
services:
  postgres:
    command: >-
      postgres -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.save=off
      -c max_connections=3 -c superuser_reserved_connections=0 -c max_wal_senders=0
"""


@pytest.fixture
def found(engine: SharedEngine) -> Engine:
    return find_engine(engine.environ)


def matrix(folder: Path, axes: str = "") -> tuple[str, str]:
    """The option for a matrix file with these axes."""
    file = folder / "matrix.yml"
    file.write_text(MATRIX + axes)
    return "--matrix", str(file)


def ended_and_left_nothing(command: Command, engine: Engine) -> Ended:
    ended = command.end()
    assert command.left_behind() == []
    assert left_with(engine, command.lease) == []
    assert "Traceback (most recent call last)" not in re.sub(r"(?m)^\s*\|.*$", "", ended.stderr)
    return ended


def test_a_service_without_a_database_does_not_stop_the_other_cells(
    engine: SharedEngine, found: Engine, tmp_path: Path, out: Path
) -> None:
    # On a slow machine it is not done with trying when this is over: then it was never ready.
    environ = {**engine.environ, READY_LIMIT_VARIABLE: "120s"}
    arguments = (*COMPARE, *matrix(tmp_path, NO_DATABASE), "--out", str(out))
    with started(arguments, tmp_path, environ) as command:
        assert command.lease
        ended = ended_and_left_nothing(command, found)
    assert ended.exit_code == 3, ended.stderr
    nowhere, sound = comparison_in(out).cells
    assert re.search(rf"^{EITHER} (exited with status 3|was not ready after 120 s)\.$", nowhere.fault)
    assert 10 < len(nowhere.log_tail) <= LOG_TAIL_LINES
    for line in nowhere.log_tail:
        assert line in ended.stderr
    assert (sound.fault, sound.log_tail) == ("", [])
    (models,) = sound.endpoints
    assert models.queries is not None
    assert (models.queries.base, models.queries.head, models.queries.stable) == (0, 0, True)


def test_a_proxy_killed_while_pairs_are_measured(
    engine: SharedEngine, found: Engine, tmp_path: Path, out: Path
) -> None:
    arguments = ("compare", BASE, HEAD, "--backend", "compose", "--endpoints", "models", *LONG)
    with started((*arguments, "--out", str(out)), tmp_path, engine.environ) as command:
        command.wait_until(lambda: blocks_file(out) is not None, "a recorded block")
        found.client.api.kill(container_of(found, command.lease, "proxy-head"))
        ended = ended_and_left_nothing(command, found)
    assert ended.exit_code == 3, ended.stderr
    (cell,) = comparison_in(out).cells
    assert cell.fault == "the head proxy (litellm==1.81.0) was killed by SIGKILL."
    assert "because the measurement is invalid" in ended.stderr.splitlines()[-1]
    (log,) = out.glob("cells/*/logs/epoch-1/head.log")
    assert "Uvicorn running" in log.read_text()


def test_a_proxy_with_too_little_memory(
    engine: SharedEngine, found: Engine, tmp_path: Path, out: Path
) -> None:
    environ = {**engine.environ, "PROXY_MEMORY": "150m"}
    with started((*COMPARE, *matrix(tmp_path), "--out", str(out)), tmp_path, environ) as command:
        assert command.lease
        ended = ended_and_left_nothing(command, found)
    assert ended.exit_code == 3, ended.stderr
    (cell,) = comparison_in(out).cells
    assert re.search(rf"^{EITHER} was killed, since it used more memory than it may\.$", cell.fault), (
        cell.fault
    )


def test_services_that_find_no_free_connection(
    engine: SharedEngine, found: Engine, tmp_path: Path, out: Path
) -> None:
    (tmp_path / "few.yml").write_text(FEW_CONNECTIONS)
    overlay = {OVERLAY_VARIABLE: str(tmp_path / "few.yml"), READY_LIMIT_VARIABLE: "60s"}
    environ = {**engine.environ, **overlay}
    with started((*COMPARE, *matrix(tmp_path), "--out", str(out)), tmp_path, environ) as command:
        assert command.lease
        ended = ended_and_left_nothing(command, found)
    assert ended.exit_code == 3, ended.stderr
    # Postgres says it, and what it said is kept with the logs of the services.
    (log,) = out.glob("cells/*/logs/epoch-1/postgres.log")
    assert "sorry, too many clients already" in log.read_text()

"""What the command makes of faults: exit code, message, report; the other cells are measured, nothing is left."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perf_matrix.compare.model import CellComparison
from perf_matrix.processes import LOG_TAIL_LINES
from perf_matrix.stacks.compose.project import OVERLAY_VARIABLE
from perf_matrix.stacks.readiness import READY_LIMIT_VARIABLE
from tests.e2e.command import Ended, comparison_in
from tests.integration.stacks.compose.commands import QUERIES, Bench

pytestmark = pytest.mark.docker

EITHER = r"the (base|head) proxy \(image:perf-matrix-tests/small-service:[0-9a-f]{16}\)"
HEAD = EITHER.replace("(base|head)", "head", 1)
TOO_LITTLE_MEMORY = "was killed, since it used more memory than it may"


def cells(bench: Bench) -> dict[str, CellComparison]:
    return {cell.variants["kind"]: cell for cell in comparison_in(bench.out).cells}


def assert_invalid(ended: Ended) -> None:
    assert ended.exit_code == 3, ended.stderr
    assert "because the measurement is invalid" in ended.stderr.splitlines()[-1]
    assert_no_defect(ended)


def assert_no_defect(ended: Ended) -> None:
    # Lines of logs may hold what the services themselves raised.
    assert "Traceback (most recent call last)" not in re.sub(r"(?m)^\s*\|.*$", "", ended.stderr)


def assert_measured(cell: CellComparison) -> None:
    assert (cell.fault, cell.log_tail) == ("", [])
    queries = {endpoint.name: endpoint.queries for endpoint in cell.endpoints}
    assert {name: (one.base, one.head) for name, one in queries.items() if one} == {
        "rows": (1, 1),
        "ready": (0, 0),
    }


def refused(bench: Bench, *options: str, **environ: str) -> str:
    """The message of a command that refuses to begin."""
    with bench.compare(*QUERIES, *options, environ=environ) as command:
        ended = command.end()
        left = command.left_behind()
    assert ended.exit_code == 2, ended.stderr
    assert_no_defect(ended)
    assert left == []
    assert not bench.out.exists()
    return next(line for line in ended.stderr.splitlines() if line.startswith("perf-matrix: "))


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"DOCKER_HOST": "unix:///nowhere/docker.sock"},
            "no Docker engine answers at unix:///nowhere/docker.sock",
        ),
        (
            {"DOCKER_HOST": "tcp://192.0.2.1:2375"},
            "the Docker engine is at tcp://192.0.2.1:2375: measuring needs one",
        ),
        ({"PATH": "/nowhere"}, "there is no docker command on PATH"),
        ({OVERLAY_VARIABLE: "/nowhere/overlay.yml"}, "there is no file /nowhere/overlay.yml"),
        (
            {"POSTGRES_IMAGE": "perf-matrix-tests/none:1"},
            "perf-matrix-tests/none:1 (POSTGRES_IMAGE) is neither on",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_engine_that_cannot_be_used_is_a_wrong_input(
    bench: Bench, environ: dict[str, str], said: str
) -> None:
    assert said in refused(bench, **environ)


def test_an_image_that_there_is_not_is_a_wrong_input(bench: Bench) -> None:
    nowhere = replace(bench, images=(bench.images[0], "perf-matrix-tests/none:1"))
    assert "image:perf-matrix-tests/none:1 is neither on this machine nor can it be pulled" in refused(
        nowhere
    )


def test_cells_that_fail_and_one_that_works(bench: Bench) -> None:
    variants: dict[str, Any] = {
        "ends": {"env": {"BEHAVIOUR": "exit"}},
        "never": {"env": {"BEHAVIOUR": "never"}},
        "greedy": {"env": {"BEHAVIOUR": "greedy"}},
        "sql": {"sql": ["INSERT INTO nowhere VALUES (1)"]},
        "sound": {},
    }
    environ = {READY_LIMIT_VARIABLE: "10s", "PROXY_MEMORY": "128m"}
    with bench.compare(*QUERIES, variants=variants, environ=environ) as command:
        ended = command.end()
        left = bench.left(command)
    assert_invalid(ended)
    assert left == []
    for kind, said, last in (
        ("ends", rf"^{EITHER} exited with status 3\.", "line 40"),
        ("never", rf"^{EITHER} was not ready after 10 s\.", '"GET /ready HTTP/1.1" 200 -'),
        ("greedy", rf"^{EITHER} {TOO_LITTLE_MEMORY}\.", None),
        ("sql", r"^the SQL script sql 1 of the variants failed on perf_base: .*nowhere", None),
    ):
        cell = cells(bench)[kind]
        assert cell.verdict == "invalid"
        assert re.search(said, cell.fault), cell.fault
        assert cell.fault in ended.stderr
        assert len(cell.log_tail) <= LOG_TAIL_LINES
        assert (last is None) == (cell.log_tail == [])
        assert last is None or cell.log_tail[-1].endswith(last)
    assert_measured(cells(bench)["sound"])
    (kept,) = bench.out.glob("cells/*ends*/logs/epoch-1/base.log")
    assert kept.read_text().startswith("line 1\n")


def test_parts_that_are_killed_while_statements_are_counted(bench: Bench) -> None:
    killed = {
        "proxy-head": rf"^{HEAD} was killed by SIGKILL\.",
        "postgres": r"^Postgres was killed by SIGKILL\.",
        "upstream": r"^the upstream stand-in was killed by SIGKILL\.",
        "sink": r"^the telemetry sink was killed by SIGKILL\.",
    }
    with bench.compare(*QUERIES, variants={key: {} for key in [*killed, "sound"]}) as command:
        for service in killed:
            command.wait_for(f"kind={service}, epoch 1 of 1: counting SQL statements")
            bench.kill(command, service)
        ended = command.end()
        left = bench.left(command)
    assert_invalid(ended)
    assert left == []
    for service, said in killed.items():
        cell = cells(bench)[service]
        assert cell.verdict == "invalid"
        assert re.search(said, cell.fault), cell.fault
        assert cell.log_tail
        for line in cell.log_tail:
            assert line in ended.stderr
    assert_measured(cells(bench)["sound"])


@pytest.mark.parametrize(
    ("phase", "service", "said"),
    [
        ("comparing latencies", "postgres", r"^Postgres was killed by SIGKILL\."),
        ("comparing latencies", "upstream", r"^the upstream stand-in was killed by SIGKILL\."),
        ("load at", "proxy-head", rf"^{HEAD} was killed by SIGKILL\."),
    ],
)
def test_a_part_killed_while_times_are_measured(bench: Bench, phase: str, service: str, said: str) -> None:
    matrix: dict[str, Any] = {"time": 60, "epochs": 2, "load": {"slot": "3s", "slots": 2}}
    with bench.compare("--endpoints", "rows", **matrix) as command:
        command.wait_for(phase)
        bench.kill(command, service)
        ended = command.end()
        left = bench.left(command)
    assert_invalid(ended)
    assert left == []
    (killed,) = comparison_in(bench.out).cells
    assert re.search(said, killed.fault), killed.fault
    assert killed.log_tail


def test_a_volume_that_is_full_for_one_cell(bench: Bench, tmp_path: Path) -> None:
    small = {"type": "tmpfs", "device": "tmpfs", "o": "size=110m"}
    variants: dict[str, Any] = {"large": {"scale": {"rows": 1_000_000}}, "small": {}}
    environ = overlay(tmp_path, volumes={"data": {"driver_opts": small}})
    with bench.compare(*QUERIES, variants=variants, environ=environ) as command:
        ended = command.end()
        left = bench.left(command)
    assert_invalid(ended)
    assert left == []
    large = cells(bench)["large"]
    assert large.fault.startswith("the SQL script seed.sql failed on template_")
    # The server's words are in the message, or in its log where it had to give up.
    assert "No space left on device" in "\n".join([large.fault, *large.log_tail])
    assert_measured(cells(bench)["small"])


def test_a_postgres_with_too_few_connections(bench: Bench, tmp_path: Path) -> None:
    command_line = "postgres -c shared_preload_libraries=pg_stat_statements -c max_connections=1"
    few = {
        "postgres": {"command": f"{command_line} -c superuser_reserved_connections=0 -c max_wal_senders=0"}
    }
    with bench.compare(*QUERIES, environ=overlay(tmp_path, services=few)) as command:
        ended = command.end()
        left = bench.left(command)
    assert_invalid(ended)
    assert left == []
    (cell,) = comparison_in(bench.out).cells
    assert re.search(r"^Postgres takes no connection to \w+: .*too many clients already", cell.fault), (
        cell.fault
    )


def overlay(folder: Path, **content: Any) -> dict[str, str]:
    """The environment with a compose file of the user's own."""
    file = folder / "overlay.json"
    file.write_text(json.dumps(content))
    return {OVERLAY_VARIABLE: str(file)}

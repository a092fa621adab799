"""One stack after the other, and several at once: databases, delays, processors, images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from perf_matrix.errors import MeasurementError, PartDiedError
from perf_matrix.lease import hold_lease
from perf_matrix.matrix.model import ARMS, Cell
from perf_matrix.stacks.compose.backend import ComposeBackend
from perf_matrix.stacks.compose.postgres import SERVICE
from perf_matrix.stacks.compose.project import RUN_LABEL
from perf_matrix.stacks.cpus import CpuSets, usable_cpus
from tests.integration.stacks.compose.backends import ROWS, Lab, ask, start

pytestmark = pytest.mark.docker


def test_logs_are_kept_and_the_next_epoch_begins_with_the_data_that_was_seeded(
    running: ComposeBackend, tmp_path: Path
) -> None:
    stack = start(running, tmp_path / "logs")
    with running.postgres.connect("perf_base") as connection:
        connection.execute("DELETE FROM it")
    assert ask(stack, "base", "/rows") == []
    assert ask(stack, "head", "/rows") == ["2.0.0", "row 1", "row 2"]
    stack.stop()
    logs = {log.name: log.read_text() for log in (tmp_path / "logs").iterdir()}
    assert logs.keys() == {"base.log", "head.log", "upstream.log", "sink.log", "postgres.log"}
    assert logs["base.log"].startswith("serving\n")
    assert logs["upstream.log"].startswith("listening on 8000\n")

    stack = start(running, tmp_path / "logs")
    assert ask(stack, "base", "/rows") == ["1.1.1", "row 1", "row 2"]
    stack.stop()


def test_a_delay_before_the_database_is_what_was_asked_for_and_ends_with_the_stack(
    running: ComposeBackend, tmp_path: Path
) -> None:
    stack = start(running, tmp_path, database={"round_trip_ms": 20})
    assert stack.delay is not None
    assert len(ask(stack, "base", "/rows")) == 3
    assert "@database-delay:5432/" in ask(stack, "head", "/environment")["DATABASE_URL"]
    found = stack.delay.check(epoch=3)
    assert (found.epoch, found.asked_ms) == (3, 20)
    assert found.delayed_ms >= 20 > found.relayed_ms > 0 < found.direct_ms
    stack.stop()
    for one in (stack.delay.relay, stack):
        with pytest.raises(PartDiedError, match=r"^the relay before the database is gone"):
            one.check_alive()


def test_the_databases_of_each_scale_are_apart(running: ComposeBackend, tmp_path: Path) -> None:
    running.seed([{"rows": 4}])
    cell = Cell(id="default", variants={})
    for rows in (4, ROWS["rows"]):
        stack = running.start_stack(cell, {"rows": rows}, tmp_path, waiting=lambda: None)
        assert [len(ask(stack, arm, "/rows")) for arm in ARMS] == [1 + rows, 1 + rows]
        stack.stop()


def test_one_version_against_itself_has_two_databases(lab: Lab, tmp_path: Path) -> None:
    with lab.running(versions=("2.0.0", "2.0.0")) as backend:
        stack = start(backend, tmp_path)
        with backend.postgres.connect("perf_base") as connection:
            connection.execute("DELETE FROM it")
        assert [ask(stack, arm, "/rows") for arm in ARMS] == [[], ["2.0.0", "row 1", "row 2"]]


def test_one_arm_alone_has_one_proxy(lab: Lab, tmp_path: Path) -> None:
    with lab.running(versions=("2.0.0",)) as backend:
        stack = start(backend, tmp_path)
        assert (list(stack.urls), list(stack.databases), list(stack.ready_s)) == (
            ["head"],
            ["head"],
            ["head"],
        )
        stack.check_alive()
        stack.stop()
    assert {log.name for log in tmp_path.glob("*.log")} == {
        "head.log",
        "upstream.log",
        "sink.log",
        "postgres.log",
    }


def test_two_backends_at_once_do_not_disturb_each_other(lab: Lab, tmp_path: Path) -> None:
    with hold_lease(lab.registry) as lease, lab.running() as first:
        one = start(first, tmp_path / "one")
        other_lab = Lab(lab.engine, lab.images, lab.cache, lease, lab.registry)
        with other_lab.running(versions=("1.1.1",)) as second:
            other = start(second, tmp_path / "other")
            with second.postgres.connect("perf_head") as connection:
                connection.execute("DELETE FROM it")
            assert ask(one, "head", "/rows") == ["2.0.0", "row 1", "row 2"]
            assert ask(other, "head", "/rows") == []
        one.check_alive()
        assert ask(one, "base", "/rows") == ["1.1.1", "row 1", "row 2"]


def test_each_part_stays_on_its_processors(lab: Lab, tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    first, last = (usable_cpus()[place] for place in (0, -1))
    cpus = CpuSets(load=(first,), database=(last,), proxies=(first, last))
    proxies = ",".join(dict.fromkeys(map(str, (first, last))))
    with lab.running(cpus=cpus) as backend:
        assert os.sched_getaffinity(0) == {first}
        # The second of a run, when this process is confined already.
        start(backend, tmp_path).stop()
        start(backend, tmp_path)
        assert cpu_sets(lab) == {
            SERVICE: str(last),
            "proxy-base": proxies,
            "proxy-head": proxies,
            "upstream": str(first),
            "sink": str(first),
        }
    assert os.sched_getaffinity(0) == before


def cpu_sets(lab: Lab) -> dict[str, str]:
    """Service -> the processors of its container."""
    api = lab.engine.client.api
    containers = api.containers(filters={"label": f"{RUN_LABEL}={lab.lease.id}"})
    return {
        each["Labels"]["com.docker.compose.service"]: cpus_of(api.inspect_container(each["Id"]))
        for each in containers
    }


def cpus_of(container: dict[str, Any]) -> str:
    return str(container["HostConfig"]["CpusetCpus"])


def test_what_it_says_of_itself(running: ComposeBackend) -> None:
    assert running.name == "compose"
    assert running.versions.keys() == {"docker", "docker compose", "postgres"}
    assert all(version[0].isdigit() for version in running.versions.values())


def test_before_postgres_is_started(lab: Lab) -> None:
    with lab.backend() as backend, pytest.raises(MeasurementError, match="has not been started"):
        _ = backend.postgres


def test_subjects_are_known_by_what_is_in_their_images(lab: Lab) -> None:
    with lab.backend() as backend:
        seen = lab.prepare(backend)["head"]
    assert (seen.spec, seen.version, seen.engine) == (f"image:{lab.images['2.0.0']}", "2.0.0", "of the image")
    assert seen.image == lab.engine.client.images.get(lab.images["2.0.0"]).id
    assert seen.packages["iniconfig"] == "2.0.0"
    assert "psycopg" in seen.packages

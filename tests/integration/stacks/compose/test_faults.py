"""Parts that die, never start or get too little: each is told by name, with its log, and the next stack starts."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from perf_matrix.errors import InputError, MeasurementError, PartDiedError
from perf_matrix.matrix.model import Cell, Patch
from perf_matrix.stacks.compose.backend import ComposeBackend
from perf_matrix.stacks.compose.postgres import ComposePostgres
from perf_matrix.stacks.compose.project import OVERLAY_VARIABLE
from perf_matrix.stacks.compose.stack import ComposeStack
from tests.integration.stacks.compose.backends import ROWS, Lab, ask, start
from tests.integration.stacks.compose.small_image import ContainerTarget

pytestmark = pytest.mark.docker

BASE = r"the base proxy \(image:perf-matrix-tests/small-service:[0-9a-f]{16}\)"
HEAD = BASE.replace("base", "head", 1)
EITHER = BASE.replace("base", "(base|head)", 1)
WHOLE = ["1.1.1", "row 1", "row 2"]


def overlay(folder: Path, **content: Any) -> dict[str, str]:
    """The environment with a compose file of the user's own."""
    file = folder / "overlay.json"
    file.write_text(json.dumps(content))
    return {OVERLAY_VARIABLE: str(file)}


def told_by(stack: ComposeStack) -> PartDiedError:
    with pytest.raises(PartDiedError) as told:
        stack.check_alive()
    return told.value


def test_one_that_ends_while_it_starts_shows_its_last_thirty_lines(
    shared_lab: Lab, running: ComposeBackend, tmp_path: Path
) -> None:
    with pytest.raises(PartDiedError, match=rf"^{EITHER} exited with status 3\.") as told:
        start(running, tmp_path, env={"BEHAVIOUR": "exit"})
    assert told.value.log_tail == [f"line {number}" for number in range(11, 41)]
    assert (tmp_path / "base.log").read_text().startswith("line 1\n")
    assert (
        len([name for name in shared_lab.left() if "postgres" not in name]) == 4
    )  # a network, three volumes


def test_one_that_is_never_ready(lab: Lab, tmp_path: Path) -> None:
    with lab.running(ready_limit_s=5.0) as backend:
        with pytest.raises(PartDiedError, match=rf"^{BASE} was not ready after 5 s\.") as told:
            start(backend, tmp_path, env={"BEHAVIOUR": "never"})
        assert told.value.log_tail[0] == "serving"
        stack = start(backend, tmp_path)
        assert ask(stack, "base", "/rows") == WHOLE


def test_another_version_than_the_image_is_of(lab: Lab, tmp_path: Path) -> None:
    another = rf"^{HEAD} says that it is version 1\.9\.9, not 2\.0\.0\."
    with (
        lab.running(target=ContainerTarget(tells={"2.0.0": "1.9.9"})) as backend,
        pytest.raises(PartDiedError, match=another),
    ):
        start(backend, tmp_path)


def test_one_that_takes_more_memory_than_it_may(lab: Lab, tmp_path: Path) -> None:
    with lab.running(environ={"PROXY_MEMORY": "96m"}) as backend:
        with pytest.raises(
            PartDiedError, match=rf"^{EITHER} was killed, since it used more memory than it may\."
        ):
            start(backend, tmp_path, env={"BEHAVIOUR": "greedy"})
        # It is the limit that was told, and it is what the others have, too.
        start(backend, tmp_path).check_alive()


def test_each_part_that_is_killed_is_named(lab: Lab, tmp_path: Path) -> None:
    api = lab.engine.client.api
    with lab.running() as backend:
        stack = start(backend, tmp_path, database={"round_trip_ms": 1})
        for service, label, wrote in (
            ("proxy-head", HEAD, "serving"),
            ("proxy-base", BASE, "serving"),
            ("sink", "the telemetry sink", "listening on 4318"),
            ("upstream", "the upstream stand-in", "listening on 8000"),
            ("database-delay", "the relay before the database", None),
            ("postgres", "Postgres", "database system is ready to accept connections"),
        ):
            api.kill(lab.container(service))
            told = told_by(stack)
            assert re.fullmatch(rf"{label} was killed by SIGKILL\.", told.message)
            assert (wrote is None) == (told.log_tail == [])
            assert wrote is None or any(wrote in line for line in told.log_tail)
        for arm in stack.urls:
            with pytest.raises(PartDiedError, match=rf"^the {arm} proxy .* was killed by SIGKILL\."):
                stack.usage(arm)


def test_one_whose_container_is_removed_or_paused(
    shared_lab: Lab, running: ComposeBackend, tmp_path: Path
) -> None:
    api = shared_lab.engine.client.api
    stack = start(running, tmp_path)
    api.pause(shared_lab.container("upstream"))
    assert told_by(stack).message == "the upstream stand-in does not run: its container is paused."
    api.unpause(shared_lab.container("upstream"))
    stack.check_alive()
    api.remove_container(shared_lab.container("sink"), force=True)
    assert told_by(stack).message == "the telemetry sink is gone: its container was removed."
    stack.stop()


def test_a_postgres_that_is_killed_while_the_proxies_start_is_told_at_once_and_followed_by_another(
    lab: Lab, tmp_path: Path
) -> None:
    def kill() -> None:
        lab.engine.client.api.kill(lab.container("postgres"))

    with lab.running(ready_limit_s=240.0) as backend:
        before = backend.postgres.port
        cell = Cell(id="default", variants={}, patch=Patch(env={"BEHAVIOUR": "never"}))
        begin = time.monotonic()
        with pytest.raises(PartDiedError, match=r"^Postgres was killed by SIGKILL\."):
            backend.start_stack(cell, ROWS, tmp_path, waiting=kill)
        assert time.monotonic() - begin < 120
        backend.revive()
        assert backend.postgres.port != before
        backend.seed([ROWS])
        stack = start(backend, tmp_path)
        assert ask(stack, "base", "/rows") == WHOLE
        # One that lives is left alone.
        port = backend.postgres.port
        backend.revive()
        assert backend.postgres.port == port
        stack.check_alive()


def take_connections(server: ComposePostgres, held: ExitStack) -> None:
    """Connect until the server refuses."""
    while True:
        held.enter_context(server.connect())


def test_a_postgres_without_free_connections(lab: Lab, tmp_path: Path) -> None:
    refused = r"^Postgres takes no connection to postgres: .*too many clients already"
    with lab.running() as backend:
        with ExitStack() as held:
            with pytest.raises(psycopg.OperationalError, match="too many clients already"):
                take_connections(backend.postgres, held)
            with pytest.raises(MeasurementError, match=refused):
                start(backend, tmp_path)
        assert ask(start(backend, tmp_path), "base", "/rows") == WHOLE


def test_a_postgres_that_ends_at_once(lab: Lab, tmp_path: Path) -> None:
    broken = {"services": {"postgres": {"command": ["postgres", "-c", "no_such_setting=1"]}}}
    with lab.backend(environ=overlay(tmp_path, **broken)) as backend:
        lab.prepare(backend)
        with pytest.raises(PartDiedError, match=r"^Postgres exited with status 1\.") as told:
            backend.start_postgres()
    assert any("no_such_setting" in line for line in told.value.log_tail)


def test_a_volume_that_is_full(lab: Lab, tmp_path: Path) -> None:
    small = {"type": "tmpfs", "device": "tmpfs", "o": "size=120m"}
    environ = overlay(tmp_path, volumes={"data": {"driver_opts": small}})
    full = r"^the SQL script seed\.sql failed on template_\w+: .*No space left on device"
    with lab.running(environ=environ) as backend, pytest.raises(MeasurementError, match=full):
        backend.seed([{"rows": 3_000_000}])


def test_an_overlay_that_is_not_there(lab: Lab) -> None:
    with (
        pytest.raises(InputError, match=rf"^{OVERLAY_VARIABLE}: there is no file /nowhere/overlay\.yml$"),
        lab.backend(environ={OVERLAY_VARIABLE: "/nowhere/overlay.yml"}),
    ):
        pass


def test_an_overlay_that_compose_refuses(lab: Lab, tmp_path: Path) -> None:
    with lab.backend(environ=overlay(tmp_path, services={"postgres": {"no_such_key": 1}})) as backend:
        lab.prepare(backend)
        with pytest.raises(
            MeasurementError, match=r"^starting Postgres failed\. docker compose said:\n.*no_such_key"
        ):
            backend.start_postgres()

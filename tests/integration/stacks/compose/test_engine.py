"""Engines that cannot be used: each is told with what to do."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from perf_matrix.errors import MissingToolError
from perf_matrix.stacks.compose.engine import find_engine
from tests.engine import Engine as SharedEngine

pytestmark = pytest.mark.docker

INSTEAD = "easure without it: --backend local"


def refusal(environ: Mapping[str, str], limit_s: int = 20) -> str:
    with pytest.raises(MissingToolError) as told:
        find_engine(environ, limit_s)
    assert INSTEAD in str(told.value)
    assert told.value.exit_code == 2
    return str(told.value)


def shim(folder: Path, engine: SharedEngine, compose: str) -> Mapping[str, str]:
    """The environment with a docker command whose ``compose`` does what a shell script says."""
    real = shutil.which("docker", path=engine.environ["PATH"])
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\nif [ "$1" = compose ]; then\n{compose}\nfi\nexec {real} "$@"\n')
    program.chmod(0o755)
    return {**engine.environ, "PATH": f"{folder}:{engine.environ['PATH']}"}


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Path]:
    """A socket that takes connections and never answers."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "silent.sock"))
        listening.listen()
        yield tmp_path / "silent.sock"


def test_the_engine_that_answers(engine: SharedEngine) -> None:
    found = find_engine(engine.environ)
    assert found.cpus >= 1
    assert found.versions.keys() == {"docker", "docker compose"}
    found.check_answers()


def test_no_docker_command(engine: SharedEngine) -> None:
    told = refusal({**engine.environ, "PATH": "/nowhere"})
    assert told.startswith("there is no docker command on PATH. Install Docker, or m")


def test_no_compose(engine: SharedEngine, tmp_path: Path) -> None:
    compose = """echo "docker: 'compose' is not a docker command." >&2; exit 1"""
    assert refusal(shim(tmp_path, engine, compose)).startswith(
        "'docker compose version' does not answer: install the compose plugin (docker-compose-plugin), or m"
    )


def test_a_compose_that_is_too_old(engine: SharedEngine, tmp_path: Path) -> None:
    told = refusal(shim(tmp_path, engine, "echo v2.3.3; exit 0"))
    assert told.startswith("docker compose is 2.3.3: 2.20 or later is needed. Or m")


@pytest.mark.parametrize("host", ["tcp://192.0.2.1:2375", "ssh://somebody@192.0.2.1"])
def test_an_engine_on_another_machine(engine: SharedEngine, host: str) -> None:
    told = refusal({**engine.environ, "DOCKER_HOST": host})
    assert told.startswith(
        f"the Docker engine is at {host}: measuring needs one on this machine. Unset DOCKER_HOST"
    )


def test_an_engine_that_is_not_there(engine: SharedEngine, tmp_path: Path) -> None:
    host = f"unix://{tmp_path}/docker.sock"
    assert refusal({**engine.environ, "DOCKER_HOST": host}).startswith(
        f"no Docker engine answers at {host} (No such file or directory). Start it (systemctl start docker"
    )


def test_an_engine_that_has_been_stopped(engine: SharedEngine, silent: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(f"{silent}.gone")
    told = refusal({**engine.environ, "DOCKER_HOST": f"unix://{silent}.gone"})
    assert "(Connection refused)" in told


def test_an_engine_that_hangs(engine: SharedEngine, silent: Path) -> None:
    told = refusal({**engine.environ, "DOCKER_HOST": f"unix://{silent}"}, limit_s=1)
    assert "timed out" in told

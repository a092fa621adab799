"""The Docker engine of this machine: found, and asked through the Docker SDK."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from perf_matrix.errors import MeasurementError, MissingToolError

_ASK_LIMIT_S = 20
# Building and pulling answer in pieces; what takes longer than this between two pieces is stuck.
_SDK_LIMIT_S = 120
_OLDEST_COMPOSE = (2, 20)


@dataclass(frozen=True)
class Engine:
    """An engine that answers, with docker compose. ``environ`` is what their programs are started with."""

    client: docker.DockerClient
    program: str
    environ: Mapping[str, str]
    versions: Mapping[str, str]

    @property
    def cpus(self) -> int:
        """How many processors its containers may use."""
        with answering():
            return int(self.client.info()["NCPU"])

    def check_answers(self) -> None:
        """Raise MeasurementError where it has gone."""
        with answering():
            self.client.ping()


def find_engine(environ: Mapping[str, str] = os.environ, limit_s: int = _ASK_LIMIT_S) -> Engine:
    """The engine that the docker command line would use, if it answers within ``limit_s`` seconds.

    Raises MissingToolError, with what to do, where there is no command line, no compose, or no engine that
    answers, or where it runs on another machine.
    """
    program = shutil.which("docker", path=environ.get("PATH", os.defpath))
    if program is None:
        raise MissingToolError(f"there is no docker command on PATH. Install Docker, or {_INSTEAD}")
    compose = _compose_version(program, environ)
    host = environ.get("DOCKER_HOST") or _host_of_context(program, environ)
    if not host.startswith(("unix://", "npipe://")):
        raise MissingToolError(
            f"the Docker engine is at {host}: measuring needs one on this machine. Unset DOCKER_HOST, or {_INSTEAD}"
        )
    try:
        client = docker.DockerClient(base_url=host, timeout=limit_s)
        engine = str(client.version()["Version"])
    except (DockerException, requests.RequestException) as error:
        raise MissingToolError(
            f"no Docker engine answers at {host} ({_reason(error)}). "
            f"Start it (systemctl start docker, or Docker Desktop), or {_INSTEAD}"
        ) from error
    client.api.timeout = _SDK_LIMIT_S
    return Engine(client, program, environ, {"docker": engine, "docker compose": compose})


@contextmanager
def answering() -> Iterator[None]:
    """Turns what the SDK raises where the engine has gone, or refuses, into MeasurementError; NotFound stays."""
    try:
        yield
    except NotFound:
        raise
    except APIError as error:
        raise MeasurementError(f"the Docker engine refuses: {error.explanation or error}") from error
    except (DockerException, requests.RequestException) as error:
        raise MeasurementError(f"the Docker engine does not answer any more: {_reason(error)}") from error


_INSTEAD = "measure without it: --backend local"


def _compose_version(program: str, environ: Mapping[str, str]) -> str:
    said = _ask([program, "compose", "version", "--short"], environ)
    numbers = re.search(r"(\d+)\.(\d+)\S*", said or "")
    if numbers is None:
        raise MissingToolError(
            f"'docker compose version' does not answer: install the compose plugin (docker-compose-plugin), "
            f"or {_INSTEAD}"
        )
    if (int(numbers[1]), int(numbers[2])) < _OLDEST_COMPOSE:
        oldest = ".".join(map(str, _OLDEST_COMPOSE))
        raise MissingToolError(f"docker compose is {numbers[0]}: {oldest} or later is needed. Or {_INSTEAD}")
    return numbers[0]


def _host_of_context(program: str, environ: Mapping[str, str]) -> str:
    """Where the command line's own context leads: Docker Desktop and rootless engines are set up so."""
    said = _ask([program, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], environ)
    return said or "unix:///var/run/docker.sock"


def _reason(error: BaseException) -> str:
    """The system's own words, where an error began with them: the client wraps them several times."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error)


def _ask(argv: list[str], environ: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            argv, env=dict(environ), capture_output=True, text=True, timeout=_ASK_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() if done.returncode == 0 else None

"""What tests can rely on in the engine that they share: its base images, compose, and packages inside of a build."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import requests
from psycopg import conninfo

if TYPE_CHECKING:
    from tests.engine import Engine

pytestmark = pytest.mark.docker

READY_LIMIT_S = 60.0
WORD = "it's one"
DOCKERFILE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=word \\
    python3 -m venv /opt/venv && /opt/venv/bin/pip install --quiet tabulate && cp /run/secrets/word /opt/word
COPY served/ /srv
"""
COMPOSE = """
services:
  served:
    build: {context: ., args: {BASE_IMAGE: "${BASE_IMAGE}"}, secrets: [word]}
    command: python3 -m http.server --directory /srv 8000
    init: true
    ports: ["127.0.0.1::8000"]
    healthcheck: {test: [CMD, python3, -c, "import socket; socket.create_connection(('served', 8000))"], interval: 1s}
secrets:
  word: {file: word}
"""


@dataclass(frozen=True)
class Server:
    """A server of the Postgres image: its container and its port on 127.0.0.1."""

    engine: Engine
    container: str

    def connect(self, **settings: str) -> psycopg.Connection:
        """Wait until the server lets this client in."""
        published = self.engine.run("docker", "port", self.container, "5432/tcp").split()[0]
        address = conninfo.make_conninfo(host="127.0.0.1", port=published.rpartition(":")[2], **settings)
        deadline = time.monotonic() + READY_LIMIT_S
        while time.monotonic() < deadline:
            try:
                return psycopg.connect(address, autocommit=True)
            except psycopg.OperationalError:
                time.sleep(0.1)
        return psycopg.connect(address, autocommit=True)


@contextmanager
def postgres(
    engine: Engine, *arguments: str, environment: Mapping[str, str], scripts: Path | None = None
) -> Iterator[Server]:
    """Start one with ``environment``, ``arguments`` after the image's name and ``scripts`` to run when it is set up."""
    options = [f"--env={name}={value}" for name, value in environment.items()]
    if scripts is not None:
        options.append(f"--volume={scripts}:/docker-entrypoint-initdb.d:ro")
    run = ("docker", "run", "--detach", "--publish=127.0.0.1::5432")
    container = engine.run(*run, *options, engine.postgres_image, *arguments).strip()
    try:
        yield Server(engine, container)
    finally:
        engine.run("docker", "rm", "--force", "--volumes", container)


def test_postgres_counts_statements(engine: Engine) -> None:
    arguments = ("postgres", "-c", "shared_preload_libraries=pg_stat_statements")
    with (
        postgres(engine, *arguments, environment={"POSTGRES_PASSWORD": WORD}) as server,
        server.connect(user="postgres", password=WORD) as connection,
    ):
        connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("SELECT 42")
        counted = connection.execute(
            "SELECT calls FROM pg_stat_statements WHERE query = 'SELECT $1'"
        ).fetchall()

    assert counted == [(1,)]


def test_postgres_is_set_up_by_its_environment_and_scripts(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE made (by text); INSERT INTO made VALUES ('sql')")
    (tmp_path / "2.sh").write_text(
        """psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -c "INSERT INTO made VALUES ('sh')" """
    )
    (tmp_path / "password").write_text(WORD + "\n")
    for path in (tmp_path, *tmp_path.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    environment = {
        "POSTGRES_USER": "some one",
        "POSTGRES_DB": "Some-where",
        "POSTGRES_PASSWORD_FILE": "/docker-entrypoint-initdb.d/password",
        "POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale='C'",
    }
    someone = {"user": "some one", "dbname": "Some-where"}
    with postgres(engine, environment=environment, scripts=tmp_path) as server:
        with server.connect(**someone, password=WORD) as connection:
            made = connection.execute("SELECT by FROM made ORDER BY by").fetchall()
            status = connection.execute("SELECT pg_read_file('/proc/self/status')").fetchone()
            address = connection.info.dsn
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(address, password=WORD[1:])

    assert made == [("sh",), ("sql",)]
    assert status is not None
    assert "\nUid:\t0\t" not in status[0]


def test_postgres_without_a_password_says_what_to_set(engine: Engine) -> None:
    with postgres(engine, environment={}) as server:
        status = engine.run("docker", "wait", server.container).strip()
        said = subprocess.run(
            ["docker", "logs", server.container],
            env=dict(engine.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        ).stdout

    assert status == "1"
    assert "POSTGRES_PASSWORD" in said


def test_the_base_image_has_python_and_pip(engine: Engine) -> None:
    inside = ("docker", "run", "--rm", engine.base_image)
    ask = "import sys, venv; print('.'.join(map(str, sys.version_info[:3])))"

    assert engine.run(*inside, "python3", "-c", ask).strip() == engine.python_version()
    assert engine.run(*inside, "python", "-m", "pip", "--version").startswith("pip ")


def test_compose_builds_with_packages_and_secrets_and_serves(engine: Engine, tmp_path: Path) -> None:
    """The build reaches the package index, and a port on 127.0.0.1 the container."""
    for name, text in (("Dockerfile", DOCKERFILE), ("compose.yml", COMPOSE), ("word", "secret")):
        (tmp_path / name).write_text(text)
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "page").write_text("served")
    compose = ("docker", "compose", "--project-name", "perf-matrix-test-engine")
    look = "import tabulate, pathlib; print(pathlib.Path('/opt/word').read_text())"
    try:
        engine.run(*compose, "up", "--build", "--detach", "--wait", cwd=tmp_path)
        address = engine.run(*compose, "port", "served", "8000", cwd=tmp_path).strip()
        page = requests.get(f"http://{address}/page", timeout=10).text
        word = engine.run(*compose, "exec", "-T", "served", "/opt/venv/bin/python", "-c", look, cwd=tmp_path)
    finally:
        engine.run(*compose, "down", "--volumes", "--rmi", "local", cwd=tmp_path)

    assert address.startswith("127.0.0.1:")
    assert page == "served"
    assert word == "secret\n"

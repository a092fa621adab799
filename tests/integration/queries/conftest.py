"""A private PostgreSQL server for these tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))

Server = Callable[..., AbstractContextManager[str]]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _running(**settings: str) -> Iterator[str]:
    """Run a server with these settings ('__' for '.'); yield how to connect to its database postgres."""
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if user:
        shutil.chown(folder, user)
    port = _free_port()
    options = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
    }
    given = {name.replace("__", "."): value for name, value in settings.items()}
    arguments = [f"--{name}={value}" for name, value in {**options, **given}.items()]
    initdb: list[str | Path] = [
        BINARIES[-1] / "initdb",
        "-D",
        folder / "data",
        "-U",
        "postgres",
        "-A",
        "trust",
        "--no-sync",
    ]
    subprocess.run(initdb, user=user, check=True, capture_output=True, cwd=folder)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [BINARIES[-1] / "postgres", "-D", folder / "data", *arguments],
            user=user,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        conninfo = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        try:
            _wait_for(conninfo, server, folder / "log")
            yield conninfo
        finally:
            server.send_signal(signal.SIGINT)  # Does not wait for clients to leave.
            server.wait(timeout=30)
            shutil.rmtree(folder)


def _wait_for(conninfo: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def postgres_with() -> Server:
    """Return a context manager that runs a server with other settings."""
    if not BINARIES:
        pytest.skip("no PostgreSQL server is installed under /usr/lib/postgresql")
    return _running


@pytest.fixture(scope="session")
def server(postgres_with: Server) -> Iterator[str]:
    """A server that counts statements, with the databases ``base`` and ``head``."""
    with postgres_with(shared_preload_libraries="pg_stat_statements") as conninfo:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for database in ("base", "head"):
                connection.execute(f"CREATE DATABASE {database}")
        yield conninfo

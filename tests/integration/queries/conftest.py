"""Servers with settings of their own, and the session's server with the databases of both arms."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from perf_matrix.lease import LEASE_VARIABLE, hold_lease
from perf_matrix.stacks.postgres import LOCAL_SETTINGS, PostgresServer, start_postgres
from perf_matrix.stacks.postgres_programs import PostgresPrograms

Server = Callable[..., AbstractContextManager[str]]
# What a server of these tests has besides what it is given: nothing that makes it count.
PLAIN = {name: value for name, value in LOCAL_SETTINGS.items() if "pg_stat_statements" not in name + value}


@pytest.fixture(scope="session")
def postgres_with(
    postgres_programs: PostgresPrograms, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[str]]:
    """Return a context manager that runs a server with these settings ('__' for '.').

    It tells how to connect to its database postgres.
    """
    registry: Path = tmp_path_factory.mktemp("leases")

    @contextmanager
    def running(**settings: str) -> Iterator[str]:
        given = {name.replace("__", "."): value for name, value in settings.items()}
        with hold_lease(registry) as lease:
            environ = {"PATH": os.environ["PATH"], LEASE_VARIABLE: lease.id}
            server = start_postgres(postgres_programs, lease.private, environ, settings={**PLAIN, **given})
            try:
                yield server.conninfo()
            finally:
                server.stop()

    return running


@pytest.fixture(scope="session")
def server(postgres: PostgresServer) -> str:
    """A server that counts statements, with the databases ``base`` and ``head``."""
    for database in ("base", "head"):
        postgres.create(database)
    return postgres.conninfo()

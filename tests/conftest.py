"""What several tests share: one Postgres server, started as the program starts its own; one Docker engine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from perf_matrix.cache import cache_root
from perf_matrix.lease import LEASE_VARIABLE, Lease, hold_lease
from perf_matrix.stacks.postgres import PostgresServer, start_postgres
from perf_matrix.stacks.postgres_programs import PostgresPrograms, find_postgres
from perf_matrix.tools import find_node
from tests.engine import Engine, EngineMissingError, engine_session

# In a job of GitHub Actions commands say their errors twice; the tests want them as on a terminal.
os.environ.pop("GITHUB_ACTIONS", None)


@pytest.fixture(scope="session")
def lease() -> Iterator[Lease]:
    """A lease of the test session, in a registry of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="perf-matrix-tests-") as registry,
        hold_lease(Path(registry)) as lease,
    ):
        yield lease


@pytest.fixture(scope="session")
def postgres_programs() -> PostgresPrograms:
    """The server programs of this machine, else those of the package, from the user's own cache."""
    return find_postgres(cache_root(), find_node)


@pytest.fixture(scope="session")
def postgres(postgres_programs: PostgresPrograms, lease: Lease) -> Iterator[PostgresServer]:
    """One server for the whole session. Tests make databases of their own in it and must not stop it."""
    environ = {"PATH": os.environ["PATH"], LEASE_VARIABLE: lease.id}
    server = start_postgres(postgres_programs, lease.private, environ)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """One Docker engine with compose and base images for the whole session; skips where none can run.

    The first start on a machine may install it and build the images: minutes, not seconds.
    """
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(engine_session(os.environ))
        except EngineMissingError as missing:
            pytest.skip(f"needs a Docker engine: {missing}")
        yield engine

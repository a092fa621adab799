"""The run's Postgres server: who it runs as, what others can see of it, and what goes wrong with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psutil
import psycopg
import pytest

import perf_matrix
from perf_matrix.accounts import Account, unprivileged_account
from perf_matrix.cache import cache_root
from perf_matrix.errors import MeasurementError, PartDiedError
from perf_matrix.lease import Lease, hold_lease
from perf_matrix.stacks.ports import LOOPBACK, free_port
from perf_matrix.stacks.postgres import PostgresServer, start_postgres
from perf_matrix.stacks.postgres_programs import PostgresPrograms
from perf_matrix.tools import find_uv

ENVIRON = {"PATH": os.environ["PATH"]}
IS_ROOT = os.geteuid() == 0
# All that starting a Postgres imports, for an account that cannot read this environment.
PACKAGES = (
    "annotated-types",
    "filelock",
    "platformdirs",
    "psutil",
    "psycopg",
    "psycopg-binary",
    "pydantic",
    "pydantic-core",
    "typing-extensions",
    "typing-inspection",
)
AS_ORDINARY_USER = """
import os, sys
from pathlib import Path
from perf_matrix.lease import hold_lease
from perf_matrix.stacks.postgres import start_postgres
from perf_matrix.stacks.postgres_programs import PostgresPrograms

with hold_lease(Path(sys.argv[1])) as lease:
    server = start_postgres(PostgresPrograms(Path(sys.argv[2]), ""), lease.private, {"PATH": os.environ["PATH"]})
    with server.connect() as connection:
        count = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres'").fetchone()
    print(os.geteuid(), os.stat(f"/proc/{server.process.popen.pid}").st_uid, count[0])
    server.stop()
"""


@pytest.fixture
def own_lease(tmp_path: Path) -> Iterator[Lease]:
    """A lease for a server that a test does harm to."""
    with hold_lease(tmp_path / "leases") as lease:
        yield lease


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def column(server: PostgresServer, query: str, database: str = "postgres") -> list[object]:
    with server.connect(database) as connection:
        return [row[0] for row in connection.execute(query.encode())]


@pytest.mark.skipif(not IS_ROOT, reason="only root drops to another account")
def test_root_drops_to_an_ordinary_account_of_which_nothing_else_is_taken(postgres: PostgresServer) -> None:
    account = unprivileged_account()
    assert account is not None
    process = psutil.Process(postgres.process.popen.pid)
    for each in (process, *process.children(recursive=True)):
        assert each.username() == account.name
        assert set(each.gids()[:3]) == {account.gid}
        status = Path(f"/proc/{each.pid}/status").read_text()
        assert [line.split()[1:] for line in status.splitlines() if line.startswith("Groups:")] == [[]]


def test_it_runs_for_an_ordinary_user(postgres_programs: PostgresPrograms) -> None:
    folder = Path(tempfile.mkdtemp(prefix="perf-matrix-ordinary-"))
    try:
        folder.chmod(0o777)
        python, account = ordinary_python(folder)
        programs = postgres_programs.folder
        if programs.is_relative_to(cache_root()):
            programs = shutil.copytree(programs.parent, folder / "postgres", symlinks=True) / programs.name
        argv = [*python, "-c", AS_ORDINARY_USER, str(folder / "leases"), str(programs)]
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**ENVIRON, "PYTHONPATH": str(folder / "packages"), "TMPDIR": str(folder)},
            **(account.popen_arguments() if account else {}),
        )
        assert done.returncode == 0, done.stderr
        me, server, connections = map(int, done.stdout.split())
        assert me == server != 0
        assert connections == 1
        assert list((folder / "leases").iterdir()) == []
    finally:
        shutil.rmtree(folder)


def ordinary_python(folder: Path) -> tuple[list[str], Account | None]:
    """A Python that can import perf_matrix, and the account to run it as: this one, where it is no root."""
    account = unprivileged_account()
    if account is None:
        return [sys.executable], None
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (Path(sys.executable).resolve(), Path(f"/usr/bin/python{wanted}")):
        try:
            subprocess.run([python, "-c", ""], check=True, cwd="/", **account.popen_arguments())
        except OSError:
            continue
        requirements = [f"{name}=={version(name)}" for name in PACKAGES]
        target = folder / "packages"
        install = ["pip", "install", "--quiet", "--no-deps", f"--target={target}", f"--python={python}"]
        subprocess.run([find_uv(), *install, *requirements], check=True, cwd=folder)
        shutil.copytree(Path(perf_matrix.__file__).parent, target / "perf_matrix")
        metadata = target / f"perf_matrix-{perf_matrix.__version__}.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: perf-matrix\nVersion: {perf_matrix.__version__}\n")
        return [str(python)], account
    pytest.skip(f"no Python {wanted} that {account.name} can run")


def test_its_folder_is_its_own(postgres: PostgresServer) -> None:
    assert mode(postgres.folder) == mode(postgres.folder / "data") == 0o700
    owner = unprivileged_account()
    if owner is not None:
        assert postgres.folder.owner() == (postgres.folder / "data").owner() == owner.name
    assert not (postgres.folder / "password").exists()


@pytest.mark.skipif(not IS_ROOT, reason="only root can ask as somebody else")
def test_others_can_neither_list_it_nor_connect_by_its_socket(postgres: PostgresServer) -> None:
    for folder in (postgres.folder, postgres.folder.parent):
        listed = subprocess.run(["ls", str(folder)], cwd="/", user="daemon", capture_output=True, check=False)
        assert b"Permission denied" in listed.stderr


def test_over_tcp_it_asks_for_the_password(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url("postgres")) as connection:
        assert connection.info.host == LOOPBACK
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url("postgres").replace(postgres.password, "guess"))


def test_it_counts_statements_and_leaves_the_measurement_alone(postgres: PostgresServer) -> None:
    settings = {
        "shared_preload_libraries": "pg_stat_statements",
        "pg_stat_statements.track": "top",
        "autovacuum": "off",
        "fsync": "off",
        "listen_addresses": LOOPBACK,
    }
    assert {name: column(postgres, f"SHOW {name}") for name in settings} == {
        name: [value] for name, value in settings.items()
    }
    postgres.create("counted")
    with postgres.connect("counted") as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("SELECT 41 + 1")
        counted = connection.execute("SELECT query FROM pg_stat_statements WHERE query LIKE 'SELECT %+%'")
        assert counted.fetchall() == [("SELECT $1 + $2",)]


def test_a_clone_holds_what_its_template_holds(postgres: PostgresServer) -> None:
    postgres.create("template_a")
    postgres.run_scripts("template_a", [("it", "CREATE TABLE it (n int); INSERT INTO it VALUES (1), (2)")])
    postgres.clone("template_a", "clone_a")
    assert column(postgres, "SELECT n FROM it ORDER BY n", "clone_a") == [1, 2]
    postgres.run_scripts("clone_a", [("more", "INSERT INTO it VALUES (3)")])
    postgres.clone("template_a", "clone_a")
    assert column(postgres, "SELECT n FROM it ORDER BY n", "clone_a") == [1, 2]


@pytest.mark.parametrize("to", ["template_b", "clone_b"])
def test_whoever_is_connected_is_cut_off_by_a_clone(postgres: PostgresServer, to: str) -> None:
    for database in ("template_b", "clone_b"):
        postgres.drop(database)
        postgres.create(database)
    with postgres.connect(to) as client:
        client.execute("SELECT 1")
        begin = time.monotonic()
        postgres.clone("template_b", "clone_b")
        assert time.monotonic() - begin < 4
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")


def test_names_are_quoted(postgres: PostgresServer) -> None:
    name = 'template_1.80.5 "it\'s" %s {}'
    postgres.create(name)
    postgres.clone(name, f"clone of {name}")
    assert column(postgres, "SELECT 1", f"clone of {name}") == [1]


def test_a_script_that_fails_is_named(postgres: PostgresServer) -> None:
    postgres.create("scripts")
    scripts = [
        ("20250101_good", "CREATE TABLE it (n int)"),
        ("20250102_bad", "SELECT 1; ALTER TABLE its ADD x int"),
    ]
    with pytest.raises(MeasurementError) as told:
        postgres.run_scripts("scripts", scripts)
    assert str(told.value).startswith(
        'the SQL script 20250102_bad failed on scripts: relation "its" does not exist'
    )


def test_a_script_may_hold_anything(postgres: PostgresServer) -> None:
    postgres.create("anything")
    postgres.run_scripts(
        "anything", [("it", "SELECT '100%', '%s', 'é'; -- $1 {}"), ("empty", ""), ("note", "--")]
    )


def test_a_port_that_is_taken_is_followed_by_the_next(
    postgres_programs: PostgresPrograms, own_lease: Lease
) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        ports = [taken.getsockname()[1], free_port()]
        choose = iter(ports)
        server = start_postgres(postgres_programs, own_lease.private, ENVIRON, lambda: next(choose))
        try:
            assert server.port == ports[1]
            assert column(server, "SHOW port") == [str(ports[1])]
        finally:
            server.stop()


def test_ports_that_are_all_taken_end_in_the_servers_own_words(
    postgres_programs: PostgresPrograms, own_lease: Lease
) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        with pytest.raises(MeasurementError, match=r"^Postgres did not start\. Its last log lines:") as told:
            start_postgres(postgres_programs, own_lease.private, ENVIRON, lambda: int(taken.getsockname()[1]))
    assert "Address already in use" in str(told.value)


def test_a_killed_server_is_described_and_can_be_followed_by_another(
    postgres_programs: PostgresPrograms, own_lease: Lease
) -> None:
    server = start_postgres(postgres_programs, own_lease.private, ENVIRON)
    server.process.check_alive()
    server.create("lost")
    os.kill(server.process.popen.pid, signal.SIGKILL)
    server.process.popen.wait()
    with pytest.raises(PartDiedError) as died:
        server.process.check_alive()
    assert died.value.message == "Postgres was killed by SIGKILL."

    next_one = start_postgres(postgres_programs, own_lease.private, ENVIRON)
    assert column(next_one, "SELECT count(*) FROM pg_database WHERE datname = 'lost'") == [0]
    next_one.stop()
    assert next_one.process.exit_code is not None
    assert not psutil.pid_exists(next_one.process.popen.pid)


def test_stopping_does_not_wait_for_clients(postgres_programs: PostgresPrograms, own_lease: Lease) -> None:
    server = start_postgres(postgres_programs, own_lease.private, ENVIRON)
    workers = psutil.Process(server.process.popen.pid).children()
    assert workers
    with server.connect() as connection:
        connection.execute("SELECT 1")
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 1.5
    assert not [worker for worker in workers if worker.is_running()]


def test_programs_that_do_not_start(tmp_path: Path, own_lease: Lease) -> None:
    for name in ("initdb", "postgres"):
        program = tmp_path / "broken" / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\necho 'no such locale' >&2\nexit 1\n")
        program.chmod(0o755)
    with pytest.raises(MeasurementError, match=r"^initdb failed:\nno such locale$"):
        start_postgres(PostgresPrograms(tmp_path / "broken" / "bin", ""), own_lease.private, ENVIRON)

"""One Postgres server per run, in a private folder, thrown away with it.

Durability is off (nothing in it has to survive), which both arms share; everything else is the
server's default but for what the measurement needs. As root the server runs as another user, since
it refuses to run as root.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from perf_matrix.accounts import Account, unprivileged_account
from perf_matrix.errors import MeasurementError
from perf_matrix.processes import Process, end, log_tail, spawn
from perf_matrix.stacks.ports import LOOPBACK, free_port
from perf_matrix.stacks.postgres_programs import PostgresPrograms

SUPERUSER = "perf_matrix"
_START_LIMIT_S = 30.0
_START_ATTEMPTS = 3
_POLL_S = 0.05
SETTINGS: Mapping[str, str] = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "10000",
    "pg_stat_statements.track": "top",
    "pg_stat_statements.track_utility": "on",
    "pg_stat_statements.save": "off",
    "listen_addresses": LOOPBACK,
    "max_connections": "300",
    "shared_buffers": "256MB",
    # A checkpoint or a vacuum in the middle of a block would be a disturbance of one arm.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class PostgresServer:
    """A running server. ``url`` is what a service connects with; ``connect`` goes by the private socket."""

    process: Process
    folder: Path
    port: int
    password: str

    def url(self, database: str = "postgres", port: int | None = None) -> str:
        """A connection URL over TCP on the loopback address; by another ``port`` where a relay listens on it."""
        return f"postgresql://{SUPERUSER}:{self.password}@{LOOPBACK}:{port or self.port}/{database}"

    def conninfo(self, database: str = "postgres") -> str:
        """libpq connection parameters by the private socket."""
        return make_conninfo(host=str(self.folder), port=self.port, user=SUPERUSER, dbname=database)

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """An autocommit connection by the private socket."""
        return psycopg.connect(self.conninfo(database), autocommit=True)

    def create(self, database: str) -> None:
        """Create an empty database."""
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))

    def clone(self, template: str, database: str) -> None:
        """(Re)create ``database`` as a copy of ``template``; whoever is still connected to either is cut off."""
        self.drop(database)
        self._execute(
            sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(
                sql.Literal(template)
            )
        )
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )

    def drop(self, database: str) -> None:
        """Drop ``database`` where it exists, cutting off whoever is connected."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def run_scripts(self, database: str, scripts: Sequence[tuple[str, str]]) -> None:
        """Run SQL scripts, (name, text) each, in order, on one connection.

        Raises MeasurementError naming the script that failed and the server's words.
        """
        with self.connect(database) as connection:
            for name, text in scripts:
                try:
                    connection.execute(text.encode())
                except psycopg.Error as error:
                    raise MeasurementError(f"the SQL script {name} failed on {database}: {error}") from error

    def stop(self) -> None:
        """Stop at once: the data is thrown away."""
        end([self.process], signal_number=signal.SIGQUIT, grace_s=2.0)

    def _execute(self, statement: sql.Composed) -> None:
        try:
            with self.connect() as connection:
                connection.execute(statement)
        except psycopg.Error as error:
            self.process.check_alive()
            raise MeasurementError(f"Postgres refused {statement.as_string()!r}: {error}") from error


def start_postgres(
    programs: PostgresPrograms,
    private: Path,
    environ: Mapping[str, str],
    choose_port: Callable[[], int] = free_port,
    settings: Mapping[str, str] = SETTINGS,
) -> PostgresServer:
    """Initialise and start a server under ``private``; returns once it answers.

    ``environ`` is its whole environment. Another port is tried where the one chosen is taken by then.
    Raises MeasurementError with the server's last log lines where it does not start.
    """
    account = unprivileged_account()
    folder = private / "postgres"
    # A server that died before is followed by one with an empty folder.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    binaries = _reachable(programs.folder, private, account)
    if account is not None:
        shutil.chown(folder, account.name)
    password = secrets.token_urlsafe(16)
    _initdb(binaries, folder, account, password, environ)
    for _ in range(_START_ATTEMPTS):
        server = _start(binaries, folder, account, password, environ, choose_port(), settings)
        if _wait(server):
            return server
        end([server.process])
    raise MeasurementError(
        "Postgres did not start. Its last log lines:\n" + "\n".join(log_tail(folder / "postgres.log"))
    )


def _initdb(
    binaries: Path, folder: Path, account: Account | None, password: str, environ: Mapping[str, str]
) -> None:
    secret = folder / "password"
    secret.write_text(password)
    if account is not None:
        shutil.chown(secret, account.name)
    done = subprocess.run(
        [
            str(binaries / "initdb"),
            f"--pgdata={folder / 'data'}",
            f"--username={SUPERUSER}",
            f"--pwfile={secret}",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        cwd=folder,
        env=dict(environ),
        **(account.popen_arguments() if account else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    secret.unlink()
    if done.returncode != 0:
        raise MeasurementError(f"initdb failed:\n{(done.stderr or done.stdout).strip()}")


def _start(
    binaries: Path,
    folder: Path,
    account: Account | None,
    password: str,
    environ: Mapping[str, str],
    port: int,
    chosen: Mapping[str, str],
) -> PostgresServer:
    settings = {**chosen, "port": str(port), "unix_socket_directories": str(folder)}
    flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
    process = spawn(
        "Postgres",
        [str(binaries / "postgres"), "-D", str(folder / "data"), *flags],
        env=environ,
        log=folder / "postgres.log",
        cwd=folder,
        account=account,
    )
    return PostgresServer(process, folder, port, password)


def _wait(server: PostgresServer) -> bool:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline:
        if server.process.exit_code is not None:
            # Most likely another process won the race for the port: the caller tries the next one.
            return False
        try:
            server.connect().close()
        except psycopg.OperationalError:
            time.sleep(_POLL_S)
        else:
            return True
    return False


def _reachable(folder: Path, private: Path, account: Account | None) -> Path:
    """The programs where ``account`` can run them: a package under root's home is copied out of it."""
    if account is None or _can_run(folder / "postgres", account):
        return folder
    copied = private / "postgres-programs"
    shutil.copytree(folder.parent, copied, symlinks=True)
    return copied / folder.name


def _can_run(program: Path, account: Account) -> bool:
    # Asked as that account, since the rights of every folder on the way count.
    try:
        subprocess.run(
            [str(program), "--version"], cwd="/", capture_output=True, check=True, **account.popen_arguments()
        )
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True

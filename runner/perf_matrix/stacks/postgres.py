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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from perf_matrix.accounts import Account, unprivileged_account
from perf_matrix.errors import MeasurementError
from perf_matrix.processes import Process, end, log_tail, spawn
from perf_matrix.stacks.database_server import SETTINGS, SUPERUSER, DatabaseServer
from perf_matrix.stacks.ports import LOOPBACK, free_port
from perf_matrix.stacks.postgres_programs import PostgresPrograms

_START_LIMIT_S = 30.0
_START_ATTEMPTS = 3
_POLL_S = 0.05
LOCAL_SETTINGS: Mapping[str, str] = {**SETTINGS, "listen_addresses": LOOPBACK}


@dataclass(frozen=True)
class PostgresServer(DatabaseServer):
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

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""
        self.process.check_alive()

    def log_tail(self) -> list[str]:
        """The last lines that it wrote."""
        return self.process.log_tail()

    def stop(self) -> None:
        """Stop at once: the data is thrown away."""
        end([self.process], signal_number=signal.SIGQUIT, grace_s=2.0)


def start_postgres(
    programs: PostgresPrograms,
    private: Path,
    environ: Mapping[str, str],
    choose_port: Callable[[], int] = free_port,
    settings: Mapping[str, str] = LOCAL_SETTINGS,
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

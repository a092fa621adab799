"""What is left of a run that was killed, and what its follower makes of it: real processes, really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from perf_matrix.lease import LEASE_VARIABLE, hold_lease, processes_of
from perf_matrix.stacks.postgres_programs import PostgresPrograms

# The server itself and those that always run; one more while it starts.
POSTGRES_PROCESSES = 5

# Holds a lease with a process of its own, a grandchild in another session and files, says so, and waits.
HOLDER = """
import sys, time
from pathlib import Path
from perf_matrix.lease import LEASE_VARIABLE, hold_lease
from perf_matrix.processes import spawn

GRANDCHILD = (
    "import subprocess, time; subprocess.Popen(['sleep', '600'], start_new_session=True); time.sleep(600)"
)
with hold_lease(Path(sys.argv[1])) as lease:
    (lease.private / "data").mkdir()
    env = {LEASE_VARIABLE: lease.id, "PATH": "/usr/bin:/bin"}
    for argv in (["sleep", "600"], [sys.executable, "-c", GRANDCHILD]):
        spawn("it", argv, env=env, log=lease.private / "log", cwd=lease.private)
    print(lease.id, lease.private, flush=True)
    if sys.argv[2:] == ["waits"]:
        sys.stdin.read()
    else:
        time.sleep(1)
"""

# Holds a lease with a Postgres that serves a client.
POSTGRES_HOLDER = """
import os, sys
from pathlib import Path
from perf_matrix.lease import LEASE_VARIABLE, hold_lease
from perf_matrix.stacks.postgres import start_postgres
from perf_matrix.stacks.postgres_programs import PostgresPrograms

with hold_lease(Path(sys.argv[1])) as lease:
    programs = PostgresPrograms(Path(sys.argv[2]), "")
    server = start_postgres(programs, lease.private, {"PATH": os.environ["PATH"], LEASE_VARIABLE: lease.id})
    with server.connect() as connection:
        print(lease.id, lease.private, flush=True)
        connection.execute("SELECT pg_sleep(600)")
"""


@contextmanager
def holder(code: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    """A process that holds a lease: its handle, the lease's id and private folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lease_id, private = process.stdout.readline().split()
    try:
        yield process, lease_id, Path(private)
    finally:
        process.kill()
        process.wait()
        process.communicate()


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline, "waited for 10 s"
        time.sleep(0.02)


def in_folder(folder: Path) -> list[psutil.Process]:
    """The processes that work in a folder or below it, whoever started them."""
    return [process for process in psutil.process_iter() if cwd(process).startswith(str(folder))]


def cwd(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""


def test_the_normal_way_out_ends_grandchildren_in_sessions_of_their_own(tmp_path: Path) -> None:
    with holder(HOLDER, str(tmp_path)) as (process, lease_id, private):
        wait_for(lambda: len(processes_of(lease_id)) == 3)
        assert process.wait(timeout=10) == 0
        assert processes_of(lease_id) == []
        assert not private.exists()
        assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    other_id = "another-lease"
    bystander = subprocess.Popen(["sleep", "600"], env={**os.environ, LEASE_VARIABLE: other_id})
    try:
        with (
            holder(HOLDER, str(tmp_path), "waits") as (killed, killed_id, killed_private),
            holder(HOLDER, str(tmp_path), "waits") as (_living, living_id, living_private),
        ):
            for lease_id in (killed_id, living_id):
                wait_for(lambda lease_id=lease_id: len(processes_of(lease_id)) == 3)  # type: ignore[misc]
            killed.send_signal(signal.SIGKILL)
            killed.wait()
            assert len(processes_of(killed_id)) == 3
            assert (killed_private / "data").is_dir()

            with hold_lease(tmp_path):
                assert processes_of(killed_id) == []
                assert not killed_private.exists()
                assert not list(tmp_path.glob(f"{killed_id}*"))

                assert len(processes_of(living_id)) == 3
                assert (living_private / "data").is_dir()
                assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
        with hold_lease(tmp_path):
            pass


def test_the_postgres_of_a_killed_run_ends_with_all_its_workers(
    tmp_path: Path, postgres_programs: PostgresPrograms
) -> None:
    with holder(POSTGRES_HOLDER, str(tmp_path), str(postgres_programs.folder)) as (killed, _id, private):
        wait_for(lambda: len(in_folder(private)) >= POSTGRES_PROCESSES)
        segment = shared_memory_of(private / "postgres" / "data")
        assert segment in shared_memory()
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert len(in_folder(private)) >= POSTGRES_PROCESSES
        with hold_lease(tmp_path):
            assert not private.exists()
        wait_for(lambda: not in_folder(private))
        # A server that is killed outright leaves a segment behind that nobody would ever remove.
        assert segment not in shared_memory()


def shared_memory_of(data: Path) -> str:
    """The id of the segment that a server notes in its lock file."""
    return (data / "postmaster.pid").read_text().splitlines()[6].split()[1]


def shared_memory() -> list[str]:
    listing = Path("/proc/sysvipc/shm")
    if not listing.exists():
        pytest.skip("this system does not list its shared memory")
    return [line.split()[1] for line in listing.read_text().splitlines()[1:]]

"""The relay between a service and Postgres: what goes through it, how late, and how it ends."""

from __future__ import annotations

import hashlib
import math
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from perf_matrix.errors import InputError, MeasurementError, PartDiedError
from perf_matrix.lease import LEASE_VARIABLE, Lease, clear_leftovers
from perf_matrix.stacks.ports import LOOPBACK, free_port, is_taken
from perf_matrix.stacks.postgres import PostgresServer
from perf_matrix.stacks.relay import Relay, start_relay
from perf_matrix.stacks.relay_process import BACKLOG_LIMIT
from perf_matrix.stacks.round_trip import measure_round_trip, time_round_trips

MEGABYTE = 1_000_000
# Long enough for the slowest machine; nothing waits for it that goes well.
PATIENCE_S = 30
AN_HOUR_S = 3600
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
LEAVES_A_RELAY = """
import os, sys, time
from pathlib import Path
from perf_matrix.lease import LEASE_VARIABLE, hold_lease
from perf_matrix.stacks.relay import start_relay

with hold_lease(Path(sys.argv[1])) as lease:
    environ = {"PATH": os.environ["PATH"], LEASE_VARIABLE: lease.id}
    relay = start_relay("the relay", 1, environ=environ, private=lease.private, log=Path(sys.argv[2]))
    print(relay.process.popen.pid, flush=True)
    time.sleep(600)
"""
CONNECTS_AND_WAITS = """
import sys, time, psycopg
with psycopg.connect(sys.argv[1], application_name=sys.argv[2]) as connection:
    print("connected", flush=True)
    time.sleep(600)
"""
WHAT_IT_IMPORTS = """
import sys
before = set(sys.modules)
import perf_matrix.stacks.relay_process
print(*{name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)
"""


def started(server_port: int, lease: Lease, folder: Path) -> Relay:
    environ = {"PATH": os.environ["PATH"], LEASE_VARIABLE: lease.id}
    return start_relay(
        "the relay", server_port, environ=environ, private=lease.private, log=folder / "relay.log"
    )


@pytest.fixture
def relay(postgres: PostgresServer, lease: Lease, tmp_path: Path) -> Iterator[Relay]:
    """A relay to the real Postgres, without a delay."""
    relay = started(postgres.port, lease, tmp_path)
    yield relay
    relay.stop()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """In the place of Postgres, where a test has to do to a connection what Postgres would not do."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(PATIENCE_S)
        yield listener


@pytest.fixture
def plain_relay(listener: socket.socket, lease: Lease, tmp_path: Path) -> Iterator[Relay]:
    """A relay to ``listener``, without a delay."""
    relay = started(listener.getsockname()[1], lease, tmp_path)
    yield relay
    relay.stop()


@pytest.fixture
def ends(plain_relay: Relay, listener: socket.socket) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection through ``plain_relay``: the client's and the server's."""
    with socket.create_connection((LOOPBACK, plain_relay.port), timeout=PATIENCE_S) as client:
        server, _ = listener.accept()
        with server:
            server.settimeout(PATIENCE_S)
            yield client, server


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def sessions(postgres: PostgresServer, application: str) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
    with postgres.connect() as connection:
        row = connection.execute(query, [application]).fetchone()
    assert row
    return int(row[0])


def read_all(one: socket.socket) -> bytes:
    return b"".join(iter(lambda: one.recv(1 << 16), b""))


def reset(one: socket.socket) -> None:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    one.close()


# --- bytes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay_s", [0, 0.005])
def test_a_large_result_is_the_same_with_and_without_it(
    postgres: PostgresServer, relay: Relay, delay_s: float
) -> None:
    relay.set_delay(delay_s)
    query = "SELECT n, md5(n::text), repeat(md5(n::text), n % 50) FROM generate_series(1, 20000) AS n"
    with postgres.connect() as direct, psycopg.connect(postgres.url(port=relay.port)) as relayed:
        assert relayed.execute(query).fetchall() == direct.execute(query).fetchall()


@pytest.mark.parametrize("delay_s", [0, 0.005])
def test_copy_is_the_same_in_both_directions(postgres: PostgresServer, relay: Relay, delay_s: float) -> None:
    relay.set_delay(delay_s)
    lines = b"".join(
        b"%d\t%s\n" % (n, hashlib.sha256(b"%d" % n).hexdigest().encode()) for n in range(100_000)
    )
    with psycopg.connect(postgres.url(port=relay.port)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copied (n int, text text)")
        with cursor.copy("COPY copied FROM STDIN") as copy:
            copy.write(lines)
        with cursor.copy("COPY (SELECT * FROM copied ORDER BY n) TO STDOUT") as copy:
            assert b"".join(copy) == lines


def test_a_hundred_megabytes_are_never_held_as_a_whole(postgres: PostgresServer, relay: Relay) -> None:
    relay.set_delay(0.05)
    answer = f"COPY (SELECT repeat('x', {MEGABYTE - 1}) FROM generate_series(1, 100)) TO STDOUT"
    with (
        psycopg.connect(postgres.url(port=relay.port)) as connection,
        connection.cursor().copy(answer) as copy,
    ):
        assert sum(map(len, copy)) == 100 * MEGABYTE
    status = Path(f"/proc/{relay.process.popen.pid}/status").read_text()
    (peak_kb,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    assert peak_kb * 1024 < 60 * MEGABYTE


def test_a_client_that_sends_faster_than_the_server_reads_has_to_wait(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    client, server = ends
    client.settimeout(0)
    sent = 0
    while select.select([], [client], [], 0.5)[1]:
        sent += client.send(bytes(MEGABYTE))
        # The relay's limit, and whatever the system keeps for four sockets.
        assert sent < BACKLOG_LIMIT + 100 * MEGABYTE
    client.shutdown(socket.SHUT_WR)
    assert len(read_all(server)) == sent


def test_two_hundred_connections_at_once_each_get_their_own_answers(
    postgres: PostgresServer, relay: Relay
) -> None:
    relay.set_delay(0.002)
    connections = [psycopg.connect(postgres.url(port=relay.port)) for _ in range(200)]
    for _ in range(3):
        for number, connection in enumerate(connections):
            connection.pgconn.send_query(f"SELECT {number}, repeat('x', {number})".encode())
        for number, connection in enumerate(connections):
            result = connection.pgconn.get_result()
            assert result is not None
            assert result.get_value(0, 0) == b"%d" % number
            assert result.get_value(0, 1) == b"x" * number
            assert connection.pgconn.get_result() is None
    for connection in connections:
        connection.close()


def test_bytes_of_a_shorter_delay_do_not_overtake_those_before(
    plain_relay: Relay, ends: tuple[socket.socket, socket.socket]
) -> None:
    client, server = ends
    plain_relay.set_delay(1)
    server.sendall(b"first ")
    # Should the relay read it later than this, there is nothing to overtake.
    time.sleep(0.1)
    plain_relay.set_delay(0)
    server.sendall(b"second")
    server.close()
    assert read_all(client) == b"first second"


# --- the delay -----------------------------------------------------------------------------------


def test_every_statement_takes_at_least_the_delay(postgres: PostgresServer, relay: Relay) -> None:
    relay.set_delay(0.01)
    assert min(time_round_trips(postgres.url(port=relay.port), 30)) >= 10


def test_the_delay_changes_on_an_open_connection(postgres: PostgresServer, relay: Relay) -> None:
    with psycopg.connect(postgres.url(port=relay.port), autocommit=True) as connection:
        connection.execute("SELECT 1")
        for delay_s in (0.2, 0.05, 0.1):
            relay.set_delay(delay_s)
            begin = time.monotonic()
            connection.execute("SELECT 1")
            assert time.monotonic() - begin >= delay_s
        relay.set_delay(AN_HOUR_S)
        relay.set_delay(0)
        assert connection.execute("SELECT 2").fetchone() == (2,)


def test_pipelined_statements_are_not_delayed_one_after_the_other(
    postgres: PostgresServer, relay: Relay
) -> None:
    statements, delay_s = 40, 0.5
    # Answers that the server does not gather into one: large ones, one after the other.
    query = "SELECT %s::int, repeat('x', 20000), pg_sleep(0.01)"
    with psycopg.connect(postgres.url(port=relay.port), autocommit=True) as connection:
        relay.set_delay(delay_s)
        begin = time.monotonic()
        with connection.pipeline():
            answers = [connection.execute(query, [number]) for number in range(statements)]
            rows = [answer.fetchone() for answer in answers]
        took_s = time.monotonic() - begin
    assert rows == [(number, "x" * 20000, "") for number in range(statements)]
    assert delay_s <= took_s < statements * delay_s / 2


def test_what_the_client_sends_is_not_delayed(
    plain_relay: Relay, ends: tuple[socket.socket, socket.socket]
) -> None:
    client, server = ends
    plain_relay.set_delay(AN_HOUR_S)
    client.sendall(b"question")
    assert server.recv(100) == b"question"


@pytest.mark.parametrize("delay_s", [-0.001, math.nan, math.inf])
def test_a_delay_that_cannot_be_is_refused(relay: Relay, delay_s: float) -> None:
    with pytest.raises(ValueError, match="write 0 or a positive number of seconds"):
        relay.set_delay(delay_s)


def test_a_round_trip_is_measured_over_tcp_only(postgres: PostgresServer) -> None:
    with pytest.raises(InputError, match=r"over TCP, and /.* is a Unix socket: write a host name"):
        measure_round_trip(postgres.conninfo())
    assert measure_round_trip(postgres.url(), statements=5) > 0


def test_a_round_trip_to_nobody_is_a_failure_in_words(postgres: PostgresServer) -> None:
    nobody = postgres.url(port=free_port())
    with pytest.raises(MeasurementError, match=r"^measuring a round trip .* failed: .*refused"):
        measure_round_trip(nobody)


# --- ends ----------------------------------------------------------------------------------------


def test_a_client_that_has_said_all_still_gets_its_answer(
    plain_relay: Relay, ends: tuple[socket.socket, socket.socket]
) -> None:
    client, server = ends
    plain_relay.set_delay(0.05)
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    assert read_all(server) == b"question"
    server.sendall(b"answer")
    server.close()
    assert read_all(client) == b"answer"


def test_a_server_that_has_said_all_still_gets_the_rest(ends: tuple[socket.socket, socket.socket]) -> None:
    client, server = ends
    server.sendall(b"greeting")
    server.shutdown(socket.SHUT_WR)
    assert read_all(client) == b"greeting"
    client.sendall(b"the rest")
    client.close()
    assert read_all(server) == b"the rest"


def test_a_reset_by_the_client_reaches_the_server(ends: tuple[socket.socket, socket.socket]) -> None:
    client, server = ends
    reset(client)
    with pytest.raises(ConnectionResetError):
        server.recv(1)


def test_a_reset_by_the_server_comes_after_the_answers_before_it(
    plain_relay: Relay, ends: tuple[socket.socket, socket.socket]
) -> None:
    client, server = ends
    plain_relay.set_delay(0.2)
    server.sendall(b"last words")
    reset(server)
    assert client.recv(100) == b"last words"
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_connection_of_which_one_end_is_dead_costs_no_processor_time(
    plain_relay: Relay, ends: tuple[socket.socket, socket.socket]
) -> None:
    client, server = ends
    server.shutdown(socket.SHUT_WR)
    assert read_all(client) == b""
    reset(server)
    process = psutil.Process(plain_relay.process.popen.pid)
    before = process.cpu_times()
    time.sleep(1)
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.3


def test_a_killed_client_ends_its_session(postgres: PostgresServer, relay: Relay) -> None:
    argv = [sys.executable, "-c", CONNECTS_AND_WAITS, postgres.url(port=relay.port), "to-be-killed"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as client:
        assert client.stdout
        assert client.stdout.readline() == b"connected\n"
        assert sessions(postgres, "to-be-killed") == 1
        client.kill()
    assert eventually(lambda: sessions(postgres, "to-be-killed") == 0)
    relay.check_alive()


def test_the_last_words_of_a_session_that_is_ended_arrive(postgres: PostgresServer, relay: Relay) -> None:
    relay.set_delay(0.05)
    with (
        psycopg.connect(postgres.url(port=relay.port), autocommit=True) as client,
        postgres.connect() as other,
    ):
        other.execute("SELECT pg_terminate_backend(%s)", [client.info.backend_pid])
        with pytest.raises(psycopg.errors.AdminShutdown):
            client.execute("SELECT 1")
    relay.check_alive()


def test_a_server_that_is_not_there_yet_breaks_the_connection_off_and_is_asked_again(
    lease: Lease, tmp_path: Path
) -> None:
    port = free_port()
    relay = started(port, lease, tmp_path)
    try:
        with (
            socket.create_connection((LOOPBACK, relay.port), timeout=PATIENCE_S) as client,
            pytest.raises(ConnectionResetError),
        ):
            client.recv(1)
        with (
            socket.create_server((LOOPBACK, port)) as listener,
            socket.create_connection((LOOPBACK, relay.port), timeout=PATIENCE_S) as client,
        ):
            listener.settimeout(PATIENCE_S)
            with listener.accept()[0] as server:
                server.sendall(b"here now")
            assert read_all(client) == b"here now"
    finally:
        relay.stop()


def test_a_killed_relay_is_told_and_ends_both_sides(postgres: PostgresServer, relay: Relay) -> None:
    with psycopg.connect(postgres.url(port=relay.port), application_name="of-a-killed-relay") as client:
        relay.check_alive()
        relay.process.popen.kill()
        relay.process.popen.wait()
        with pytest.raises(PartDiedError, match=r"^the relay was killed by SIGKILL\."):
            relay.check_alive()
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")
    assert eventually(lambda: sessions(postgres, "of-a-killed-relay") == 0)


def test_a_relay_that_fails_is_told_with_its_last_words(relay: Relay) -> None:
    psutil.Process(relay.process.popen.pid).rlimit(resource.RLIMIT_NOFILE, (3, 3))
    with socket.create_connection((LOOPBACK, relay.port)):
        assert eventually(lambda: relay.process.exit_code is not None)
    with pytest.raises(PartDiedError, match=r"^the relay exited with status 1\.") as told:
        relay.check_alive()
    assert "Too many open files" in told.value.log_tail[-1]


def test_nothing_is_left_after_stop(postgres: PostgresServer, relay: Relay) -> None:
    with psycopg.connect(postgres.url(port=relay.port), application_name="stopped"):
        relay.stop()
        # Ended by the first signal, not killed after a while.
        assert relay.process.exit_code == -signal.SIGTERM
        assert not psutil.pid_exists(relay.process.popen.pid)
        assert not is_taken(relay.port)
        assert not relay.folder.exists()
    assert eventually(lambda: sessions(postgres, "stopped") == 0)


def test_a_relay_that_does_not_listen_in_time_is_told_and_ended(lease: Lease, tmp_path: Path) -> None:
    with pytest.raises(PartDiedError, match=r"^the relay did not listen after 0 s\."):
        start_relay(
            "the relay",
            1,
            environ={"PATH": os.environ["PATH"]},
            private=tmp_path,
            log=tmp_path / "relay.log",
            limit_s=0,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["relay.log"]


def test_a_relay_of_a_killed_run_ends_when_the_next_one_clears_up(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", LEAVES_A_RELAY, str(tmp_path / "leases"), str(tmp_path / "log")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as run:
        assert run.stdout
        left = psutil.Process(int(run.stdout.readline()))
        run.kill()
    assert left.is_running()
    assert len(clear_leftovers(tmp_path / "leases")) == 1
    assert eventually(lambda: not left.is_running() or left.status() == psutil.STATUS_ZOMBIE)
    assert (tmp_path / "log").read_text() == ""


def test_it_imports_nothing_but_the_standard_library() -> None:
    done = subprocess.run([sys.executable, "-c", WHAT_IT_IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["perf_matrix"]

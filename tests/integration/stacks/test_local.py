"""The local stack with a small real service in the place of LiteLLM: everything else is the real thing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import psutil
import pytest
import requests

from perf_matrix.cache import cache_root
from perf_matrix.errors import MeasurementError, PartDiedError
from perf_matrix.lease import LEASE_VARIABLE, Lease, hold_lease, processes_of
from perf_matrix.matrix.model import ARMS, Arm, Cell, Database, Patch
from perf_matrix.record.model import SubjectInfo
from perf_matrix.stacks.local import LocalBackend, LocalStack, Programs
from perf_matrix.stacks.ports import LOOPBACK, free_port
from perf_matrix.stacks.postgres_programs import PostgresPrograms
from perf_matrix.stacks.prisma import Prisma
from perf_matrix.stacks.stand_ins import StandInPrograms, prepare_stand_ins
from perf_matrix.subjects.spec import Release
from perf_matrix.tools import Node, find_uv

from .small_target import SmallTarget

CALLER = {
    "PATH": os.environ["PATH"],
    "LANG": "C.UTF-8",
    "HOME": "/home/of/the/caller",
    "OPENAI_API_KEY": "sk-of-the-caller",
    "DATABASE_URL": "postgresql://the-callers/database",
    "HTTP_PROXY": "http://the-callers:1",
    "PYTHONPATH": "/of/the/caller",
    "PGOPTIONS": "-c statement_timeout=1",
}
START = Callable[..., LocalStack]
CELL = Cell(id="default", variants={})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def stand_ins() -> StandInPrograms:
    return prepare_stand_ins(cache_root(), find_uv())


@pytest.fixture
def lease(tmp_path: Path) -> Iterator[Lease]:
    """A lease for each test: what it started is seen by it."""
    with hold_lease(tmp_path / "leases") as lease:
        yield lease


@pytest.fixture
def backend_of(
    cache: Path, lease: Lease, postgres_programs: PostgresPrograms, stand_ins: StandInPrograms
) -> Iterator[Callable[..., LocalBackend]]:
    """Makes backends for a target; keywords are those of LocalBackend."""
    made = []
    nothing = Path("/nonexistent")
    prisma = Prisma(nothing, nothing, "wasm", Node(("node",), ("npm",), "0"))

    def make(target: SmallTarget | None = None, **options: Any) -> LocalBackend:
        programs = Programs(find_uv(), prisma, postgres_programs, stand_ins, {})
        options = {"ready_limit_s": 20.0, **options}
        backend = LocalBackend(
            target or SmallTarget(), programs, cache=cache, lease=lease, environ=CALLER, **options
        )
        made.append(backend)
        return backend

    yield make
    for backend in made:
        backend.stop()


@pytest.fixture
def start(backend_of: Callable[..., LocalBackend], tmp_path: Path) -> START:
    """Prepares 1.1.1 and 2.0.0, starts Postgres and both; keywords are patches' variables and options."""

    def begin(
        target: SmallTarget | None = None,
        *,
        env: Mapping[str, str] | None = None,
        waiting: Callable[[LocalBackend], None] = lambda _backend: None,
        **options: Any,
    ) -> LocalStack:
        backend = backend_of(target, **options)
        both(backend)
        backend.start_postgres()
        backend.seed([{"rows": 2}])
        cell = Cell(id="default", variants={}, patch=Patch(env=dict(env or {})))
        return backend.start_stack(cell, {"rows": 2}, tmp_path / "logs", waiting=lambda: waiting(backend))

    return begin


def both(backend: LocalBackend, versions: Sequence[str] = ("1.1.1", "2.0.0")) -> dict[Arm, SubjectInfo]:
    subjects = {arm: Release("iniconfig", version) for arm, version in zip(ARMS, versions, strict=True)}
    return backend.prepare(subjects, lambda _what: None)


def services_of(lease: Lease) -> list[str]:
    """The command lines of what runs under the lease, without Postgres."""
    lines = [" ".join(process.cmdline()) for process in processes_of(lease.id)]
    return [line for line in lines if "postgres" not in line]


def ask(stack: LocalStack, arm: Arm, path: str) -> Any:
    return requests.get(stack.urls[arm] + path, timeout=5).json()


class Listener:
    """A foreign process that answers on a port: with ``content``, or not at all."""

    def __init__(self, content: str | None = None) -> None:
        code = (
            "import http.server, sys\n"
            "class H(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self):\n"
            "        self.send_response(200 if sys.argv[1] else 404); self.end_headers()\n"
            "        self.wfile.write(sys.argv[1].encode())\n"
            "s = http.server.HTTPServer(('127.0.0.1', 0), H); print(s.server_port, flush=True)\n"
            "s.serve_forever()"
        )
        argv = [sys.executable, "-c", code, content or ""]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def test_both_arms_run_on_data_of_their_own(start: START, lease: Lease) -> None:
    stack = start()
    assert ask(stack, "base", "/rows") == ["1.1.1", "row 1", "row 2"]
    assert ask(stack, "head", "/rows") == ["2.0.0", "row 1", "row 2"]
    assert stack.databases == {"base": "perf_base", "head": "perf_head"}
    assert all(0 < seconds < 20 for seconds in stack.ready_s.values())
    stack.check_alive()
    stack.stop()
    # The children in sessions of their own end with the lease.
    assert [line for line in services_of(lease) if "service.py" in line] == []


def test_the_same_release_twice_has_two_databases(
    backend_of: Callable[..., LocalBackend], tmp_path: Path
) -> None:
    backend = backend_of()
    both(backend, ("2.0.0", "2.0.0"))
    backend.start_postgres()
    backend.seed([{"rows": 1}])
    stack = backend.start_stack(CELL, {"rows": 1}, tmp_path, waiting=lambda: None)
    with stack.postgres.connect("perf_base") as connection:
        connection.execute("DELETE FROM it")
    assert ask(stack, "base", "/rows") == []
    assert ask(stack, "head", "/rows") == ["2.0.0", "row 1"]
    # The next epoch begins with the data that was seeded.
    stack.stop()
    stack = backend.start_stack(CELL, {"rows": 1}, tmp_path, waiting=lambda: None)
    assert ask(stack, "base", "/rows") == ["2.0.0", "row 1"]
    stack.stop()


def test_nothing_of_the_callers_environment_gets_through(start: START, lease: Lease, cache: Path) -> None:
    stack = start(env={"FROM_THE_CELL": "1"})
    for arm, version in zip(ARMS, ("1.1.1", "2.0.0"), strict=True):
        seen = ask(stack, arm, "/environment")
        home = str(lease.private / f"{arm}-{stack.proxies[arm].port}")
        assert seen.pop("DATABASE_URL") == stack.postgres.url(f"perf_{arm}")
        installed, _, rest = seen.pop("PATH").partition("/bin:")
        assert installed.startswith(f"{cache}/subjects/iniconfig-{version}-")
        assert rest == CALLER["PATH"]
        assert {name: seen.pop(name) for name in ("HOME", "TMPDIR", "cwd")} == dict.fromkeys(
            ("HOME", "TMPDIR", "cwd"), home
        )
        assert seen.pop(LEASE_VARIABLE) == lease.id
        assert seen.pop("LC_CTYPE", None) in (None, "C.UTF-8")
        assert {name for name in seen if not name.startswith(("PRISMA_", "CHECKPOINT_"))} == {
            "BEHAVIOUR",
            "FROM_THE_CELL",
            "LANG",
            "VERSION",
        }
        assert seen["VERSION"] == version
    stack.stop()


def test_what_is_prepared_is_known_by_its_packages(backend_of: Callable[..., LocalBackend]) -> None:
    info = both(backend_of())["head"]
    assert info.model_dump(exclude_defaults=True) == {
        "spec": "iniconfig==2.0.0",
        "version": "2.0.0",
        "engine": "wasm",
        "packages": {"iniconfig": "2.0.0"},
    }


@pytest.mark.parametrize("content", ['{"version": "2.0.0"}', "not it", None])
def test_a_port_that_another_process_took_is_given_up(start: START, content: str | None) -> None:
    with Listener(content) as foreign:
        # Postgres, base, and for head first the one that is taken.
        ports = [free_port(), free_port(), foreign.port, free_port()]
        choose = iter(ports)
        stack = start(choose_port=lambda: next(choose))
        assert stack.proxies["head"].port == ports[3]
        assert ask(stack, "head", "/rows")[0] == "2.0.0"
        stack.stop()


def test_ports_that_are_always_taken_end_the_measurement(start: START, lease: Lease) -> None:
    with Listener('{"version": "1.1.1"}') as foreign:
        ports = iter([free_port(), foreign.port, free_port(), foreign.port, foreign.port])
        with pytest.raises(MeasurementError) as told:
            start(choose_port=lambda: next(ports))
    assert str(told.value) == (
        f"port {foreign.port} was taken by another process before "
        "the base proxy (iniconfig==1.1.1) could listen on it"
    )
    assert not any("service.py" in line for line in services_of(lease))


def test_another_version_than_the_one_that_was_asked_for(start: START, lease: Lease) -> None:
    with pytest.raises(PartDiedError) as told:
        start(SmallTarget(tells={"2.0.0": "1.9.9"}))
    assert str(told.value).startswith(
        "the head proxy (iniconfig==2.0.0) says that it is version 1.9.9, not 2.0.0. "
        "The last lines of its log:\n  | serving"
    )
    assert not any("service.py" in line for line in services_of(lease))


def test_another_spelling_of_the_version_is_the_same(start: START) -> None:
    start(SmallTarget(tells={"2.0.0": "2.0"})).stop()


def test_one_that_ends_while_it_starts_shows_its_last_thirty_lines(start: START, lease: Lease) -> None:
    begin = time.monotonic()
    with pytest.raises(PartDiedError) as told:
        start(env={"BEHAVIOUR": "exit"})
    assert told.value.message == "the base proxy (iniconfig==1.1.1) exited with status 3."
    assert told.value.log_tail == [f"line {number}" for number in range(11, 41)]
    assert str(told.value).splitlines()[0].endswith("exited with status 3. The last lines of its log:")
    assert time.monotonic() - begin < 15
    assert services_of(lease) == []


def test_one_that_is_never_ready(start: START, lease: Lease) -> None:
    with pytest.raises(PartDiedError) as told:
        start(env={"BEHAVIOUR": "never"}, ready_limit_s=2.0)
    assert told.value.message == "the base proxy (iniconfig==1.1.1) was not ready after 2 s."
    assert told.value.log_tail[0] == "serving"
    assert not any("service.py" in line for line in services_of(lease))


def test_a_killed_proxy_is_told(start: START) -> None:
    stack = start()
    os.kill(stack.proxies["head"].process.popen.pid, signal.SIGKILL)
    stack.proxies["head"].process.popen.wait()
    with pytest.raises(
        PartDiedError, match=r"^the head proxy \(iniconfig==2\.0\.0\) was killed by SIGKILL\."
    ):
        stack.check_alive()
    stack.stop()


def test_a_killed_postgres_is_told(start: START) -> None:
    stack = start()
    os.kill(stack.postgres.process.popen.pid, signal.SIGKILL)
    stack.postgres.process.popen.wait()
    with pytest.raises(PartDiedError, match=r"^Postgres was killed by SIGKILL\. The last lines of its log:"):
        stack.check_alive()
    stack.stop()


def test_a_postgres_that_is_killed_while_the_proxies_start_is_told_at_once(start: START) -> None:
    def kill_postgres(backend: LocalBackend) -> None:
        process = backend.postgres.process
        if process.exit_code is None:
            os.kill(process.popen.pid, signal.SIGKILL)
            process.popen.wait()

    begin = time.monotonic()
    with pytest.raises(PartDiedError, match=r"^Postgres was killed by SIGKILL\."):
        start(env={"BEHAVIOUR": "never"}, waiting=kill_postgres)
    assert time.monotonic() - begin < 15


def test_an_interruption_while_the_proxies_start_leaves_neither(start: START, lease: Lease) -> None:
    def interrupt(_backend: LocalBackend) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(env={"BEHAVIOUR": "never"}, waiting=interrupt)
    assert not any("service.py" in line for line in services_of(lease))


def test_the_lease_takes_what_the_stack_left(
    tmp_path: Path, cache: Path, postgres_programs: PostgresPrograms, stand_ins: StandInPrograms
) -> None:
    nothing = Path("/nonexistent")
    prisma = Prisma(nothing, nothing, "wasm", Node(("node",), ("npm",), "0"))
    with hold_lease(tmp_path / "registry") as lease:
        programs = Programs(find_uv(), prisma, postgres_programs, stand_ins, {})
        backend = LocalBackend(SmallTarget(), programs, cache=cache, lease=lease, environ=CALLER)
        both(backend)
        backend.start_postgres()
        backend.seed([{"rows": 1}])
        backend.start_stack(CELL, {"rows": 1}, tmp_path / "logs", waiting=lambda: None)
        left = processes_of(lease.id)
        assert len([process for process in left if process.name() == "sleep"]) == 2
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in left)
    assert not lease.private.exists()


def test_postgres_moves_on_from_a_port_that_is_taken(backend_of: Callable[..., LocalBackend]) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        ports = iter([taken.getsockname()[1], free_port()])
        backend = backend_of(choose_port=lambda: next(ports))
        backend.start_postgres()
        assert backend.postgres.port != taken.getsockname()[1]


def test_postgres_before_it_is_started(backend_of: Callable[..., LocalBackend]) -> None:
    with pytest.raises(MeasurementError, match="has not been started"):
        _ = backend_of().postgres


def test_the_databases_of_each_scale_are_apart(
    backend_of: Callable[..., LocalBackend], tmp_path: Path
) -> None:
    backend = backend_of()
    both(backend)
    backend.start_postgres()
    backend.seed([{"rows": 1}, {"rows": 3}])
    for rows in (1, 3):
        stack = backend.start_stack(CELL, {"rows": rows}, tmp_path, waiting=lambda: None)
        assert [len(ask(stack, arm, "/rows")) for arm in ARMS] == [1 + rows, 1 + rows]
        stack.stop()


def test_one_arm_alone_has_one_proxy(backend_of: Callable[..., LocalBackend], tmp_path: Path) -> None:
    backend = backend_of()
    backend.prepare({"head": Release("iniconfig", "2.0.0")}, lambda _what: None)
    backend.start_postgres()
    backend.seed([{"rows": 1}])
    stack = backend.start_stack(CELL, {"rows": 1}, tmp_path, waiting=lambda: None)
    assert (list(stack.urls), list(stack.databases), list(stack.ready_s)) == (["head"], ["head"], ["head"])
    stack.stop()


def test_a_delay_before_the_database_is_what_was_asked_for_and_ends_with_the_stack(
    backend_of: Callable[..., LocalBackend], tmp_path: Path
) -> None:
    backend = backend_of()
    both(backend)
    backend.start_postgres()
    backend.seed([{"rows": 1}])
    cell = Cell(id="default", variants={}, patch=Patch(database=Database(round_trip_ms=20)))
    stack = backend.start_stack(cell, {"rows": 1}, tmp_path, waiting=lambda: None)
    assert stack.delay is not None
    assert len(ask(stack, "base", "/rows")) == 2
    found = stack.delay.check(epoch=3)
    assert (found.epoch, found.asked_ms) == (3, 20)
    assert found.delayed_ms >= 20 > found.relayed_ms > 0 < found.direct_ms
    stack.stop()
    with pytest.raises(PartDiedError, match="the relay before the database"):
        stack.delay.relay.check_alive()
    with pytest.raises(PartDiedError, match="the relay before the database"):
        stack.check_alive()


def test_a_variant_knows_the_stand_ins_and_its_sql_is_run(
    backend_of: Callable[..., LocalBackend], tmp_path: Path
) -> None:
    backend = backend_of()
    both(backend)
    backend.start_postgres()
    backend.seed([{"rows": 1}])
    patch = Patch(env={"SINK": "${sink}/v1"}, sql=["INSERT INTO it VALUES ('${mcp}')"])
    stack = backend.start_stack(
        Cell(id="default", variants={}, patch=patch), {"rows": 1}, tmp_path, waiting=lambda: None
    )
    assert requests.get(f"{stack.stand_ins.sink.url}/health", timeout=5).ok
    for arm in ARMS:
        assert ask(stack, arm, "/environment")["SINK"] == f"{stack.stand_ins.sink.url}/v1"
        assert f"{stack.stand_ins.upstream.url}/mcp" in ask(stack, arm, "/rows")
    body = {"model": "m", "messages": [{"role": "user", "content": "Say ok."}]}
    assert requests.post(stack.control_url, json=body, timeout=5).json()["object"] == "chat.completion"
    assert stack.telemetry().requests == 0
    assert stack.usage("head").memory_bytes > 0
    stack.stop()

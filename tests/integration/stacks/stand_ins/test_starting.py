"""Starting the stand-ins as processes of this machine, and ending them."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from perf_matrix.errors import MeasurementError, PartDiedError
from perf_matrix.lease import LEASE_VARIABLE, Lease, processes_of
from perf_matrix.matrix.model import Sink, Upstream
from perf_matrix.stacks.ports import is_taken
from perf_matrix.stacks.stand_ins import (
    StandIn,
    StandInPrograms,
    prepare_stand_ins,
    start_sink,
    start_upstream,
)
from perf_matrix.stacks.telemetry import read_counts
from perf_matrix.tools import find_uv

from .conftest import Start

PATIENCE_S = 30
KINDS = pytest.mark.parametrize("wanted", [Upstream(), Sink()], ids=["upstream", "sink"])


def port_of(stand_in: StandIn) -> int:
    return int(stand_in.url.rpartition(":")[2])


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@KINDS
def test_it_listens_when_it_is_started_and_leaves_nothing_when_it_is_stopped(
    start: Start, lease: Lease, wanted: Upstream | Sink
) -> None:
    before = {process.pid for process in processes_of(lease.id)}
    stand_in = start(wanted)
    assert requests.get(f"{stand_in.url}/health", timeout=30).status_code == 200
    stand_in.check_alive()
    started = {process.pid for process in processes_of(lease.id)} - before
    assert started == {stand_in.process.popen.pid}
    stand_in.stop()
    assert {process.pid for process in processes_of(lease.id)} - before == set()
    assert not is_taken(port_of(stand_in))


@KINDS
def test_sigterm_ends_it_though_a_request_waits(start: Start, wanted: Upstream | Sink) -> None:
    slow = Upstream(latency_ms=60_000) if isinstance(wanted, Upstream) else Sink(delay_ms=60_000)
    stand_in = start(slow)
    path = "/v1/models" if isinstance(wanted, Upstream) else "/v1/traces"
    method = "GET" if isinstance(wanted, Upstream) else "POST"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(requests.request, method, stand_in.url + path, timeout=PATIENCE_S)
        connections = psutil.Process(stand_in.process.popen.pid).net_connections
        assert eventually(lambda: any(each.status == "ESTABLISHED" for each in connections()))
        stand_in.process.popen.terminate()
        assert stand_in.process.popen.wait(timeout=PATIENCE_S) == 0
        with pytest.raises(requests.ConnectionError):
            waiting.result()


def test_its_whole_environment_is_the_one_given(start: Start, lease: Lease) -> None:
    process = psutil.Process(start(Sink()).process.popen.pid)
    assert process.environ()[LEASE_VARIABLE] == lease.id
    assert set(process.environ()) - {"LC_CTYPE"} == {"PATH", LEASE_VARIABLE}


def test_it_listens_on_the_loopback_address_only(start: Start) -> None:
    stand_in = start(Sink())
    (listening,) = psutil.Process(stand_in.process.popen.pid).net_connections("tcp")
    assert listening.laddr[:2] == ("127.0.0.1", port_of(stand_in))


def test_the_same_log_serves_one_after_the_other(
    programs: StandInPrograms, environ: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "sink.log"
    urls = []
    for _ in range(2):
        stand_in = start_sink(programs, Sink(), environ=environ, log=log, cwd=tmp_path)
        urls.append(stand_in.url)
        assert read_counts(stand_in.url).requests == 0
        stand_in.stop()
    assert log.read_text() == "".join(f"listening on {url.rpartition(':')[2]}\n" for url in urls)


def test_what_lies_in_the_folder_that_it_starts_in_is_not_imported(
    programs: StandInPrograms, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "uvicorn.py").write_text("raise SystemExit('the wrong one')")
    stand_in = start_sink(programs, Sink(), environ=environ, log=tmp_path / "sink.log", cwd=tmp_path)
    stand_in.stop()


@KINDS
def test_one_that_died_is_told_with_its_last_lines(start: Start, wanted: Upstream | Sink) -> None:
    stand_in = start(wanted)
    stand_in.process.popen.kill()
    stand_in.process.popen.wait()
    with pytest.raises(PartDiedError, match=r"was killed by SIGKILL\. .*\n  \| listening on \d+"):
        stand_in.check_alive()


def test_one_that_does_not_start_is_told_with_its_last_lines(
    programs: StandInPrograms, environ: dict[str, str], lease: Lease, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no module of that name >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(
        PartDiedError, match=r"the upstream stand-in exited with status 3\. .*\n  \| no module of that name"
    ):
        start_upstream(
            StandInPrograms(broken), Upstream(), environ=environ, log=tmp_path / "it.log", cwd=tmp_path
        )


def test_one_that_never_listens_is_ended(
    environ: dict[str, str], lease: Lease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perf_matrix.stacks.stand_ins.START_LIMIT_S", 0.5)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho listening on nothing\nexec sleep 600\n")
    broken.chmod(0o755)
    before = {process.pid for process in processes_of(lease.id)}
    with pytest.raises(PartDiedError, match=r"the telemetry sink did not listen after 0\.5 s\."):
        start_sink(StandInPrograms(broken), Sink(), environ=environ, log=tmp_path / "it.log", cwd=tmp_path)
    assert {process.pid for process in processes_of(lease.id)} - before == set()


# --- the command ---------------------------------------------------------------------------------


def run(programs: StandInPrograms, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [str(programs.python), "-P", "-m", "perf_matrix_stand_ins", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_a_port_that_is_taken(programs: StandInPrograms, start: Start) -> None:
    port = port_of(start(Sink()))
    refused = run(programs, "sink", f"--port={port}")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "address already in use" in refused.stderr.lower()


@pytest.mark.parametrize("given", ["-1", "nan", "inf", "soon"])
def test_a_latency_that_is_none(programs: StandInPrograms, given: str) -> None:
    refused = run(programs, "upstream", f"--latency-ms={given}")
    assert refused.returncode == 2
    assert "argument --latency-ms" in refused.stderr


@pytest.mark.parametrize("command", ["upstream", "sink"])
def test_the_page_about_them_has_every_option(programs: StandInPrograms, command: str) -> None:
    page = (Path(__file__).parents[4] / "docs" / "STAND_INS.md").read_text()
    options = set(re.findall(r"--[a-z-]+", run(programs, command, "--help").stdout)) - {"--help"}
    assert len(options) >= 3
    assert {option for option in options if f"`{option}" not in page} == set()


# --- installing ----------------------------------------------------------------------------------


def test_they_are_installed_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(prepare_stand_ins, tmp_path, find_uv()) for _ in range(2)]
        one, other = (each.result() for each in made)
    assert one == other
    assert [path.suffix for path in (tmp_path / "stand-ins").iterdir() if path.is_file()] == [".lock"]
    assert run(one, "--help").returncode == 0


def test_what_cannot_be_installed_is_told_with_the_words_of_uv(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    real = find_uv()
    uv.write_text(f'#!/bin/sh\n[ "$1" = venv ] && exec {real} "$@"\necho "hashes differ" >&2\nexit 1\n')
    uv.chmod(0o755)
    with pytest.raises(
        MeasurementError, match=r"requirements\.lock pins cannot be installed:\nhashes differ"
    ):
        prepare_stand_ins(tmp_path, uv)
    assert not [path for path in (tmp_path / "stand-ins").iterdir() if path.is_dir()]

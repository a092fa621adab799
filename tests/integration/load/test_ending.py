"""How the agent ends: when it is told to, when k6 fails, and when whoever steers it is gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from perf_matrix.errors import MeasurementError
from perf_matrix.load.agent import Agent
from perf_matrix.load.results import BlockResult

from .service import Received, Service
from .workload import StartAgent, endpoint


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)


def start_block(pool: ThreadPoolExecutor, agent: Agent, name: str, pairs: int) -> Future[BlockResult]:
    return pool.submit(agent.block, name, [True] * pairs)


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_stop_leaves_no_process_no_file_and_does_no_harm_twice(start_agent: StartAgent) -> None:
    agent = start_agent(endpoint("/users"))
    pid = agent.pid
    folder = Path(agent._plan.summary_path).parent
    assert runs(pid)
    assert folder.stat().st_mode & 0o077 == 0, "it holds keys: only this user may enter"
    agent.stop()
    assert not runs(pid)
    assert not folder.exists()
    agent.stop()
    assert agent.summary is not None


def test_everything_private_is_where_the_caller_wants_it(start_agent: StartAgent, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    agent = start_agent(endpoint("/users"), scratch=scratch, environ={"MARK": "of this run"})
    assert Path(agent._plan.summary_path).parent.parent == scratch
    assert psutil.Process(agent.pid).environ() == {"MARK": "of this run"}
    agent.stop()
    assert list(scratch.iterdir()) == []


def test_an_exception_in_the_with_block_ends_k6(start_agent: StartAgent) -> None:
    agent = start_agent(endpoint("/users"))
    with pytest.raises(ZeroDivisionError), agent:
        raise ZeroDivisionError
    assert not runs(agent.pid)


def test_stop_in_the_middle_of_a_block_takes_two_seconds_at_most(
    start_agent: StartAgent, arms: dict[str, Service], log: list[Received]
) -> None:
    arms["base"].delay_s = 0.05
    agent = start_agent(endpoint("/users"))
    with ThreadPoolExecutor() as pool:
        block = start_block(pool, agent, "users", 10_000)
        wait_until(lambda: len(log) > 3)
        began = time.monotonic()
        agent.stop()
        assert time.monotonic() - began < 4
        with pytest.raises(MeasurementError, match="killed by SIGKILL"):
            block.result()
    assert not runs(agent.pid)
    assert agent.summary is None


def test_an_arm_that_goes_down_in_the_middle_of_a_block_is_counted(
    start_agent: StartAgent, arms: dict[str, Service], log: list[Received]
) -> None:
    arms["head"].delay_s = 0.002
    agent = start_agent(endpoint("/users"))
    with ThreadPoolExecutor() as pool:
        block = start_block(pool, agent, "users", 200)
        wait_until(lambda: len(log) > 40)
        arms["head"].stop()
        result = block.result()
    assert result.failed["base"] == 0
    assert result.failed["head"] > 0
    assert len(result.base_ms) == 200 - result.failed["head"] > 0
    assert "head: no answer: dial: connection refused" in result.failures


def test_a_k6_that_is_killed_is_told_with_its_last_words(
    start_agent: StartAgent, arms: dict[str, Service], log: list[Received]
) -> None:
    arms["base"].delay_s = 0.01
    agent = start_agent(endpoint("/users"))
    with ThreadPoolExecutor() as pool:
        block = start_block(pool, agent, "users", 10_000)
        wait_until(lambda: len(log) > 3)
        os.kill(agent.pid, signal.SIGKILL)
        with pytest.raises(MeasurementError, match=r"k6 ended while measuring: killed by SIGKILL.*k6\.log"):
            block.result()
    with pytest.raises(MeasurementError, match="killed by SIGKILL"):
        agent.probe("users", "base")


def test_a_k6_that_is_interrupted_is_told_with_its_exit_code(start_agent: StartAgent) -> None:
    agent = start_agent(endpoint("/users"))
    os.kill(agent.pid, signal.SIGTERM)
    with pytest.raises(MeasurementError, match="exit code 105, k6 was interrupted by a signal"):
        agent.probe("users", "base")


def test_a_result_that_takes_too_long_ends_k6(start_agent: StartAgent) -> None:
    agent = start_agent(endpoint("/sleepy"))
    with pytest.raises(MeasurementError, match=r"k6 said nothing for 0\.3 s and was stopped"):
        agent.block("sleepy", [True], timeout_s=0.3)
    assert not runs(agent.pid)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo 'bad option' >&2; exit 104", r"exit code 104, the options .* are invalid.*\n  bad option$"),
        ('echo \'perf-matrix> {"id": 0, "re\' >&2; sleep 60', "was asked for answer 0 and wrote"),
        ('echo \'perf-matrix> {"id": 7, "result": {}}\' >&2; sleep 60', "was asked for answer 0 and wrote"),
        ("exit 0", r"exit code 0, the script came to its end.*\n  \(nothing\)$"),
    ],
)
def test_a_k6_that_does_not_start_is_told(
    start_agent: StartAgent, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(MeasurementError, match=message):
        start_agent(endpoint("/users"), k6=program(tmp_path / "k6", text))


def test_a_program_that_cannot_be_started_is_told(start_agent: StartAgent, tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"k6 could not be started: .*No such file"):
        start_agent(endpoint("/users"), k6=tmp_path / "gone")


def test_an_exception_in_the_script_is_told_with_its_place(start_agent: StartAgent) -> None:
    agent = start_agent(endpoint("/users"))
    agent._commands.put({"verb": "unheard of", "endpoint": "users"})
    with pytest.raises(
        MeasurementError, match=r"exit code 0, the script came to its end(.|\n)*agent\.js:\d+"
    ):
        agent.probe("users", "base")


def test_what_k6_says_is_kept(start_agent: StartAgent, arms: dict[str, Service], tmp_path: Path) -> None:
    agent = start_agent(endpoint("/users"), log_path=tmp_path / "said.log")
    arms["head"].stop()
    agent.probe("users", "head")
    agent.stop()
    assert "Request Failed" in (tmp_path / "said.log").read_text()


def test_two_agents_do_not_get_in_each_others_way(start_agent: StartAgent) -> None:
    agents = [start_agent(endpoint("/users", {"json": {"total": 24}})) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        blocks = [start_block(pool, agent, "users", 50) for agent in agents]
        results = [block.result() for block in blocks]
    assert [len(result.base_ms) for result in results] == [50, 50]
    assert agents[0].pid != agents[1].pid


STEERED = """
import sys, time
from pathlib import Path
from perf_matrix.load.agent import Agent
from perf_matrix.matrix.model import Endpoint, Request
k6, url = Path(sys.argv[1]), sys.argv[2]
endpoint = Endpoint(name="users", request=Request(path="/users"))
agent = Agent.start(k6, {"base": url, "head": url}, [endpoint], Path("k6.log"), scratch=Path.cwd())
print(agent.pid, flush=True)
time.sleep(60)
"""


def test_k6_ends_when_whoever_steers_it_is_killed(k6: Path, arms: dict[str, Service], tmp_path: Path) -> None:
    argv = [sys.executable, "-c", STEERED, str(k6), arms["base"].url]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as steering:
        assert steering.stdout is not None
        pid = int(steering.stdout.readline())
        assert runs(pid)
        steering.kill()
    wait_until(lambda: not runs(pid))

"""A stack of containers as it should be, with a small service in the place of LiteLLM."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from perf_matrix.matrix.model import ARMS, Arm
from perf_matrix.stacks.compose.backend import ComposeBackend
from perf_matrix.stacks.compose.engine import Engine
from perf_matrix.stacks.compose.project import RUN_LABEL
from perf_matrix.stacks.compose.stack import ComposeStack
from tests.engine import Engine as SharedEngine
from tests.integration.stacks.compose.backends import CALLER, Lab, ask, start

pytestmark = pytest.mark.docker

SERVICES = {"postgres", "proxy-base", "proxy-head", "upstream", "sink"}
ENV = {
    "SINK": "${sink}/v1",
    "MCP": "${mcp}",
    "NOT_FILLED": "a$b$${HOME}",
    "NUM_WORKERS": "4",
}
READ_CONFIG = "print(open('/etc/perf-matrix/config.yaml').read(), end='')"
CONFIG = {"litellm_settings": {"callbacks": ["it's $HOME"]}, "url": "${upstream}/v1"}
INDEX = ("pypi.org", 443)
SQL = ["INSERT INTO it VALUES ('${mcp}')"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def stack(running: ComposeBackend, logs: Path) -> Iterator[ComposeStack]:
    """A stack that nothing is changed in."""
    stack = start(running, logs, env=ENV, config=CONFIG, sql=SQL)
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def containers(shared_lab: Lab, stack: ComposeStack) -> dict[str, dict[str, Any]]:
    """Service -> what the engine says of its container."""
    api = shared_lab.engine.client.api
    listed = api.containers(filters={"label": f"{RUN_LABEL}={shared_lab.lease.id}"})
    return {
        each["Labels"]["com.docker.compose.service"]: api.inspect_container(each["Id"]) for each in listed
    }


def test_both_arms_run_on_data_of_their_own(stack: ComposeStack) -> None:
    for arm, version in zip(ARMS, ("1.1.1", "2.0.0"), strict=True):
        assert ask(stack, arm, "/ready") == {"version": version}
        assert ask(stack, arm, "/rows") == [version, "http://upstream:8000/mcp", "row 1", "row 2"]
    assert stack.databases == {"base": "perf_base", "head": "perf_head"}
    assert all(0 < seconds < 60 for seconds in stack.ready_s.values())
    stack.check_alive()


def test_what_a_variant_changes_gets_there_and_nothing_of_the_callers(stack: ComposeStack) -> None:
    seen = ask(stack, "head", "/environment")
    assert {name: seen[name] for name in ENV} == {
        "SINK": "http://sink:4318/v1",
        "MCP": "http://upstream:8000/mcp",
        "NOT_FILLED": "a$b${HOME}",
        "NUM_WORKERS": "4",
    }
    assert seen["DATABASE_URL"].endswith("@postgres:5432/perf_head")
    assert [name for name, value in CALLER.items() if seen.get(name) == value] == []


def test_its_configuration_is_a_file_inside(shared_lab: Lab, containers: dict[str, dict[str, Any]]) -> None:
    said = inside(shared_lab.engine, containers["proxy-base"]["Id"], READ_CONFIG)
    assert said == ('{"litellm_settings": {"callbacks": ["it\'s $HOME"]}, "url": "http://upstream:8000/v1"}')


def inside(engine: Engine, container: str, code: str) -> str:
    """What Python code prints inside a container."""
    code_of_exit, said = engine.client.containers.get(container).exec_run(["python", "-c", code])
    assert isinstance(said, bytes)
    assert code_of_exit == 0, said.decode()
    return said.decode()


def test_a_service_reaches_its_stand_ins_by_their_names(
    shared_lab: Lab, stack: ComposeStack, containers: dict[str, dict[str, Any]]
) -> None:
    send = (
        "import os, urllib.request as u; "
        "u.urlopen(u.Request(os.environ['SINK'] + '/traces', b'', {'Content-Type': 'application/x-protobuf'}))"
    )
    before = stack.telemetry().requests
    inside(shared_lab.engine, containers["proxy-head"]["Id"], send)
    assert stack.telemetry().requests == before + 1


def test_the_upstream_answers_the_control_request(stack: ComposeStack) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Say ok."}]}
    assert requests.post(stack.control_url, json=body, timeout=5).json()["object"] == "chat.completion"


def connect(address: tuple[str, int]) -> str:
    return f"""
import socket
try:
    socket.create_connection({address}, timeout=3)
    print("reached")
except OSError:
    print("not reached")
"""


def test_nothing_gets_out(
    engine: SharedEngine, shared_lab: Lab, containers: dict[str, dict[str, Any]]
) -> None:
    address = socket.gethostbyname(INDEX[0]), INDEX[1]
    outside = ("docker", "run", "--rm", "--network=bridge", engine.base_image, "python3", "-c")
    if "reached" not in engine.run(*outside, connect(address)):
        pytest.skip("a container does not reach the package index from any network")
    api, proxy = shared_lab.engine, containers["proxy-base"]["Id"]
    assert inside(api, proxy, connect(address)) == "not reached\n"
    assert inside(api, proxy, connect(INDEX)) == "not reached\n"
    assert inside(api, proxy, connect(("upstream", 8000))) == "reached\n"


@pytest.mark.parametrize("arm", ARMS)
def test_usage_grows_with_work(stack: ComposeStack, arm: Arm) -> None:
    before = stack.usage(arm)
    for _ in range(30):
        ask(stack, arm, "/rows")
    after = stack.usage(arm)
    assert after.cpu_s > before.cpu_s > 0
    assert after.memory_bytes > 1 << 20


def test_what_the_parts_have_in_common(shared_lab: Lab, containers: dict[str, dict[str, Any]]) -> None:
    assert containers.keys() == SERVICES
    for seen in containers.values():
        host = seen["HostConfig"]
        assert host["Init"] is True
        assert host["Memory"] > 0
        assert "Health" not in seen["State"]
        assert seen["Config"]["Labels"]["perf-matrix.run"] == shared_lab.lease.id
        assert seen["Config"]["Labels"]["perf-matrix.registry"] == str(shared_lab.registry)
        published = [port for ports in seen["NetworkSettings"]["Ports"].values() for port in ports or []]
        assert {port["HostIp"] for port in published} == {"127.0.0.1"}

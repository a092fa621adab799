"""Starting and ending a private engine: once, beside others, and without a trace, even where it was killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.engine import PROGRAM, Engine, EngineMissingError, engine_session

from .private_engine import BRIDGE, STATE_VARIABLE, PrivateEngine, command

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start an engine"),
]
# Where no engine answers, so that one is started.
DEAD = "unix:///nowhere/docker.sock"


# Another engine's bridge and what two starts make of it. The namespace keeps it away from that of this machine.
BESIDE_ANOTHER = """
ip link set lo up
ip link add docker0 type bridge
for _ in 1 2; do "$0" start && "$0" stop; done
ip -brief link show type bridge
"""
# Uses an engine until it is killed.
USER = """
import os, sys
from tests.engine import engine_session
with engine_session(os.environ) as engine:
    print(engine.environ["DOCKER_HOST"], flush=True)
    sys.stdin.read()
"""
SERVE = ("python3", "-m", "http.server", "8000")
GONE_LIMIT_S = 60.0


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Mapping[str, str]:
    """What makes the program start an engine of these tests' own, which has one image."""
    images = {"POSTGRES_IMAGE": engine.base_image, "BASE_IMAGE": engine.base_image}
    folder = tmp_path_factory.mktemp("private") / "state"
    environ = {**engine.environ, **images, STATE_VARIABLE: str(folder), "DOCKER_HOST": DEAD}
    private = PrivateEngine({**environ, **command("start", environ)})
    image = folder.with_name("image.tar")
    engine.run("docker", "save", "--output", str(image), engine.base_image)
    private.run("docker", "load", "--input", str(image))
    command("stop", environ)
    return environ


@pytest.fixture
def private(state: Mapping[str, str]) -> Iterator[PrivateEngine]:
    yield PrivateEngine({**state, **command("start", state)})
    command("stop", state)


@pytest.fixture
def container(private: PrivateEngine) -> psutil.Process:
    """A container's process, with a network, a volume and a published port."""
    private.run("docker", "network", "create", f"--opt=com.docker.network.bridge.name={BRIDGE}", "apart")
    options = (
        "--detach",
        "--network=apart",
        "--publish=127.0.0.1::8000",
        "--volume=kept:/kept",
        "--restart=always",
    )
    name = private.run("docker", "run", *options, private.base_image, *SERVE).strip()
    return psutil.Process(int(private.run("docker", "inspect", "--format={{.State.Pid}}", name)))


def test_a_second_start_finds_the_first(private: PrivateEngine, state: Mapping[str, str]) -> None:
    (dockerd,) = private.processes("dockerd")

    again = command("start", state)

    assert again["DOCKER_HOST"] == private.environ["DOCKER_HOST"]
    assert private.processes("dockerd") == [dockerd]


def test_stop_leaves_no_trace(
    private: PrivateEngine, container: psutil.Process, state: Mapping[str, str]
) -> None:
    running = private.traces()

    command("stop", state)

    # Its mounts are in a namespace of its own from the start.
    assert {kind for kind, found in running.items() if not found} == {"mounts"}
    assert not any(private.traces().values())
    assert not container.is_running()


def test_the_bridge_of_another_engine_stays(state: Mapping[str, str]) -> None:
    environ = {**state, "PATH": os.pathsep.join((state["PATH"], "/usr/sbin", "/sbin"))}

    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", BESIDE_ANOTHER, PROGRAM],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )

    assert [line.split()[0] for line in done.stdout.splitlines() if not line.startswith("export ")] == [
        "docker0"
    ]


def test_images_outlast_a_stop(
    private: PrivateEngine, container: psutil.Process, state: Mapping[str, str]
) -> None:
    command("stop", state)
    command("start", state)

    assert private.run("docker", "images", "--format={{.Repository}}:{{.Tag}}").split() == [
        private.base_image
    ]
    assert not private.run("docker", "ps", "--all", "--quiet")
    assert not private.run("docker", "volume", "ls", "--quiet")


def test_a_start_clears_what_a_killed_engine_left(
    private: PrivateEngine, container: psutil.Process, state: Mapping[str, str]
) -> None:
    killed = private.processes("dockerd", "containerd")
    for process in killed:
        process.kill()
    psutil.wait_procs(killed)
    assert container.is_running()

    command("start", state)

    assert not container.is_running()
    assert len(private.processes("dockerd")) == 1
    assert not private.run("docker", "ps", "--all", "--quiet")
    command("stop", state)
    assert not any(private.traces().values())


def test_a_stop_clears_what_a_killed_engine_left(
    private: PrivateEngine, container: psutil.Process, state: Mapping[str, str]
) -> None:
    for process in private.processes("dockerd", "containerd"):
        process.kill()

    command("stop", state)

    assert not container.is_running()
    assert not any(private.traces().values())


def test_the_last_session_ends_the_engine(state: Mapping[str, str]) -> None:
    with ExitStack() as first, ExitStack() as second:
        one, other = (
            PrivateEngine(held.enter_context(engine_session(state)).environ) for held in (first, second)
        )
        assert one.environ == other.environ

        first.close()
        assert len(other.processes("dockerd")) == 1
        second.close()

    assert not any(other.traces().values())


def test_a_session_leaves_running_what_was_started_by_hand(
    private: PrivateEngine, state: Mapping[str, str]
) -> None:
    with engine_session(state) as found:
        assert found.environ["DOCKER_HOST"] == private.environ["DOCKER_HOST"]

    assert len(private.processes("dockerd")) == 1


def test_the_engine_ends_when_its_user_is_killed(state: Mapping[str, str]) -> None:
    user = subprocess.Popen(
        [sys.executable, "-c", USER],
        cwd=PROGRAM.parents[2],
        env=dict(state),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with user:
        assert user.stdout is not None
        private = PrivateEngine({**state, "DOCKER_HOST": user.stdout.readline().strip()})
        assert len(private.processes("dockerd")) == 1
        user.kill()

    deadline = time.monotonic() + GONE_LIMIT_S
    while any(private.traces().values()):
        assert time.monotonic() < deadline, private.traces()
        time.sleep(0.1)


def test_a_dockerd_that_does_not_start_is_quoted(state: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")

    said = "none can be started: dockerd exited with status 1"
    with (
        pytest.raises(EngineMissingError, match=said),
        engine_session({**state, STATE_VARIABLE: str(tmp_path)}),
    ):
        pass


def test_a_machine_without_docker_and_apt_is_told_so(state: Mapping[str, str], tmp_path: Path) -> None:
    for program in ("bash", "dirname"):
        (tmp_path / program).symlink_to(shutil.which(program) or "")
    bare = {**state, STATE_VARIABLE: str(tmp_path), "PATH": str(tmp_path)}
    with pytest.raises(EngineMissingError, match="there is no docker command"), engine_session(bare):
        pass

"""A Docker engine of our own: it is beside any other, and it can be ended without a trace.

dockerd runs in a mount namespace of its own, so its mounts are nobody else's and go with it. Its containerd sees an
empty /run/containerd, so it never talks to one that the system runs. Its processes carry the engine's name in their
environment, as those of a run carry their lease; its containers are in a control group of that name.
"""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable

import psutil
import requests
from docker import DockerClient
from docker.errors import DockerException

from perf_matrix.errors import PartDiedError
from perf_matrix.lease import LEASE_VARIABLE, end_processes, processes_of
from perf_matrix.processes import Process, log_tail, spawn

from . import host
from .control_groups import end_containers, make_room
from .errors import NoEngineError
from .network import Pool, free_pool, make_network, remove_network, taken_networks
from .place import EnginePlace

_PACKAGES = {"dockerd": "docker.io", "iptables": "iptables", "ip": "iproute2"}
_ENTER = (
    *("unshare", "--mount", "--propagation", "slave", "--", "sh", "-c"),
    'mkdir -p /run/containerd && mount -t tmpfs containerd /run/containerd && exec "$@"',
    "sh",
)
_READY_LIMIT_S = 60.0
_ANSWER_LIMIT_S = 20
_STOP_LIMIT_S = 15.0
_POLL_S = 0.05


def start(place: EnginePlace) -> None:
    """Start the engine unless it answers already; what a killed run left of it is cleared away first.

    Installs it with apt where it is missing. Raises NoEngineError, with dockerd's last lines, where it does not run.
    """
    if answers(place):
        return
    host.check_can_install()
    host.install(_PACKAGES)
    # From Debian 13 on, docker.io leaves the client to a package of its own.
    host.install({"docker": "docker-cli"})
    stop(place)
    place.run.mkdir(mode=0o711)
    try:
        _start(place)
    except BaseException:
        stop(place)
        raise


def answers(place: EnginePlace) -> bool:
    """Whether the engine runs."""
    try:
        with_client(place, DockerClient.ping)
    except (DockerException, requests.RequestException):
        return False
    return True


def stop(place: EnginePlace) -> None:
    """End the engine: its containers, processes, control groups, bridge and rules. Images and build cache stay."""
    # The folder is made first and removed last, so where it is missing there is nothing.
    if not place.run.is_dir():
        return
    if answers(place):
        with_client(place, _clear)
    _end_dockerd(place)
    # Before what supervises them, which sees to it that no dead process stays in the table.
    end_containers(place)
    end_processes(place.id)
    remove_network(place)
    shutil.rmtree(place.run)


def with_client(place: EnginePlace, use: Callable[[DockerClient], object]) -> None:
    """Call ``use`` with a client of the engine."""
    client = DockerClient(base_url=place.docker_host, timeout=_ANSWER_LIMIT_S)
    try:
        use(client)
    finally:
        client.close()


def _start(place: EnginePlace) -> None:
    make_room()
    pool = free_pool(taken_networks())
    make_network(place, pool)
    config = place.run / "daemon.json"
    config.write_text(json.dumps(_config(place, pool), indent=1))
    place.log.unlink(missing_ok=True)
    # A dockerd that remembers a default network and has pools of addresses deletes docker0, whosever that is.
    shutil.rmtree(place.state / "data" / "network", ignore_errors=True)
    dockerd = spawn(
        "dockerd",
        [*_ENTER, "dockerd", "--config-file", str(config)],
        env={**host.system_environ(), LEASE_VARIABLE: place.id},
        log=place.log,
        cwd=place.state,
    )
    _wait_until_ready(place, dockerd)
    # A killed run's containers are still listed.
    with_client(place, _clear)


def _config(place: EnginePlace, pool: Pool) -> dict[str, object]:
    return {
        "hosts": [place.docker_host],
        "data-root": str(place.state / "data"),
        "exec-root": str(place.run / "exec"),
        "pidfile": str(place.run / "dockerd.pid"),
        "bridge": place.bridge,
        "default-address-pools": [{"base": str(pool.network), "size": 24}],
        "iptables": False,
        "ip6tables": False,
        # cgroupfs is the one driver that takes a path on every system, with and without systemd, v1 and v2.
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{place.id}",
        "builder": {"gc": {"enabled": True, "defaultKeepStorage": "20GB"}},
        "shutdown-timeout": 5,
        "log-level": "warn",
    }


def _wait_until_ready(place: EnginePlace, dockerd: Process) -> None:
    deadline = time.monotonic() + _READY_LIMIT_S
    while not answers(place):
        try:
            dockerd.check_alive()
        except PartDiedError as error:
            raise NoEngineError(str(error)) from error
        if time.monotonic() > deadline:
            lines = "\n".join(log_tail(place.log))
            raise NoEngineError(
                f"dockerd did not answer within {_READY_LIMIT_S:.0f} s. Its last lines:\n{lines}"
            )
        time.sleep(_POLL_S)


def _clear(client: DockerClient) -> None:
    for container in client.containers.list(all=True):
        container.remove(force=True, v=True)
    client.networks.prune()
    for volume in client.volumes.list():
        volume.remove(force=True)


def _end_dockerd(place: EnginePlace) -> None:
    """Asked alone, dockerd ends its containerd and what it starts by itself."""
    asked = [process for process in processes_of(place.id) if process.name() == "dockerd"]
    for process in asked:
        process.send_signal(signal.SIGTERM)
    psutil.wait_procs(asked, timeout=_STOP_LIMIT_S)

"""The containers of a project: which run, on which ports, what they wrote, what they used."""

from __future__ import annotations

import signal
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from docker.errors import NotFound

from perf_matrix.errors import MeasurementError, PartDiedError
from perf_matrix.processes import LOG_TAIL_LINES, describe_exit, last_lines
from perf_matrix.record.model import Usage
from perf_matrix.stacks.compose.engine import Engine, answering

_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
# What Docker's own first process makes of a signal that ended the service's: 128 and its number.
_SIGKILLED = 137
# Lines without words are left out of a tail.
_TAIL_LINES = 5 * LOG_TAIL_LINES


@dataclass(frozen=True)
class Containers:
    """Asks the engine about the containers of one project, by service."""

    engine: Engine
    project: str

    def port(self, service: str, inside: int, label: str) -> int:
        """The loopback port that leads to a service's port; ``label``: what messages call the service.

        Raises PartDiedError where the service has ended, MeasurementError where the port is not published.
        """
        found = self._listed().get(service, {})
        for port in found.get("Ports", []):
            if port.get("PrivatePort") == inside and port.get("PublicPort"):
                return int(port["PublicPort"])
        self.check_alive({service: label})
        raise MeasurementError(f"the engine published no port for {inside} of the service {service}")

    def check_alive(self, labels: dict[str, str]) -> None:
        """Raise PartDiedError, with its last log lines, where a service does not run any more.

        ``labels``: what messages call each service that has to run.
        """
        listed = self._listed()
        for service, label in labels.items():
            if listed.get(service, {}).get("State") != "running":
                raise PartDiedError(f"{label} {self._end_of(listed.get(service))}.", self.log_tail(service))

    def log_tail(self, service: str) -> list[str]:
        """The last lines that a service wrote; none where its container is gone."""
        return last_lines(self.log(service, tail=_TAIL_LINES))

    def log(self, service: str, *, tail: int | Literal["all"] = "all", since: float | None = None) -> str:
        """What a service wrote since a moment, in seconds since 1970; empty where its container is gone."""
        found = self._listed().get(service)
        if found is None:
            return ""
        with suppress(NotFound), answering():
            return str(
                self.engine.client.api.logs(found["Id"], tail=tail, since=since).decode(errors="replace")
            )
        return ""

    def usage(self, service: str) -> Usage:
        """What a service has used since it started. Raises MeasurementError where it is gone."""
        found = self._listed().get(service)
        if found is not None:
            with suppress(NotFound), answering():
                return usage_of(self.engine.client.api.stats(found["Id"], stream=False, one_shot=True))
        raise MeasurementError(f"the container of {service} is gone")

    def remove(self, services: Collection[str]) -> None:
        """Kill and remove the containers of these services, at once."""
        for service, found in self._listed().items():
            if service in services:
                with suppress(NotFound), answering():
                    self.engine.client.api.remove_container(found["Id"], v=True, force=True)

    def _listed(self) -> dict[str, dict[str, Any]]:
        with answering():
            found = self.engine.client.api.containers(
                all=True, filters={"label": f"{_PROJECT}={self.project}"}
            )
        return {each["Labels"].get(_SERVICE, ""): each for each in found}

    def _end_of(self, found: dict[str, Any] | None) -> str:
        if found is not None:
            with suppress(NotFound), answering():
                return end_of(self.engine.client.api.inspect_container(found["Id"])["State"])
        return "is gone: its container was removed"


def end_of(state: dict[str, Any]) -> str:
    """Of what the engine says of a container that does not run: 'exited with status 3', 'was killed by SIGKILL'."""
    if state["Status"] not in ("exited", "dead"):
        return f"does not run: its container is {state['Status']}"
    if state["OOMKilled"]:
        return "was killed, since it used more memory than it may"
    code = int(state["ExitCode"])
    return describe_exit(-signal.SIGKILL if code == _SIGKILLED else code)


def usage_of(stats: dict[str, Any]) -> Usage:
    """Of one sample of the engine: processor time in ns; memory with the file caches, which are taken off."""
    memory = stats.get("memory_stats", {})
    details = memory.get("stats", {})
    # The names under version 1 and version 2 of control groups.
    caches = details.get("total_inactive_file", details.get("inactive_file", 0))
    return Usage(
        cpu_s=stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
        memory_bytes=max(0, memory.get("usage", 0) - caches),
    )

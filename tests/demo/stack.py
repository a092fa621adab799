"""Both versions of the demonstration service as processes, each with a database of its own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from perf_matrix.errors import PartDiedError
from perf_matrix.experiment.delay import Delay
from perf_matrix.lease import LEASE_VARIABLE, Lease
from perf_matrix.matrix.model import ARMS, Arm, Cell
from perf_matrix.processes import end
from perf_matrix.record.model import DataScale, Usage
from perf_matrix.stacks.ports import free_port
from perf_matrix.stacks.postgres import PostgresServer
from perf_matrix.stacks.proxy import Proxy, start_proxy
from perf_matrix.stacks.telemetry import TelemetryCounts
from perf_matrix.stacks.usage import usage_of
from perf_matrix.targets.base import Launch, Scale

_SERVICE = Path(__file__).with_name("service.py")
_SCHEMA = Path(__file__).with_name("schema.sql")
_READY_LIMIT_S = 30.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Starter:
    """Starts stacks whose arms have these faults; ``make_template`` has made the databases to copy."""

    postgres: PostgresServer
    lease: Lease
    faults: Mapping[Arm, Collection[str]]

    def __call__(self, cell: Cell, scale: DataScale, logs: Path, waiting: Callable[[], None]) -> DemoStack:
        """Start both arms on fresh databases and return when both are ready; PartDiedError where one ends."""
        databases = {arm: f"demo_{arm}" for arm in ARMS}
        for database in databases.values():
            self.postgres.clone(template(scale), database)
        services: dict[Arm, Proxy] = {}
        try:
            for arm in ARMS:
                url, log = self.postgres.url(databases[arm]), logs / f"{arm}.log"
                services[arm] = start_service(url, self.faults[arm], self.lease, log)
            ready_s = {arm: wait_until_ready(services[arm], waiting) for arm in ARMS}
        except BaseException:
            end([service.process for service in services.values()])
            raise
        return DemoStack(services, databases, ready_s)


@dataclass(frozen=True)
class DemoStack:
    """Both arms, running."""

    services: Mapping[Arm, Proxy]
    databases: dict[Arm, str]
    ready_s: Mapping[Arm, float]
    delay: Delay | None = None
    control_url: str | None = None

    @property
    def urls(self) -> dict[Arm, str]:
        """Each arm's origin."""
        return {arm: service.url for arm, service in self.services.items()}

    def usage(self, arm: Arm) -> Usage:
        """What an arm has used since it started."""
        return usage_of(self.services[arm].process)

    def telemetry(self) -> TelemetryCounts:
        """Nobody sends any."""
        return TelemetryCounts(requests=0, rejected=0, spans=0, points=0, records=0, events=0, services={})

    def check_alive(self) -> None:
        """Raise PartDiedError where an arm has ended."""
        for service in self.services.values():
            service.check_alive()

    def stop(self) -> None:
        """End both."""
        end([service.process for service in self.services.values()])


def template(scale: DataScale) -> str:
    """The database that those of the arms are copies of."""
    return f"demo_template_{scale}"


def make_template(postgres: PostgresServer, name: DataScale, scale: Scale) -> None:
    """(Re)make the template of this name, at a scale."""
    database = template(name)
    numbers = "".join(f"SET demo.{rows} = '{number}';\n" for rows, number in scale.items())
    postgres.drop(database)
    postgres.create(database)
    postgres.run_scripts(database, [("schema.sql", numbers + _SCHEMA.read_text())])
    postgres.run_scripts(database, [("statistics", "VACUUM ANALYZE")])


def start_service(database_url: str, faults: Collection[str], lease: Lease, log: Path) -> Proxy:
    """Start one service; returns at once."""
    port = free_port()
    launch = Launch(
        argv=(sys.executable, str(_SERVICE)),
        env={"DATABASE_URL": database_url, "PORT": str(port), "FAULTS": ",".join(faults)},
        config="",
    )
    environ = {"PATH": os.environ["PATH"], LEASE_VARIABLE: lease.id}
    label = f"the service with {', '.join(faults) or 'no faults'}"
    return start_proxy(label, launch, port, environ=environ, log=log, cwd=lease.private)


def wait_until_ready(service: Proxy, waiting: Callable[[], None]) -> float:
    """The seconds that it took since its start; PartDiedError where it ends or takes too long."""
    while not _answers(service):
        service.check_alive()
        waiting()
        if time.monotonic() > service.started_at + _READY_LIMIT_S:
            raise PartDiedError(f"{service.label} does not become ready.", service.process.log_tail())
        time.sleep(_POLL_S)
    return time.monotonic() - service.started_at


def _answers(service: Proxy) -> bool:
    try:
        return requests.get(f"{service.url}/ready", timeout=_READY_LIMIT_S).ok
    except requests.ConnectionError:
        return False

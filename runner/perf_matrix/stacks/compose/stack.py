"""A running stack of containers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.matrix.model import Arm
from perf_matrix.record.model import Usage
from perf_matrix.stacks.compose.containers import Containers
from perf_matrix.stacks.compose.overlay import DELAY_SERVICE
from perf_matrix.stacks.database_delay import DatabaseDelay
from perf_matrix.stacks.ports import LOOPBACK
from perf_matrix.stacks.relay import set_delay
from perf_matrix.stacks.telemetry import TelemetryCounts, read_counts
from perf_matrix.stacks.templates import database_of

RELAY_LABEL = "the relay before the database"


@dataclass(frozen=True)
class ProxyContainer:
    """A started proxy of one arm, whether it is ready yet or not; ``port`` is on the loopback address."""

    containers: Containers
    service: str
    label: str
    port: int
    started_at: float

    @property
    def url(self) -> str:
        """Its origin, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def check_port(self) -> None:
        """The engine published the port for this container: nothing else can listen there."""

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""
        self.containers.check_alive({self.service: self.label})

    def log_tail(self) -> list[str]:
        """The last lines that it wrote."""
        return self.containers.log_tail(self.service)


@dataclass(frozen=True)
class ComposeRelay:
    """The relay before the database; it reads its delay from ``folder``, which its container shares."""

    containers: Containers
    folder: Path

    def set_delay(self, seconds: float) -> None:
        """Hold back by ``seconds`` what the server answers from now on."""
        set_delay(self.folder, seconds)

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""
        self.containers.check_alive({DELAY_SERVICE: RELAY_LABEL})


@dataclass(frozen=True)
class ComposeStack:
    """A running stack of one epoch. ``labels``: what messages call each service that has to run."""

    containers: Containers
    labels: dict[str, str]
    proxies: Mapping[Arm, ProxyContainer]
    control_url: str
    sink: str
    ready_s: Mapping[Arm, float]
    delay: DatabaseDelay | None
    resources: ExitStack

    @property
    def urls(self) -> dict[Arm, str]:
        """Each arm's origin."""
        return {arm: proxy.url for arm, proxy in self.proxies.items()}

    @property
    def databases(self) -> dict[Arm, str]:
        """Each arm's database."""
        return {arm: database_of(arm) for arm in self.proxies}

    def usage(self, arm: Arm) -> Usage:
        """What an arm has used since it started: its container as a whole. PartDiedError where it has ended."""
        self.proxies[arm].check_alive()
        return self.containers.usage(f"proxy-{arm}")

    def telemetry(self) -> TelemetryCounts:
        """What the sink has got since it started."""
        return read_counts(self.sink)

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where a part has ended."""
        self.containers.check_alive(self.labels)

    def stop(self) -> None:
        """Keep the logs, and remove all but Postgres. The databases stay until they are cloned anew."""
        self.resources.close()

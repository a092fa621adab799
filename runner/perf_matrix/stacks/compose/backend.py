"""The compose backend: stands up stacks as containers, under one lease and one compose project."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

from perf_matrix.errors import MeasurementError
from perf_matrix.lease import LEASE_VARIABLE, Lease
from perf_matrix.matrix.model import Arm, Cell, Patch
from perf_matrix.matrix.stand_ins import fill_patch
from perf_matrix.record.lines import cannot_write
from perf_matrix.record.model import SubjectInfo
from perf_matrix.shipped import shipped
from perf_matrix.stacks.compose.building import Builder
from perf_matrix.stacks.compose.containers import Containers
from perf_matrix.stacks.compose.databases import Databases
from perf_matrix.stacks.compose.engine import Engine
from perf_matrix.stacks.compose.leftovers import mark, remove_all
from perf_matrix.stacks.compose.overlay import (
    CONFIG,
    DELAY_PORT,
    DELAY_SERVICE,
    PROXY_PORT,
    SINK_PORT,
    UPSTREAM_PORT,
    URLS,
    ProxyService,
    RelayService,
    overlay,
)
from perf_matrix.stacks.compose.postgres import (
    DEFAULT_IMAGE,
    IMAGE_VARIABLE,
    LABEL,
    SERVICE,
    ComposePostgres,
)
from perf_matrix.stacks.compose.project import REGISTRY_LABEL, RUN_LABEL, Project, overlays
from perf_matrix.stacks.compose.proxies import ImageSubject, ProxyImages
from perf_matrix.stacks.compose.services import proxy_service, relay_service
from perf_matrix.stacks.compose.stack import RELAY_LABEL, ComposeRelay, ComposeStack, ProxyContainer
from perf_matrix.stacks.compose.stand_ins import stand_ins_image, wait_for_stand_in
from perf_matrix.stacks.cpus import CpuSets, confined_to, written
from perf_matrix.stacks.database_delay import DatabaseDelay
from perf_matrix.stacks.ports import LOOPBACK
from perf_matrix.stacks.proxy import proxy_label
from perf_matrix.stacks.readiness import READY_LIMIT_S, wait_until_ready
from perf_matrix.stacks.stand_ins import CONTROL_PATH
from perf_matrix.stacks.templates import database_of
from perf_matrix.subjects.spec import Subject
from perf_matrix.targets.base import LaunchRequest, Scale, Target

_STAND_INS = {"upstream": "the upstream stand-in", "sink": "the telemetry sink"}


class ComposeBackend:
    """Starts stacks under one lease. One Postgres server, with its volume, serves the whole run.

    ``cpus``: the processors of each part, where the machine has enough to keep the parts apart.
    """

    name: Literal["compose"] = "compose"

    def __init__(
        self,
        target: Target,
        engine: Engine,
        *,
        cache: Path,
        lease: Lease,
        registry: Path,
        environ: Mapping[str, str],
        cpus: CpuSets | None = None,
        ready_limit_s: float = READY_LIMIT_S,
    ) -> None:
        # What a killed run leaves of docker's own programs is found by the lease, too.
        engine = replace(engine, environ={**engine.environ, LEASE_VARIABLE: lease.id})
        self._target = target
        self._engine = engine
        self._postgres_image = environ.get(IMAGE_VARIABLE) or DEFAULT_IMAGE
        self._overlays = overlays(environ)
        self._cpus = cpus
        self._ready_limit_s = ready_limit_s
        self._label = {RUN_LABEL: lease.id, REGISTRY_LABEL: str(registry)}
        self._registry = registry
        self._folder = lease.private / "compose"
        self._project_name = f"perf-matrix-{lease.id}"
        self._containers = Containers(engine, self._project_name)
        self._password = secrets.token_urlsafe(16)
        self._builder = Builder(engine, cache, self._folder, environ)
        self._subjects: dict[Arm, ImageSubject] = {}
        self._stand_ins = ""
        self._databases: Databases | None = None
        self._held = ExitStack()
        self._folder.mkdir(mode=0o711)

    @property
    def versions(self) -> Mapping[str, str]:
        """Of the programs that it runs, by name."""
        server = {"postgres": self.postgres.version()} if self._databases is not None else {}
        return {**self._engine.versions, **server}

    @property
    def postgres(self) -> ComposePostgres:
        """The running server. Raises MeasurementError before ``start_postgres``."""
        return self._started.server

    def prepare(self, subjects: Mapping[Arm, Subject], say: Callable[[str], None]) -> dict[Arm, SubjectInfo]:
        """Build or pull every image that is missing; ``say`` is told what is being done.

        Raises InputError where one cannot be had.
        """
        mark(self._registry)
        self._builder.fetch(self._postgres_image, f"{self._postgres_image} ({IMAGE_VARIABLE})", say)
        self._stand_ins = stand_ins_image(self._builder, say)
        self._subjects = ProxyImages(self._builder, self._target, self._label).prepare(subjects, say)
        return {arm: subject.info for arm, subject in self._subjects.items()}

    def code(self, arm: Arm) -> None:
        """None: what is installed is inside an image."""

    def start_postgres(self) -> None:
        """Start the run's server on an empty volume. Raises PartDiedError where it does not start.

        From now on this process, whose child the load generator is, stays off the processors of the stack.
        """
        if self._cpus is not None:
            self._held.enter_context(confined_to(self._cpus.load))
        self._databases = Databases(self._project(), self._containers, self._password, self._target)

    def seed(self, scales: Iterable[Scale]) -> None:
        """Migrate and seed a template database for each subject and scale that has none yet."""
        self._started.seed([subject.schema for subject in self._subjects.values()], scales)

    def revive(self) -> None:
        """Start another server, on a new volume, where the one before has ended or has failed."""
        self._started.revive()

    def conninfo(self) -> str:
        """How this process connects to the server."""
        return self.postgres.conninfo()

    def start_stack(
        self, cell: Cell, scale: Scale, logs: Path, *, waiting: Callable[[], None]
    ) -> ComposeStack:
        """Clone each arm's database, start everything and wait until all proxies are ready.

        ``logs``: the folder that the logs of all parts are written to. ``waiting`` is called several times a
        second meanwhile. Raises PartDiedError with the last log lines of what did not become ready.
        """
        try:
            logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(logs, error) from error
        patch = fill_patch(cell.patch, URLS)
        for arm, subject in self._subjects.items():
            self._started.clone(subject.schema, scale, arm, patch)
        relay = relay_service(patch, self._folder)
        file = self._folder / "stack.json"
        file.write_text(overlay(self._proxy_services(patch, relay), patch, relay))
        labels = self._part_labels(relay)
        with ExitStack() as started:
            started.callback(self._remove, set(labels), logs, time.time())
            begin = time.monotonic()
            self._project(file).run(
                "up", "--detach", "--no-deps", "--no-build", "--pull=never", *labels, doing="starting a stack"
            )
            everything = {SERVICE: LABEL, **labels}

            def watch() -> None:
                self._containers.check_alive(everything)
                waiting()

            proxies = {arm: self._proxy(arm, begin) for arm in self._subjects}
            ready_s = {arm: self._ready(arm, proxies[arm], watch) for arm in proxies}
            return ComposeStack(
                containers=self._containers,
                labels=everything,
                proxies=proxies,
                control_url=self._stand_in("upstream", UPSTREAM_PORT) + CONTROL_PATH,
                sink=self._stand_in("sink", SINK_PORT),
                ready_s=ready_s,
                delay=self._delay(patch, relay),
                resources=started.pop_all(),
            )

    def stop(self) -> None:
        """Remove the project: its containers, its network, its volume."""
        with self._held:
            remove_all(self._engine, self._label)

    @property
    def _started(self) -> Databases:
        if self._databases is None:
            raise MeasurementError("Postgres has not been started")
        return self._databases

    def _stand_in(self, service: str, inside: int) -> str:
        """The origin of a stand-in, once it answers."""
        label = _STAND_INS[service]
        origin = f"http://{LOOPBACK}:{self._containers.port(service, inside, label)}"
        wait_for_stand_in(self._containers, service, label, origin)
        return origin

    def _project(self, *more: Path) -> Project:
        variables = {
            "PERF_MATRIX_RUN": self._label[RUN_LABEL],
            "PERF_MATRIX_REGISTRY": self._label[REGISTRY_LABEL],
            "POSTGRES_PASSWORD": self._password,
            "STAND_INS_IMAGE": self._stand_ins,
            **_cpu_variables(self._cpus),
        }
        files = [shipped("compose/docker-compose.yml"), *more, *self._overlays]
        return Project(self._project_name, self._engine, files, variables, self._folder / "compose.log")

    def _proxy_services(self, patch: Patch, relay: RelayService | None) -> dict[Arm, ProxyService]:
        return {arm: self._proxy_service(arm, patch, relay) for arm in self._subjects}

    def _proxy_service(self, arm: Arm, patch: Patch, relay: RelayService | None) -> ProxyService:
        subject = self._subjects[arm]
        request = LaunchRequest(
            version=subject.info.version,
            config=CONFIG,
            database_url=self.postgres.url(database_of(arm), DELAY_SERVICE if relay else SERVICE),
            host="0.0.0.0",  # noqa: S104 - inside its container; published on the loopback address only
            port=PROXY_PORT,
            patch=patch,
        )
        return proxy_service(arm, subject.image, self._target.launch(request), self._folder)

    def _part_labels(self, relay: RelayService | None) -> dict[str, str]:
        """Every service of a stack, and what messages call it; the relay first, since proxies connect to it."""
        delay = {DELAY_SERVICE: RELAY_LABEL} if relay else {}
        proxies = {
            f"proxy-{arm}": proxy_label(arm, subject.info.spec) for arm, subject in self._subjects.items()
        }
        return {**delay, **_STAND_INS, **proxies}

    def _proxy(self, arm: Arm, started_at: float) -> ProxyContainer:
        service = f"proxy-{arm}"
        label = proxy_label(arm, self._subjects[arm].info.spec)
        port = self._containers.port(service, PROXY_PORT, label)
        return ProxyContainer(self._containers, service, label, port, started_at)

    def _ready(self, arm: Arm, proxy: ProxyContainer, watch: Callable[[], None]) -> float:
        version = self._subjects[arm].info.version
        return wait_until_ready(proxy, self._target, version, waiting=watch, limit_s=self._ready_limit_s)

    def _delay(self, patch: Patch, relay: RelayService | None) -> DatabaseDelay | None:
        asked_ms = patch.database.round_trip_ms
        if relay is None or asked_ms is None:
            return None
        running = ComposeRelay(self._containers, relay.folder)
        port = self._containers.port(DELAY_SERVICE, DELAY_PORT, RELAY_LABEL)
        relayed = self.postgres.published_url(port)
        return DatabaseDelay(
            running, asked_ms, direct=self.postgres.published_url(self.postgres.port), relayed=relayed
        )

    def _remove(self, services: set[str], logs: Path, since: float) -> None:
        """Keep what the services wrote, and Postgres since then, and remove them.

        Raises MeasurementError where a log cannot be kept.
        """
        said = {service: self._containers.log(service) for service in services}
        said[SERVICE] = self._containers.log(SERVICE, since=since)
        self._containers.remove(services)
        for service, text in said.items():
            file = logs / f"{service.removeprefix('proxy-')}.log"
            try:
                file.write_text(text)
            except OSError as error:
                raise cannot_write(file, error) from error


def _cpu_variables(cpus: CpuSets | None) -> dict[str, str]:
    if cpus is None:
        return {}
    return {
        "LOAD_CPUS": written(cpus.load),
        "POSTGRES_CPUS": written(cpus.database),
        "PROXY_CPUS": written(cpus.proxies),
    }

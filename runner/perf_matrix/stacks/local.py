"""The local backend: the whole stack as plain processes of this machine, no Docker."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.lease import LEASE_VARIABLE, Lease
from perf_matrix.matrix.model import Arm, Cell, Patch
from perf_matrix.matrix.stand_ins import StandInUrls, fill_patch
from perf_matrix.processes import end
from perf_matrix.record.model import SubjectInfo, Usage
from perf_matrix.stacks.database_delay import DatabaseDelay
from perf_matrix.stacks.ports import LOOPBACK, free_port
from perf_matrix.stacks.postgres import PostgresServer, start_postgres
from perf_matrix.stacks.postgres_programs import PostgresPrograms
from perf_matrix.stacks.prisma import Prisma
from perf_matrix.stacks.proxy import PortLostError, Proxy, proxy_label, start_proxy
from perf_matrix.stacks.readiness import READY_LIMIT_S, wait_until_ready
from perf_matrix.stacks.relay import Relay, start_relay
from perf_matrix.stacks.stand_ins import CONTROL_PATH, StandIn, StandInPrograms, start_sink, start_upstream
from perf_matrix.stacks.telemetry import TelemetryCounts, read_counts
from perf_matrix.stacks.templates import Schema, Templates, database_of
from perf_matrix.stacks.usage import usage_of
from perf_matrix.subjects.content import content_of, copied
from perf_matrix.subjects.environment import Environment, make_checkout_environment, make_environment
from perf_matrix.subjects.spec import Commit, Folder, Image, Release, Subject
from perf_matrix.subjects.worktree import checked_out
from perf_matrix.targets.base import LaunchRequest, Scale, Target

_PORT_ATTEMPTS = 3
# All that a proxy gets of the caller's environment: nothing in it may change what is measured.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True)
class LocalSubject:
    """A version, installed and ready to be started."""

    environment: Environment
    info: SubjectInfo
    schema: Schema


@dataclass(frozen=True)
class Programs:
    """The programs that the backend needs, found beforehand so that a missing one stops the run at once."""

    uv: Path
    prisma: Prisma
    postgres: PostgresPrograms
    stand_ins: StandInPrograms
    versions: Mapping[str, str]


class LocalBackend:
    """Starts stacks under one lease. One Postgres server serves the whole run."""

    name: Literal["local"] = "local"

    def __init__(
        self,
        target: Target,
        programs: Programs,
        *,
        cache: Path,
        lease: Lease,
        environ: Mapping[str, str] = os.environ,
        choose_port: Callable[[], int] = free_port,
        ready_limit_s: float = READY_LIMIT_S,
    ) -> None:
        self._target = target
        self._programs = programs
        self._cache = cache
        self._lease = lease
        self._choose_port = choose_port
        self._ready_limit_s = ready_limit_s
        self._environ = _clean_environment(environ, lease)
        self._subjects: dict[Arm, LocalSubject] = {}
        self._postgres: PostgresServer | None = None
        self._templates: Templates | None = None

    @property
    def versions(self) -> Mapping[str, str]:
        """Of the programs that it runs, by name."""
        return self._programs.versions

    @property
    def postgres(self) -> PostgresServer:
        """The running server. Raises MeasurementError before ``start_postgres``."""
        if self._postgres is None:
            raise MeasurementError("Postgres has not been started")
        return self._postgres

    @property
    def templates(self) -> Templates:
        """Its template databases. Raises MeasurementError before ``start_postgres``."""
        if self._templates is None:
            raise MeasurementError("Postgres has not been started")
        return self._templates

    def prepare(self, subjects: Mapping[Arm, Subject], say: Callable[[str], None]) -> dict[Arm, SubjectInfo]:
        """Install every subject that is not yet, and generate its database client.

        ``say`` is told what is being done. Raises InputError where one cannot be installed.
        """
        for arm, subject in subjects.items():
            say(f"installing {subject.spec}")
            self._subjects[arm] = self._install(subject)
        return {arm: subject.info for arm, subject in self._subjects.items()}

    def code(self, arm: Arm) -> Path:
        """The folder that holds the installed packages of a prepared arm."""
        return self._subjects[arm].environment.site_packages

    def start_postgres(self) -> None:
        """Start the run's server, with an empty folder. Raises MeasurementError where it does not start."""
        self._postgres = start_postgres(
            self._programs.postgres, self._lease.private, self._environ, self._choose_port
        )
        self._templates = Templates(self._postgres, self._target)

    def seed(self, scales: Iterable[Scale]) -> None:
        """Migrate and seed a template database for each subject and scale that has none yet."""
        self.templates.make([subject.schema for subject in self._subjects.values()], scales)

    def revive(self) -> None:
        """Start another server where the one before has ended: the next cell needs one."""
        if self.postgres.process.exit_code is not None:
            self.start_postgres()

    def conninfo(self) -> str:
        """How this process connects to the server."""
        return self.postgres.conninfo()

    def start_stack(self, cell: Cell, scale: Scale, logs: Path, *, waiting: Callable[[], None]) -> LocalStack:
        """Clone each arm's database, start everything and wait until all proxies are ready.

        ``logs``: the folder that the logs of all parts are written to. ``waiting`` is called several times a
        second meanwhile. Raises PartDiedError with the last log lines of what did not become ready.
        """
        logs.mkdir(parents=True, exist_ok=True)
        with ExitStack() as started:
            stand_ins = self._start_stand_ins(cell.patch, logs, started)
            patch = fill_patch(cell.patch, stand_ins.urls)
            for arm, subject in self._subjects.items():
                self.templates.clone(subject.schema, scale, arm, patch)
            relay = self._start_relay(patch, logs, started)
            starting = _Starting(patch, logs, relay.port if relay else self.postgres.port, waiting)
            proxies: dict[Arm, Proxy] = {}
            started.callback(lambda: end([proxy.process for proxy in proxies.values()]))
            for arm, subject in self._subjects.items():
                proxies[arm] = self._start(arm, subject, starting)
            ready_s = {arm: self._ready(arm, proxies, starting) for arm in self._subjects}
            delay = self._delay(patch, relay)
            return LocalStack(self.postgres, proxies, stand_ins, ready_s, delay, started.pop_all())

    def stop(self) -> None:
        """Stop Postgres. Whatever else runs under the lease ends with the lease."""
        if self._postgres is not None:
            self._postgres.stop()
            self._postgres = None

    def _install(self, subject: Subject) -> LocalSubject:
        if isinstance(subject, Image):
            raise InputError(
                f"{subject.spec}: a container image needs a Docker engine; use --backend compose, or name a "
                f"release such as {self._target.package}==1.2.3"
            )
        if isinstance(subject, Commit):
            told = SubjectInfo(
                spec=subject.spec, version="", commit=subject.sha, source=str(subject.repository)
            )
            with checked_out(subject, self._lease.private) as source:
                return self._install_checkout(told, source, f"commit-{subject.sha}")
        if isinstance(subject, Folder):
            content = content_of(subject.folder)
            told = SubjectInfo(spec=subject.spec, version="", content=content)
            with copied(subject, content, self._lease.private) as source:
                return self._install_checkout(told, source, f"folder-{content}")
        return self._install_release(subject)

    def _install_release(self, release: Release) -> LocalSubject:
        # The generated client belongs to one kind of engine's schema only by its path, which is given at
        # start, so one environment serves both kinds.
        requirements = self._target.requirements(release.version)
        environment = make_environment(
            release,
            requirements,
            self._generate_client,
            folder=self._folder(release.version, requirements),
            uv=self._programs.uv,
        )
        return self._installed(environment, SubjectInfo(spec=release.spec, version=release.version))

    def _install_checkout(self, told: SubjectInfo, source: Path, key: str) -> LocalSubject:
        requirements = self._target.checkout_requirements(source)
        # Those that are built from the checkout say where it is just now.
        others = [each for each in requirements if " @ file:" not in each]
        environment = make_checkout_environment(
            told.spec,
            requirements,
            self._generate_client,
            folder=self._folder(key[:24], others),
            uv=self._programs.uv,
        )
        return self._installed(environment, told)

    def _folder(self, name: str, requirements: Sequence[str]) -> Path:
        """Where an environment is cached: another one where something else is to be in it."""
        digest = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:8]
        return self._cache / "subjects" / f"{self._target.package}-{name}-{digest}"

    def _installed(self, environment: Environment, info: SubjectInfo) -> LocalSubject:
        packages = environment.packages(self._programs.uv)
        found = {
            "version": packages[self._target.package],
            "engine": self._programs.prisma.kind,
            "packages": packages,
        }
        schema = Schema(str(environment.folder), lambda: self._target.migrations(environment.site_packages))
        return LocalSubject(environment, info.model_copy(update=found), schema)

    def _generate_client(self, environment: Environment) -> None:
        schema = self._target.prisma_schema(environment.site_packages)
        if schema is not None:
            self._programs.prisma.generate(schema, environment.bin, environment.folder / "generate.log")

    def _start_stand_ins(self, patch: Patch, logs: Path, started: ExitStack) -> _StandIns:
        programs, environ, cwd = self._programs.stand_ins, self._environ, self._lease.private
        upstream = start_upstream(
            programs, patch.upstream, environ=environ, log=logs / "upstream.log", cwd=cwd
        )
        started.callback(upstream.stop)
        sink = start_sink(programs, patch.sink, environ=environ, log=logs / "sink.log", cwd=cwd)
        started.callback(sink.stop)
        return _StandIns(upstream, sink)

    def _start_relay(self, patch: Patch, logs: Path, started: ExitStack) -> Relay | None:
        """Start the relay that the cell asks for, if it does, to be ended with what is ``started``."""
        asked_ms = patch.database.round_trip_ms
        if asked_ms is None:
            return None
        relay = start_relay(
            "the relay before the database",
            self.postgres.port,
            environ=self._environ,
            private=self._lease.private,
            log=logs / "relay.log",
            delay_s=asked_ms / 1000,
        )
        started.callback(relay.stop)
        return relay

    def _delay(self, patch: Patch, relay: Relay | None) -> DatabaseDelay | None:
        asked_ms = patch.database.round_trip_ms
        if asked_ms is None or relay is None:
            return None
        relayed = self.postgres.url(port=relay.port)
        return DatabaseDelay(relay, asked_ms, direct=self.postgres.url(), relayed=relayed)

    def _start(self, arm: Arm, subject: LocalSubject, starting: _Starting) -> Proxy:
        port = self._choose_port()
        home = self._lease.private / f"{arm}-{port}"
        # An earlier epoch may have had the same port.
        home.mkdir(exist_ok=True)
        request = LaunchRequest(
            version=subject.info.version,
            config=home / "config.yaml",
            database_url=self.postgres.url(database_of(arm), port=starting.database_port),
            host=LOOPBACK,
            port=port,
            patch=starting.patch,
        )
        launch = self._target.launch(request)
        request.config.write_text(launch.config)
        environ = {
            **self._environ,
            **self._programs.prisma.environment(),
            "PATH": self._search_path(subject.environment.bin),
            "HOME": str(home),
            "TMPDIR": str(home),
        }
        label = proxy_label(arm, subject.info.spec)
        return start_proxy(label, launch, port, environ=environ, log=starting.logs / f"{arm}.log", cwd=home)

    def _search_path(self, programs: Path) -> str:
        first = self._programs.prisma.programs
        return os.pathsep.join(
            str(each) for each in (first, programs, self._environ["PATH"]) if each is not None
        )

    def _ready(self, arm: Arm, proxies: dict[Arm, Proxy], starting: _Starting) -> float:
        """Wait for one arm; one whose port another process took is started anew on another port."""
        subject = self._subjects[arm]

        def watch() -> None:
            self.postgres.process.check_alive()
            starting.waiting()

        for attempt in range(1, _PORT_ATTEMPTS + 1):
            try:
                return wait_until_ready(
                    proxies[arm],
                    self._target,
                    subject.info.version,
                    waiting=watch,
                    limit_s=self._ready_limit_s,
                )
            except PortLostError as error:
                end([proxies[arm].process])
                if attempt == _PORT_ATTEMPTS:
                    raise MeasurementError(str(error)) from error
                proxies[arm] = self._start(arm, subject, starting)
        raise AssertionError("unreachable: the last attempt returns or raises")


@dataclass(frozen=True)
class _Starting:
    """What the proxies of one stack are started with; ``database_port`` is the relay's, where there is one."""

    patch: Patch
    logs: Path
    database_port: int
    waiting: Callable[[], None]


@dataclass(frozen=True)
class _StandIns:
    """The stand-ins of one stack."""

    upstream: StandIn
    sink: StandIn

    @property
    def urls(self) -> StandInUrls:
        """Where the proxies reach them."""
        return StandInUrls(upstream=self.upstream.url, mcp=f"{self.upstream.url}/mcp", sink=self.sink.url)


@dataclass(frozen=True)
class LocalStack:
    """A running stack of one epoch."""

    postgres: PostgresServer
    proxies: Mapping[Arm, Proxy]
    stand_ins: _StandIns
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

    @property
    def control_url(self) -> str:
        """Where the upstream stand-in answers at once."""
        return self.stand_ins.upstream.url + CONTROL_PATH

    def usage(self, arm: Arm) -> Usage:
        """What an arm has used since it started: its processes together."""
        return usage_of(self.proxies[arm].process)

    def telemetry(self) -> TelemetryCounts:
        """What the sink has got since it started."""
        return read_counts(self.stand_ins.sink.url)

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where a part has ended."""
        self.postgres.process.check_alive()
        if self.delay is not None:
            self.delay.relay.check_alive()
        self.stand_ins.upstream.check_alive()
        self.stand_ins.sink.check_alive()
        for proxy in self.proxies.values():
            proxy.check_alive()

    def stop(self) -> None:
        """End the proxies, the relay and the stand-ins. The databases stay until they are cloned anew."""
        self.resources.close()


def _clean_environment(environ: Mapping[str, str], lease: Lease) -> dict[str, str]:
    passed = {name: environ[name] for name in _PASSED_ON if name in environ}
    return {"PATH": os.defpath, **passed, LEASE_VARIABLE: lease.id}

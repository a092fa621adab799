"""The local backend: the whole stack as plain processes of this machine, no Docker."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import MeasurementError
from perf_matrix.lease import LEASE_VARIABLE, Lease
from perf_matrix.matrix.model import Arm, Cell
from perf_matrix.processes import end
from perf_matrix.record.model import DataScale, SubjectInfo
from perf_matrix.stacks.database_delay import DatabaseDelay
from perf_matrix.stacks.ports import free_port
from perf_matrix.stacks.postgres import PostgresServer, start_postgres
from perf_matrix.stacks.postgres_programs import PostgresPrograms
from perf_matrix.stacks.prisma import Prisma
from perf_matrix.stacks.proxy import READY_LIMIT_S, PortLostError, Proxy, start_proxy, wait_until_ready
from perf_matrix.stacks.relay import start_relay
from perf_matrix.subjects.environment import Environment, make_environment
from perf_matrix.subjects.spec import Release
from perf_matrix.targets.base import LaunchRequest, Scale, Target

_PORT_ATTEMPTS = 3
_TEMPLATES_AT_ONCE = 2
# All that a proxy gets of the caller's environment: nothing in it may change what is measured.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True)
class LocalSubject:
    """A release, installed and ready to be started."""

    release: Release
    environment: Environment
    info: SubjectInfo


@dataclass(frozen=True)
class Programs:
    """The programs that the backend needs, found beforehand so that a missing one stops the run at once."""

    uv: Path
    prisma: Prisma
    postgres: PostgresPrograms


class LocalBackend:
    """Starts stacks under one lease. One Postgres server serves the whole run."""

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
        self._postgres: PostgresServer | None = None

    @property
    def postgres(self) -> PostgresServer:
        """The running server. Raises MeasurementError before ``start_postgres``."""
        if self._postgres is None:
            raise MeasurementError("Postgres has not been started")
        return self._postgres

    def prepare(self, release: Release) -> LocalSubject:
        """Install a release, once, and generate its database client.

        Raises InputError where the release does not exist or does not resolve.
        """
        # The generated client belongs to one kind of engine's schema only by its path, which is given at
        # start, so one environment serves both kinds.
        folder = self._cache / "subjects" / f"{release.package}-{release.version}"
        environment = make_environment(
            release,
            self._target.requirements(release.version),
            self._generate_client,
            folder=folder,
            uv=self._programs.uv,
        )
        packages = environment.packages(self._programs.uv)
        info = SubjectInfo(
            spec=release.spec, version=release.version, engine=self._programs.prisma.kind, packages=packages
        )
        return LocalSubject(release, environment, info)

    def start_postgres(self) -> PostgresServer:
        """Start the run's server, with an empty folder. Raises MeasurementError where it does not start."""
        self._postgres = start_postgres(
            self._programs.postgres, self._lease.private, self._environ, self._choose_port
        )
        return self._postgres

    def make_templates(self, subjects: Mapping[Arm, LocalSubject], scales: Mapping[DataScale, Scale]) -> None:
        """Migrate and seed a template database for each distinct release and scale, at the same time."""
        distinct = {subject.release.version: subject for subject in subjects.values()}
        wanted = [(subject, name) for subject in distinct.values() for name in scales]
        with ThreadPoolExecutor(_TEMPLATES_AT_ONCE) as pool:
            making = [pool.submit(self._make_template, each, name, scales[name]) for each, name in wanted]
        for each in making:
            each.result()

    def revive_postgres(
        self, subjects: Mapping[Arm, LocalSubject], scales: Mapping[DataScale, Scale]
    ) -> None:
        """Start and seed another server where the one before has ended: the next cell needs one."""
        if self.postgres.process.exit_code is not None:
            self.start_postgres()
            self.make_templates(subjects, scales)

    def start_stack(
        self,
        cell: Cell,
        scale: DataScale,
        subjects: Mapping[Arm, LocalSubject],
        logs: Path,
        *,
        waiting: Callable[[], None],
    ) -> LocalStack:
        """Clone each arm's database, start all proxies at once and wait until they are ready.

        ``subjects`` has one or both arms. ``logs``: the folder that the proxies' logs are written to.
        ``waiting`` is called several times a second meanwhile. Raises PartDiedError with the last log lines of
        what did not become ready.
        """
        logs.mkdir(parents=True, exist_ok=True)
        for arm, subject in subjects.items():
            self.postgres.clone(_template(subject, scale), _database(arm))
        with ExitStack() as started:
            delay = self._start_relay(cell, logs, started)
            starting = _Starting(cell, logs, delay, waiting)
            proxies: dict[Arm, Proxy] = {}
            started.callback(lambda: end([proxy.process for proxy in proxies.values()]))
            for arm, subject in subjects.items():
                proxies[arm] = self._start(arm, subject, starting)
            ready_s = {arm: self._ready(arm, subject, proxies, starting) for arm, subject in subjects.items()}
            return LocalStack(self.postgres, proxies, ready_s, delay, started.pop_all())

    def stop(self) -> None:
        """Stop Postgres. Whatever else runs under the lease ends with the lease."""
        if self._postgres is not None:
            self._postgres.stop()
            self._postgres = None

    def _generate_client(self, environment: Environment) -> None:
        schema = self._target.prisma_schema(environment.site_packages)
        if schema is not None:
            self._programs.prisma.generate(schema, environment.bin, environment.folder / "generate.log")

    def _make_template(self, subject: LocalSubject, scale_name: DataScale, scale: Scale) -> None:
        name = _template(subject, scale_name)
        self.postgres.create(name)
        migrations = self._target.migrations(subject.environment.site_packages)
        self.postgres.run_scripts(name, [*migrations, ("seed.sql", self._target.seed(scale))])
        # Statistics are gathered here, since nothing does so later while requests are measured.
        self.postgres.run_scripts(name, [("statistics", "VACUUM ANALYZE")])

    def _start_relay(self, cell: Cell, logs: Path, started: ExitStack) -> DatabaseDelay | None:
        """Start the relay that the cell asks for, to be ended with what is ``started``."""
        asked_ms = cell.patch.database.round_trip_ms
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
        relayed = self.postgres.url(port=relay.port)
        return DatabaseDelay(relay, asked_ms, direct=self.postgres.url(), relayed=relayed)

    def _start(self, arm: Arm, subject: LocalSubject, starting: _Starting) -> Proxy:
        port = self._choose_port()
        home = self._lease.private / f"{arm}-{port}"
        # An earlier epoch may have had the same port.
        home.mkdir(exist_ok=True)
        request = LaunchRequest(
            environment=subject.environment.folder,
            config=home / "config.yaml",
            database_url=self.postgres.url(_database(arm), port=starting.database_port),
            port=port,
            patch=starting.cell.patch,
        )
        launch = self._target.launch(request)
        request.config.write_text(launch.config)
        environ = {
            **self._environ,
            **self._programs.prisma.environment(),
            "PATH": f"{subject.environment.bin}:{self._environ['PATH']}",
            "HOME": str(home),
            "TMPDIR": str(home),
        }
        label = f"the {arm} proxy ({subject.release.spec})"
        return start_proxy(label, launch, port, environ=environ, log=starting.logs / f"{arm}.log", cwd=home)

    def _ready(
        self, arm: Arm, subject: LocalSubject, proxies: dict[Arm, Proxy], starting: _Starting
    ) -> float:
        """Wait for one arm; one whose port another process took is started anew on another port."""

        def watch() -> None:
            self.postgres.process.check_alive()
            starting.waiting()

        for attempt in range(1, _PORT_ATTEMPTS + 1):
            try:
                return wait_until_ready(
                    proxies[arm],
                    self._target,
                    subject.release.version,
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
    """What the proxies of one stack are started with."""

    cell: Cell
    logs: Path
    delay: DatabaseDelay | None
    waiting: Callable[[], None]

    @property
    def database_port(self) -> int | None:
        """The relay's, where there is one; else Postgres' own, which is None."""
        return self.delay.relay.port if self.delay else None


@dataclass(frozen=True)
class LocalStack:
    """A running stack of one epoch."""

    postgres: PostgresServer
    proxies: Mapping[Arm, Proxy]
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
        return {arm: _database(arm) for arm in self.proxies}

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where a part has ended."""
        self.postgres.process.check_alive()
        if self.delay is not None:
            self.delay.relay.check_alive()
        for proxy in self.proxies.values():
            proxy.check_alive()

    def stop(self) -> None:
        """End the proxies and the relay. The databases stay until they are cloned anew."""
        self.resources.close()


def _clean_environment(environ: Mapping[str, str], lease: Lease) -> dict[str, str]:
    passed = {name: environ[name] for name in _PASSED_ON if name in environ}
    return {"PATH": os.defpath, **passed, LEASE_VARIABLE: lease.id}


def _template(subject: LocalSubject, scale: DataScale) -> str:
    return f"template_{subject.release.version}_{scale}"


def _database(arm: Arm) -> str:
    return f"perf_{arm}"

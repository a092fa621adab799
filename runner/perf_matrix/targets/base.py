"""What a target tells the rest of the program. A target starts nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from perf_matrix.matrix.model import Patch, Scalar

Variables = Mapping[str, Scalar]
Scale = Mapping[str, int]


@dataclass(frozen=True)
class Launch:
    """How to start one proxy: argument list, what to add to the environment, and its configuration file.

    ``argv[0]`` is a program on PATH; a container's image may start it in a way of its own, with the other arguments.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    config: str


@dataclass(frozen=True)
class LaunchRequest:
    """What a proxy is to be started with; ``config`` is the file's path as the proxy sees it."""

    version: str
    config: Path
    database_url: str
    host: str
    port: int
    patch: Patch


class Target(Protocol):
    """One kind of system under test."""

    name: str
    package: str
    migrations_folder: str
    default_scale: Scale

    def refusal(self, version: str) -> str | None:
        """Why this release must never be installed; None where it may."""

    def requirements(self, version: str) -> list[str]:
        """What to install for a release, as requirement strings."""

    def checkout_requirements(self, source: Path) -> list[str]:
        """What to install for the checkout in ``source``, as requirement strings; its own as ``NAME @ file://…``."""

    def companions(self, source: Path) -> list[str]:
        """The packages that the checkout in ``source`` holds besides the service's own."""

    def prisma_schema(self, site_packages: Path) -> Path | None:
        """The Prisma schema that the service's database client is generated from; None where it uses none."""

    def migrations(self, site_packages: Path) -> list[tuple[str, str]]:
        """The SQL scripts, (name, text), that bring an empty database to the release's schema, in order."""

    def seed(self, scale: Scale) -> str:
        """The SQL that fills the database at a scale."""

    def variables(self, scale: Scale, today: date) -> Variables:
        """What ``${name}`` may stand for in a workload."""

    def launch(self, request: LaunchRequest) -> Launch:
        """How to start it."""

    def release_page(self, version: str) -> str:
        """A web page that tells what is new in a release; empty where there is none."""

    def tag_of(self, version: str) -> str:
        """What a release is called in the project's repository, as a rule."""

    ready_path: str

    def ready_version(self, body: str) -> str | None:
        """The version that a readiness answer tells; None where the service is not ready yet."""

"""The demonstration service as a target: how it is installed, migrated, seeded, started and asked.

A plug-in of perf-matrix. It stands alone: beside it, as an installed module, lies ``seed.sql``.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import MappingProxyType

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.targets.base import Launch, LaunchRequest, Scale, Variables


class DemoTarget:
    """Keys, teams, users and a usage log."""

    name = "demo"
    package = "demo-service"
    migrations_folder = "demo_service/migrations"
    ready_path = "/ready"
    default_scale: Scale = MappingProxyType({"users": 40, "keys": 20, "teams": 6})

    def refusal(self, version: str) -> str | None:
        """Every version may be installed."""
        return None

    def requirements(self, version: str) -> list[str]:
        """What to install for a release."""
        return [f"{self.package}=={version}"]

    def checkout_requirements(self, source: Path) -> list[str]:
        """What to install for the checkout in ``source``: the service alone."""
        return [f"{self.package} @ {source.absolute().as_uri()}"]

    def companions(self, source: Path) -> list[str]:
        """The repository holds no other package."""
        return []

    def prisma_schema(self, site_packages: Path) -> Path | None:
        """It uses no Prisma."""
        return None

    def migrations(self, site_packages: Path) -> list[tuple[str, str]]:
        """The SQL scripts in the installed package, in the order of their names."""
        scripts = sorted((site_packages / self.migrations_folder).glob("*.sql"))
        if not scripts:
            raise MeasurementError(f"this version has no migrations in {self.migrations_folder}")
        return [(script.name, script.read_text()) for script in scripts]

    def seed(self, scale: Scale) -> str:
        """The rows at ``scale``; what is not named there has its default. InputError where a kind has none."""
        counts = {**self.default_scale, **scale}
        empty = [name for name, count in counts.items() if count < 1]
        if empty:
            raise InputError(f"scale: {empty[0]}: the workload needs at least 1")
        settings = "".join(f"SET demo.{name} = '{count}';\n" for name, count in counts.items())
        return settings + Path(__file__).with_name("seed.sql").read_text()

    def variables(self, scale: Scale, today: date) -> Variables:
        """What ``${name}`` may stand for in a workload."""
        counts = {f"scale.{name}": count for name, count in {**self.default_scale, **scale}.items()}
        return {"admin_key": "sk-demo-admin", "team_key": "sk-demo-1", "plain_key": "sk-demo-2", **counts}

    def launch(self, request: LaunchRequest) -> Launch:
        """It listens on the loopback address and has no configuration file."""
        env = {"DATABASE_URL": request.database_url, "PORT": str(request.port), **request.patch.env}
        return Launch(("demo-service",), env, config="")

    def release_page(self, version: str) -> str:
        """Nothing is published of it."""
        return ""

    def tag_of(self, version: str) -> str:
        """As tags are usually called."""
        return f"v{version}"

    def ready_version(self, body: str) -> str | None:
        """The version in a readiness answer."""
        try:
            answer = json.loads(body)
        except json.JSONDecodeError:
            return None
        version = answer.get("version") if isinstance(answer, dict) else None
        return version if isinstance(version, str) else None

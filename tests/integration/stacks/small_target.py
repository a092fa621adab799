"""A small service in the place of LiteLLM, as a target: it starts in a second."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from perf_matrix.targets.base import Launch, LaunchRequest, Scale, Variables

SERVICE = Path(__file__).with_name("service.py")


class SmallTarget:
    """The service beside this file. A release of it is a release of the small package ``iniconfig``."""

    name = "small"
    package = "iniconfig"
    migrations_folder = "none"
    default_scale: Scale = {"rows": 2}  # noqa: RUF012 - as the protocol has it
    ready_path = "/ready"

    def __init__(self, tells: Mapping[str, str] | None = None) -> None:
        self._tells = tells or {}

    def refusal(self, version: str) -> str | None:
        return None

    def requirements(self, version: str) -> list[str]:
        return [f"iniconfig=={version}"]

    def checkout_requirements(self, source: Path) -> list[str]:
        return [f"iniconfig @ {source.as_uri()}"]

    def companions(self, source: Path) -> list[str]:
        return []

    def prisma_schema(self, site_packages: Path) -> Path | None:
        return None

    def migrations(self, site_packages: Path) -> list[tuple[str, str]]:
        # What is installed decides the schema, as with a real service.
        installed = next(site_packages.glob("iniconfig-*.dist-info")).name.split("-")[1].split(".dist")[0]
        return [
            ("1_make", "CREATE TABLE it (name text)"),
            ("2_fill", f"INSERT INTO it VALUES ('{installed}')"),
        ]

    def seed(self, scale: Scale) -> str:
        rows = {**self.default_scale, **scale}["rows"]
        return f"INSERT INTO it SELECT 'row ' || i FROM generate_series(1, {rows}) i"

    def variables(self, scale: Scale, today: date) -> Variables:
        return {}

    def launch(self, request: LaunchRequest) -> Launch:
        version = request.version
        env = {
            "DATABASE_URL": request.database_url,
            "VERSION": self._tells.get(version, version),
            "BEHAVIOUR": "serve",
            **request.patch.env,
        }
        # The tests' own Python, which has the database driver.
        argv = (sys.executable, str(SERVICE), request.host, str(request.port))
        return Launch(argv, env, json.dumps(request.patch.config))

    def release_page(self, version: str) -> str:
        """Nothing is published of it."""
        return ""

    def tag_of(self, version: str) -> str:
        """As tags are usually called."""
        return f"v{version}"

    def ready_version(self, body: str) -> str | None:
        try:
            version = json.loads(body)["version"]
        except (json.JSONDecodeError, KeyError, TypeError):
            return None
        return None if version is None else str(version)

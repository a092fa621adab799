"""How LiteLLM's proxy is installed, migrated, seeded, configured, started and asked whether it is ready."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import yaml
from packaging.version import InvalidVersion, Version

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.matrix.merge import merged
from perf_matrix.shipped import shipped
from perf_matrix.targets.base import Launch, LaunchRequest, Scale, Variables

# The packages that the proxy's repository holds besides its own, and the folders that they are in.
_COMPANIONS = {"litellm-proxy-extras": "litellm-proxy-extras", "litellm-enterprise": "enterprise"}
_REPOSITORY = "https://github.com/BerriAI/litellm"
_PROJECT_FILE = "pyproject.toml"
# Compared as versions: 1.82.07 and v1.82.7 name the same release.
_COMPROMISED = frozenset(map(Version, ("1.82.7", "1.82.8", "1.107.0")))


class LiteLLM:
    """LiteLLM's proxy, as released on the package index."""

    name = "litellm"
    package = "litellm"
    migrations_folder = "litellm_proxy_extras/migrations"
    ready_path = "/health/readiness"
    default_scale: Scale = MappingProxyType(
        {"models": 200, "users": 50, "keys": 200, "teams": 10, "mcp_servers": 3}
    )

    def refusal(self, version: str) -> str | None:
        """Why this release must never be installed; None where it may."""
        try:
            is_compromised = Version(version) in _COMPROMISED
        except InvalidVersion:
            # No release is called so: the package index names those that there are.
            return None
        if is_compromised:
            return f"litellm {version} is reported to be compromised and is never installed: choose another release"
        return None

    def requirements(self, version: str) -> list[str]:
        """What to install for a release, as requirement strings."""
        return [f"litellm[proxy]=={version}", *_besides()]

    def checkout_requirements(self, source: Path) -> list[str]:
        """What to install for the checkout in ``source``: the proxy, and the packages that its repository holds.

        A checkout's migrations, for one, are newer than those of the published package.
        """
        companions = {name: source / _COMPANIONS[name] for name in self.companions(source)}
        own = {"litellm[proxy]": source, **companions}
        built = [f"{name} @ {folder.absolute().as_uri()}" for name, folder in own.items()]
        return [*built, *_besides()]

    def companions(self, source: Path) -> list[str]:
        """The packages that the checkout in ``source`` holds besides the proxy's own, by name."""
        return [name for name, folder in _COMPANIONS.items() if (source / folder / _PROJECT_FILE).is_file()]

    def prisma_schema(self, site_packages: Path) -> Path | None:
        """The schema that the proxy's database client is generated from."""
        return site_packages / "litellm" / "proxy" / "schema.prisma"

    def migrations(self, site_packages: Path) -> list[tuple[str, str]]:
        """The SQL scripts that the release ships, in the order of their timestamps.

        Raises MeasurementError where the release ships none.
        """
        folder = site_packages / self.migrations_folder
        scripts = sorted(folder.glob("*/migration.sql"))
        if not scripts:
            raise MeasurementError(f"this release ships no migrations in {folder}")
        return [(script.parent.name, script.read_text()) for script in scripts]

    def seed(self, scale: Scale) -> str:
        """The SQL that fills the database at ``scale``; what is not named there has its default.

        Raises InputError for a scale without a model, user, key or team: the workload calls for one of each.
        """
        counts = {**self.default_scale, **scale}
        empty = [name for name in ("models", "users", "keys", "teams") if counts[name] < 1]
        if empty:
            raise InputError(f"scale: {empty[0]}: the workload needs at least 1")
        settings = "".join(f"SET perf.{name} = '{count}';\n" for name, count in counts.items())
        return settings + shipped("compose/litellm/seed.sql").read_text()

    def variables(self, scale: Scale, today: date) -> Variables:
        """What ``${name}`` may stand for in a workload."""
        settings = _settings()
        return {
            "master_key": settings["LITELLM_MASTER_KEY"],
            "virtual_key": _key(1),
            "virtual_key_hash": hashlib.sha256(_key(1).encode()).hexdigest(),
            "virtual_key_with_permission": _key(2),
            "virtual_key_without_team": _key(4),
            "model": "perf-model-001",
            "user_id": "user-001",
            "team_id": "team-001",
            "ui_username": settings["UI_USERNAME"],
            "ui_password": settings["UI_PASSWORD"],
            "today": today.isoformat(),
            "month_ago": (today - timedelta(days=29)).isoformat(),
            **{f"scale.{name}": count for name, count in {**self.default_scale, **scale}.items()},
        }

    def launch(self, request: LaunchRequest) -> Launch:
        """One worker unless NUM_WORKERS says otherwise; migrations were applied before, by us."""
        env = {**_settings(), "DATABASE_URL": request.database_url, **request.patch.env}
        argv = (
            "litellm",
            f"--config={request.config}",
            f"--host={request.host}",
            f"--port={request.port}",
            f"--num_workers={env.get('NUM_WORKERS', '1')}",
        )
        return Launch(argv, env, _config(request.patch.config))

    def release_page(self, version: str) -> str:
        """The release notes that name the version; a release may have several."""
        return f"{_REPOSITORY}/releases?{urlencode({'q': version, 'expanded': 'true'})}"

    def tag_of(self, version: str) -> str:
        """As a rule; some have a suffix, such as -stable."""
        return f"v{version}"

    def ready_version(self, body: str) -> str | None:
        """The version in a readiness answer, once the database is connected."""
        try:
            answer = json.loads(body)
        except json.JSONDecodeError:
            return None
        if not isinstance(answer, dict) or answer.get("db") != "connected":
            return None
        version = answer.get("litellm_version")
        return version if isinstance(version, str) else None


def _key(number: int) -> str:
    return f"sk-perf-{number:04d}"


def _config(patch: Mapping[str, Any]) -> str:
    base = yaml.safe_load(shipped("compose/litellm/config.yaml").read_text())
    return yaml.safe_dump(merged(base, patch), sort_keys=False)


def _besides() -> list[str]:
    """What is installed besides the proxy; in a file, since the Dockerfile reads it, too."""
    lines = shipped("compose/build/requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _settings() -> dict[str, str]:
    """The environment of every proxy; in a file, since the compose file reads it, too."""
    lines = shipped("compose/litellm/proxy.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

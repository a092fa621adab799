"""What one stack adds to the compose file: how its proxies, its stand-ins and its relay are started.  (Pure.)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perf_matrix.matrix.model import Arm, Patch
from perf_matrix.matrix.stand_ins import StandInUrls
from perf_matrix.targets.base import Launch

CONFIG = Path("/etc/perf-matrix/config.yaml")
PROXY_PORT = 4000
UPSTREAM_PORT = 8000
SINK_PORT = 4318
DELAY_SERVICE = "database-delay"
DELAY_PORT = 5432
# As the services of one project reach each other.
URLS = StandInUrls(
    upstream=f"http://upstream:{UPSTREAM_PORT}",
    mcp=f"http://upstream:{UPSTREAM_PORT}/mcp",
    sink=f"http://sink:{SINK_PORT}",
)
_RELAY_FOLDER = "/run/relay"
_RELAY_PROGRAM = "/opt/relay_process.py"


@dataclass(frozen=True)
class ProxyService:
    """How one arm's proxy is started. ``config``: the file on this machine."""

    image: str
    launch: Launch
    config: Path


@dataclass(frozen=True)
class RelayService:
    """The relay before the database: its program and its folder on this machine."""

    program: Path
    folder: Path


def overlay(proxies: Mapping[Arm, ProxyService], patch: Patch, relay: RelayService | None) -> str:
    """The compose file, as JSON, which is YAML too."""
    services = {f"proxy-{arm}": _proxy(proxy) for arm, proxy in proxies.items()}
    services["upstream"] = {"command": _upstream(patch)}
    services["sink"] = {"command": _sink(patch)}
    if relay is not None:
        services[DELAY_SERVICE] = _relay(relay)
    return json.dumps({"services": services}, indent=2)


def _proxy(proxy: ProxyService) -> dict[str, Any]:
    return {
        "image": proxy.image,
        "command": [_literal(word) for word in proxy.launch.argv[1:]],
        "environment": {name: _literal(value) for name, value in proxy.launch.env.items()},
        "volumes": [_mounted(proxy.config, str(CONFIG), read_only=True)],
    }


def _upstream(patch: Patch) -> list[str]:
    asked = {"--latency-ms": patch.upstream.latency_ms, "--jitter-ms": patch.upstream.jitter_ms}
    return ["upstream", "--host=0.0.0.0", f"--port={UPSTREAM_PORT}", *_options(asked)]


def _sink(patch: Patch) -> list[str]:
    return ["sink", "--host=0.0.0.0", f"--port={SINK_PORT}", *_options({"--delay-ms": patch.sink.delay_ms})]


def _options(asked: Mapping[str, float | None]) -> list[str]:
    return [f"{name}={value:g}" for name, value in asked.items() if value is not None]


def _relay(relay: RelayService) -> dict[str, Any]:
    return {
        "volumes": [
            _mounted(relay.program, _RELAY_PROGRAM, read_only=True),
            _mounted(relay.folder, _RELAY_FOLDER, read_only=False),
        ],
    }


def _mounted(source: Path, target: str, *, read_only: bool) -> dict[str, Any]:
    return {"type": "bind", "source": str(source), "target": target, "read_only": read_only}


def _literal(text: str) -> str:
    """Compose would fill in what looks like a variable."""
    return text.replace("$", "$$")

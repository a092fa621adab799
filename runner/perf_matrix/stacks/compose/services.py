"""The files that the services of a stack are started from: configurations, the relay with its delay."""

from __future__ import annotations

from pathlib import Path

from perf_matrix.matrix.model import Arm, Patch
from perf_matrix.stacks import relay_process
from perf_matrix.stacks.compose.overlay import ProxyService, RelayService
from perf_matrix.stacks.relay import make_delay_file
from perf_matrix.targets.base import Launch

# Whoever an image runs as has to read them.
_READABLE = 0o644
_LISTABLE = 0o755


def proxy_service(arm: Arm, image: str, launch: Launch, folder: Path) -> ProxyService:
    """One arm's proxy; writes its configuration below ``folder``."""
    config = folder / f"{arm}.yaml"
    config.write_text(launch.config)
    config.chmod(_READABLE)
    return ProxyService(image, launch, config)


def relay_service(patch: Patch, folder: Path) -> RelayService | None:
    """The relay before the database, its files below ``folder``; None where nothing is held back."""
    if patch.database.round_trip_ms is None:
        return None
    shared = folder / "relay"
    shared.mkdir(exist_ok=True)
    shared.chmod(_LISTABLE)
    make_delay_file(shared, patch.database.round_trip_ms / 1000)
    (shared / relay_process.DELAY_FILE).chmod(_READABLE)
    program = folder / "relay_process.py"
    program.write_bytes(Path(relay_process.__file__).read_bytes())
    program.chmod(_READABLE)
    return RelayService(program, shared)

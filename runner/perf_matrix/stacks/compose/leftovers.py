"""What containers, networks and volumes runs have, by label: removing a run's own, and those of dead runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from docker.errors import NotFound

from perf_matrix.errors import MeasurementError, MissingToolError
from perf_matrix.lease import held_leases
from perf_matrix.stacks.compose.engine import Engine, answering, find_engine
from perf_matrix.stacks.compose.project import REGISTRY_LABEL, RUN_LABEL

# There while runs of this registry may have left something with the engine.
_MARK = "containers"
_REMOVE_LIMIT_S = 20.0
_POLL_S = 0.2


@dataclass(frozen=True)
class Part:
    """A container, network or volume of a run, and when it was made, in seconds since 1970."""

    kind: Literal["container", "network", "volume"]
    id: str
    name: str
    run: str
    made_at: float


def mark(registry: Path) -> None:
    """Note that a run under this registry of leases uses the engine, so that the next start looks there."""
    (registry / _MARK).touch()


def is_marked(registry: Path) -> bool:
    """Whether a run has used the engine since it was last cleared."""
    return (registry / _MARK).exists()


def unmark_unless_needed(engine: Engine, registry: Path) -> None:
    """Note that runs under this registry have left nothing with the engine, where that is so."""
    if not is_marked(registry):
        return
    (registry / _MARK).unlink(missing_ok=True)
    # A run whose mark this was holds its lease still, or has left something by now.
    if held_leases(registry) or dead_parts(engine, registry):
        mark(registry)


def clear_dead(registry: Path, environ: Mapping[str, str]) -> None:
    """Remove what dead runs under ``registry`` left with the engine; nothing where none answers or none was used."""
    if not is_marked(registry):
        return
    try:
        engine = find_engine(environ)
    except MissingToolError:
        return
    # What cannot be removed, since another start is removing it or somebody joined the network, stops nobody.
    with suppress(MeasurementError):
        for part in dead_parts(engine, registry):
            with suppress(MeasurementError):
                remove_part(engine, part)


def dead_parts(engine: Engine, registry: Path) -> list[Part]:
    """What runs under ``registry`` whose lease nobody holds have left, in an order in which it can be removed.

    Runs under other registries, of other users or caches, are not seen, and neither is anything else.
    """
    found = parts(engine, {REGISTRY_LABEL: str(registry)})
    # Asked afterwards: a run takes its lease before it starts anything, so that of each that was found is known.
    living = held_leases(registry)
    return [part for part in found if part.run and part.run not in living]


def parts(engine: Engine, labels: Mapping[str, str]) -> list[Part]:
    """Every container, network and volume that has all ``labels``, running or not, in that order."""
    with answering():
        return list(_listed(engine, {"label": [f"{name}={value}" for name, value in labels.items()]}))


def remove_part(engine: Engine, part: Part) -> bool:
    """Remove a part, of a container its nameless volumes too; False where it is gone already.

    Raises MeasurementError where the engine refuses: for a network that a container of somebody else has joined.
    """
    api = engine.client.api
    try:
        with answering():
            match part.kind:
                case "container":
                    api.remove_container(part.id, v=True, force=True)
                case "network":
                    api.remove_network(part.id)
                case "volume":
                    api.remove_volume(part.name, force=True)
    except NotFound:
        return False
    return True


def remove_all(engine: Engine, labels: Mapping[str, str]) -> None:
    """Remove every container, network and volume that has all ``labels``, running or not.

    Repeated until none is left: what was interrupted may still be made, or be removed, by the engine. Raises
    MeasurementError where one cannot be removed.
    """
    deadline = time.monotonic() + _REMOVE_LIMIT_S
    while found := parts(engine, labels):
        for part in found:
            try:
                remove_part(engine, part)
            except MeasurementError:
                if time.monotonic() > deadline:
                    raise
        time.sleep(_POLL_S)


def _listed(engine: Engine, filters: dict[str, list[str]]) -> Iterator[Part]:
    api = engine.client.api
    for each in api.containers(all=True, filters=filters):
        yield Part("container", each["Id"], _name(each), _run(each), each["Created"])
    for each in api.networks(filters=filters):
        yield Part("network", each["Id"], each["Name"], _run(each), _seconds(each["Created"]))
    for each in api.volumes(filters=filters)["Volumes"] or []:
        yield Part("volume", each["Name"], each["Name"], _run(each), _seconds(each["CreatedAt"]))


def _name(container: Mapping[str, Any]) -> str:
    return str((container["Names"] or [container["Id"][:12]])[0]).removeprefix("/")


def _run(listed: Mapping[str, Any]) -> str:
    return str(listed["Labels"].get(RUN_LABEL, ""))


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()

"""What the Docker engine has of a run, by the run's label."""

from __future__ import annotations

from perf_matrix.stacks.compose.engine import Engine
from perf_matrix.stacks.compose.leftovers import parts
from perf_matrix.stacks.compose.project import RUN_LABEL


def container_of(engine: Engine, run: str, service: str) -> str:
    """The id of the container of a run's service; ``run``: the id of its lease."""
    labels = [f"{RUN_LABEL}={run}", f"com.docker.compose.service={service}"]
    (found,) = engine.client.api.containers(all=True, filters={"label": labels})
    return str(found["Id"])


def left_with(engine: Engine, run: str) -> list[str]:
    """Every container, network and volume of a run, in words."""
    return [f"{part.kind} {part.name}" for part in parts(engine, {RUN_LABEL: run})]

"""The small service as images, and as a target whose releases are images."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from perf_matrix.shipped import shipped
from perf_matrix.stacks.compose.building import Builder, Recipe
from perf_matrix.targets.base import Launch, LaunchRequest
from tests.integration.stacks.small_target import SERVICE, SmallTarget

DOCKERFILE = Path(__file__).with_name("small.Dockerfile")


class ContainerTarget(SmallTarget):
    """The small service, started in the way of its image."""

    migrations_folder = "small_service/migrations"

    def migrations(self, site_packages: Path) -> list[tuple[str, str]]:
        scripts = sorted((site_packages / self.migrations_folder).glob("*.sql"))
        return [(script.stem, script.read_text()) for script in scripts]

    def launch(self, request: LaunchRequest) -> Launch:
        return replace(super().launch(request), argv=("service", request.host, str(request.port)))


def recipe(version: str, context: Path) -> Recipe:
    """How to build the image of a version; its files are put into the folder ``context``."""
    sources = {DOCKERFILE, SERVICE, shipped("compose/build/online")}
    files = [Path(shutil.copy(source, context)) for source in sorted(sources)]
    return Recipe(
        what=f"the small service {version}",
        label=version,
        repository="perf-matrix-tests/small-service",
        context=context,
        dockerfile=DOCKERFILE.name,
        files=files,
        key=version,
        arguments={"VERSION": version, "DRIVER": importlib.metadata.version("psycopg")},
    )


def build(builder: Builder, versions: Sequence[str], folder: Path) -> dict[str, str]:
    """Version -> name of its image; those that the engine does not have are built."""
    recipes = {version: recipe(version, folder) for version in versions}
    missing = [each for each in recipes.values() if not builder.is_built(each)]
    if missing:
        builder.build(missing)
    return {version: builder.tag(each) for version, each in recipes.items()}

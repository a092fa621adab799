"""The command against two versions of the small service, and what it has with the engine."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from perf_matrix.cache import CACHE_VARIABLE
from perf_matrix.stacks.compose.engine import Engine
from tests.containers import container_of, left_with
from tests.e2e.command import Command, started

PROGRAM = (sys.executable, str(Path(__file__).with_name("small_command.py")))
ROOT = Path(__file__).parents[4]
WORKLOAD = {
    "version": 1,
    "endpoints": [{"name": name, "request": {"path": f"/{name}"}} for name in ("rows", "ready")],
}
QUERIES = ("--metrics", "queries")


@dataclass(frozen=True)
class Bench:
    """Where a test's commands run, with a cache and so with leases of their own. ``images``: names, base first."""

    engine: Engine
    images: tuple[str, str]
    scratch: Path
    cache: Path

    @property
    def out(self) -> Path:
        """The run folder."""
        return self.scratch / "run"

    @property
    def environ(self) -> dict[str, str]:
        """Of the commands."""
        cache = {CACHE_VARIABLE: str(self.cache)}
        return {**self.engine.environ, **cache, "PYTHONPATH": str(ROOT)}

    @contextmanager
    def compare(
        self,
        *options: str,
        variants: Mapping[str, Mapping[str, Any]] | None = None,
        environ: Mapping[str, str] | None = None,
        **matrix: Any,
    ) -> Iterator[Command]:
        """A ``compare`` that measures a cell for each of the ``variants``; ``matrix``: what else its file says."""
        axes = {"axes": {"kind": dict(variants)}} if variants else {}
        content = {"version": 1, "target": "small", "workload": "small.yml", **axes, **matrix}
        (self.scratch / "matrix.yml").write_text(yaml.safe_dump(content, sort_keys=False))
        (self.scratch / "small.yml").write_text(yaml.safe_dump(WORKLOAD))
        subjects = [f"image:{image}" for image in self.images]
        told = ("--backend", "compose", "--matrix", "matrix.yml", "--out", str(self.out), *options)
        environ = {**self.environ, **(environ or {})}
        with started(["compare", *subjects, *told], self.scratch, environ, PROGRAM) as command:
            yield command

    def kill(self, command: Command, service: str) -> None:
        """End a service of a run by force."""
        self.engine.client.api.kill(container_of(self.engine, command.lease, service))

    def left(self, command: Command) -> list[str]:
        """What there still is of a run, on this machine and with the engine."""
        return [*command.left_behind(), *left_with(self.engine, command.lease)]

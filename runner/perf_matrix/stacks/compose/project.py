"""One compose project: its files, and docker compose run on them."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.processes import last_lines, spawn
from perf_matrix.stacks.compose.engine import Engine

OVERLAY_VARIABLE = "PERF_MATRIX_COMPOSE_OVERLAY"
RUN_LABEL = "perf-matrix.run"
REGISTRY_LABEL = "perf-matrix.registry"


class ComposeError(MeasurementError):
    """docker compose failed. ``said`` is all that it wrote."""

    def __init__(self, doing: str, said: str) -> None:
        super().__init__(f"{doing} failed. docker compose said:\n{quoted(last_lines(said))}")
        self.said = said


@dataclass(frozen=True)
class Project:
    """A project of compose files, in order; ``variables`` fill their ``${…}``. ``log`` gets what compose says."""

    name: str
    engine: Engine
    files: Sequence[Path]
    variables: Mapping[str, str]
    log: Path

    def run(self, *arguments: str, doing: str) -> None:
        """Run ``docker compose ARGUMENTS``; ``doing`` is what a message says it was for.

        Raises ComposeError where it fails. An interruption ends it first.
        """
        files = [word for file in self.files for word in ("--file", str(file))]
        argv = [
            self.engine.program,
            "compose",
            "--ansi=never",
            "--progress=plain",
            "--project-name",
            self.name,
        ]
        before = self.log.stat().st_size if self.log.exists() else 0
        process = spawn(
            "docker compose",
            [*argv, *files, *arguments],
            env={**self.engine.environ, **self.variables},
            log=self.log,
            cwd=self.log.parent,
        )
        try:
            code = process.popen.wait()
        finally:
            if process.popen.returncode is None:
                os.killpg(process.popen.pid, signal.SIGKILL)
                process.popen.wait()
        if code != 0:
            raise ComposeError(doing, self.log.read_bytes()[before:].decode(errors="replace"))


def overlays(environ: Mapping[str, str]) -> list[Path]:
    """Compose files of the user's own, laid over ours: $PERF_MATRIX_COMPOSE_OVERLAY, with colons between them.

    Raises InputError where one is not there.
    """
    files = [Path(each).resolve() for each in environ.get(OVERLAY_VARIABLE, "").split(os.pathsep) if each]
    for file in files:
        if not file.is_file():
            raise InputError(f"{OVERLAY_VARIABLE}: there is no file {file}")
    return files


def quoted(lines: Sequence[str]) -> str:
    """Lines of a program's, as messages show them."""
    return "\n".join(f"  | {line}" for line in lines)

"""Prisma for a subject that uses its Python client: generating the client, choosing the query engine.

The client starts a query engine as a process of its own. The native one is downloaded by Prisma's
CLI; where that download is refused (an air-gapped machine), the WebAssembly build of the same engine
core does the work, behind the same HTTP protocol (``prisma_engine/``). Both arms of a run always get
the same kind, so that the engine is never what differs.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from perf_matrix.cache import is_made, make_once
from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.stacks.npm import install_locked
from perf_matrix.tools import Node

ENGINE_VARIABLE = "PERF_MATRIX_PRISMA_ENGINE"
EngineKind = Literal["native", "wasm"]
_TIMEOUT_S = 180
# A refused download is remembered, since asking again costs seconds at every start.
_REFUSAL_HOLDS_S = 24 * 3600.0


@dataclass(frozen=True)
class Prisma:
    """Prisma's CLI and the query engine that every subject of a run is started with."""

    cli: Path
    engine: Path
    kind: EngineKind
    node: Node
    programs: Path | None = None
    """A folder of programs that go before the subject's own of the same names."""

    def generate(self, schema: Path, environment_bin: Path, log: Path) -> None:
        """Generate the Python client for ``schema`` into the environment whose programs are in ``environment_bin``.

        Raises MeasurementError with the generator's last words where that fails.
        """
        done = subprocess.run(
            [*self.node.node, str(self.cli), "generate", f"--schema={schema}"],
            env={
                **os.environ,
                **self.environment(),
                "PATH": f"{environment_bin}:{os.environ.get('PATH', '')}",
            },
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        log.write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            raise MeasurementError(
                f"generating the database client from {schema} failed:\n{(done.stderr or done.stdout)[-2000:]}"
            )

    def environment(self) -> dict[str, str]:
        """What makes the CLI and the client use this engine instead of one that they would download."""
        return {
            "PRISMA_QUERY_ENGINE_BINARY": str(self.engine),
            "PRISMA_SCHEMA_ENGINE_BINARY": str(self.engine),
            # Without it the CLI looks for the library form of the engine, too.
            "PRISMA_CLI_QUERY_ENGINE_TYPE": "binary",
            "PRISMA_HIDE_UPDATE_MESSAGE": "1",
            "CHECKPOINT_DISABLE": "1",
        }


def prepare_prisma(cache: Path, node: Node, environ: Mapping[str, str] = os.environ) -> Prisma:
    """Install the CLI and an engine: $PERF_MATRIX_PRISMA_ENGINE (auto, native or wasm), auto unless told.

    Raises InputError for another word, MeasurementError where the engine asked for cannot be had.
    """
    asked = environ.get(ENGINE_VARIABLE, "auto")
    if asked not in ("auto", "native", "wasm"):
        raise InputError(f"{ENGINE_VARIABLE} is {asked!r}: write auto, native or wasm")
    installed = install_locked(Path(__file__).with_name("prisma_engine"), cache, node)
    cli = installed / "node_modules" / "prisma" / "build" / "index.js"
    if asked != "wasm":
        native = _native_engine(cache, installed, cli, node, remember=asked == "auto")
        if native is not None:
            return Prisma(cli, native, "native", node)
    if asked == "native":
        raise MeasurementError(
            f"Prisma's native engine could not be downloaded. Unset {ENGINE_VARIABLE} to use the WebAssembly engine."
        )
    return Prisma(cli, _launcher(installed, node), "wasm", node, _programs(installed))


def _native_engine(cache: Path, installed: Path, cli: Path, node: Node, *, remember: bool) -> Path | None:
    folder = cache / "prisma-native" / installed.name
    refusal = folder.with_name(folder.name + ".refused")
    if remember and not is_made(folder) and _is_recent(refusal):
        return None
    try:
        make_once(folder, lambda target: _download(target, cli, node))
    except MeasurementError:
        refusal.touch()
        return None
    return folder / "query-engine"


def _is_recent(refusal: Path) -> bool:
    return refusal.exists() and time.time() - refusal.stat().st_mtime < _REFUSAL_HOLDS_S


def _download(target: Path, cli: Path, node: Node) -> None:
    """Let Prisma's CLI fetch its query engine, by asking for its version in an empty project."""
    done = subprocess.run(
        [*node.node, str(cli), "version"],
        cwd=target,
        env={**os.environ, "PRISMA_CLI_QUERY_ENGINE_TYPE": "binary", "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    modules = cli.parents[2]
    found = [path for path in sorted(modules.glob("*/**/query-engine-*")) if os.access(path, os.X_OK)]
    if done.returncode != 0 or not found:
        raise MeasurementError(f"Prisma's native engine cannot be had: {done.stderr.strip()[-500:]}")
    (target / "query-engine").symlink_to(found[0])


def _launcher(installed: Path, node: Node) -> Path:
    """An executable for the WebAssembly engine that does not depend on what PATH is where it is started."""
    script = installed / "bin" / "query-engine.mjs"
    text = f'#!/bin/sh\nexec {shlex.join(node.node)} {shlex.quote(str(script))} "$@"\n'
    return _written(installed / "query-engine", text)


def _programs(installed: Path) -> Path:
    """The ``prisma`` that a proxy starts twice before it listens: to see whether it is there, and for the drift.

    Without a schema engine that can only fail, and the real one takes three seconds each time, for its imports.
    """
    folder = installed / "programs"
    folder.mkdir(exist_ok=True)
    text = '#!/bin/sh\necho "There is no schema engine here." >&2\nexit 1\n'
    return _written(folder / "prisma", text).parent


def _written(program: Path, text: str) -> Path:
    """An executable script; written anew only where it says something else, since others may be starting it."""
    if not program.exists() or program.read_text() != text:
        unfinished = program.with_suffix(f".{os.getpid()}")
        unfinished.write_text(text)
        unfinished.chmod(unfinished.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        unfinished.replace(program)
    return program

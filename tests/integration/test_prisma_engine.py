"""The WebAssembly Prisma engine: its own tests under node, and Prisma's Python client on top of it.

Both need a real Postgres, npm's registry and PyPI (or filled caches of them).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from perf_matrix.stacks.postgres import PostgresServer

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "runner" / "perf_matrix" / "stacks" / "prisma_engine"
CASES = Path(__file__).parent / "prisma_engine"


def run(command: Sequence[str | Path], *, fails_with: str = "", **options: Any) -> str:
    """Runs a command and returns its output; on failure the output is the test's failure."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    if done.returncode:
        pytest.fail(f"{fails_with or command} failed with {done.returncode}:\n{done.stdout}", pytrace=False)
    return done.stdout


@pytest.fixture(scope="module")
def postgres_url(postgres: PostgresServer) -> str:
    """A database of its own, with pg_stat_statements, where further databases may be made."""
    postgres.create("prisma_engine")
    return postgres.url("prisma_engine")


@pytest.fixture(scope="module")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed copy of the package, made by npm's defaults and not by the user's configuration."""
    folder = tmp_path_factory.mktemp("engine") / "prisma_engine"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("node_modules"))
    npmrc = folder / "empty-npmrc"
    npmrc.touch()
    command: list[str | Path] = [
        "npm",
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--userconfig",
        npmrc,
    ]
    run(command, cwd=folder, fails_with="npm ci")
    return folder


def test_engine_under_node(engine_folder: Path, postgres_url: str) -> None:
    environment = {**os.environ, "PRISMA_ENGINE_DIR": str(engine_folder), "DATABASE_URL": postgres_url}
    tests = sorted(CASES.glob("*.test.mjs"))
    assert tests
    run(["node", "--test", *tests], env=environment, fails_with="node --test", timeout=300)


@pytest.fixture(scope="module")
def client_python(engine_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the Prisma client, generated for the test schema by the pinned Prisma CLI."""
    folder = tmp_path_factory.mktemp("client") / "venv"
    python = folder / "bin" / "python"
    packages = ["prisma==0.11.0", "pytest"]
    if shutil.which("uv"):
        run(["uv", "venv", "--quiet", "--python", sys.executable, folder])
        run(["uv", "pip", "install", "--quiet", "--python", python, *packages])
    else:
        run([sys.executable, "-m", "venv", folder])
        run([python, "-m", "pip", "install", "--quiet", *packages])
    prisma = engine_folder / "node_modules" / "prisma" / "build" / "index.js"
    # The CLI finds the Python generator on PATH, and downloads no engines where it is told of some.
    environment = {
        **client_environment(engine_folder),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    }
    run(
        ["node", prisma, "generate", "--schema", CASES / "schema.prisma"],
        env=environment,
        fails_with="prisma generate",
    )
    return python


def client_environment(engine_folder: Path) -> dict[str, str]:
    program = str(engine_folder / "bin" / "query-engine.mjs")
    engines = {
        "PRISMA_QUERY_ENGINE_BINARY": program,
        "PRISMA_SCHEMA_ENGINE_BINARY": program,
        "PRISMA_CLI_QUERY_ENGINE_TYPE": "binary",  # Else the CLI downloads the engine as a library, too.
    }
    return {**os.environ, **engines, "CHECKPOINT_DISABLE": "1", "PRISMA_HIDE_UPDATE_MESSAGE": "1"}


def test_python_client(
    engine_folder: Path, client_python: Path, postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    postgres.run_scripts("prisma_engine", [("schema.sql", (CASES / "schema.sql").read_text())])
    environment = {**client_environment(engine_folder), "DATABASE_URL": f"{postgres_url}?connection_limit=3"}
    # Away from the repository, so that its pytest settings and conftest files do not apply.
    cases = shutil.copy(CASES / "client_cases.py", tmp_path)
    command: list[str | Path] = [
        client_python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        tmp_path,
        cases,
    ]
    run(command, cwd=tmp_path, env=environment, fails_with="the Python client's cases", timeout=300)

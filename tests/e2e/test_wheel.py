"""The wheel, installed where there is no checkout: everything that a run needs came with it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import perf_matrix
from perf_matrix.tools import find_uv

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
LIMIT_S = 300


@dataclass(frozen=True)
class Installed:
    """The wheel, the command that was installed from it, and an empty folder to run it in."""

    wheel: Path
    command: Path
    empty: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.command), *arguments],
            cwd=self.empty,
            env=without_checkout(),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    uv = str(find_uv())
    call(uv, "build", "--quiet", "--wheel", "--out-dir", str(folder / "dist"), str(ROOT))
    (wheel,) = (folder / "dist").glob("*.whl")
    call(uv, "venv", "--quiet", f"--python={sys.executable}", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    call(uv, "pip", "install", "--quiet", f"--python={python}", f"{wheel}[local]")
    empty = folder / "empty"
    empty.mkdir()
    return Installed(wheel, python.with_name("perf-matrix"), empty)


def test_everything_that_a_run_needs_is_inside(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        inside = set(archive.namelist())
    package = ROOT / "runner" / "perf_matrix"
    shipped = {"matrices": "*.yml", "matrices/workloads": "*.yml", "compose": "**/*"}
    needed = {
        f"perf_matrix/_shipped/{path.relative_to(ROOT)}"
        for folder, pattern in shipped.items()
        for path in (ROOT / folder).glob(pattern)
        if path.is_file()
    }
    data = ("report/templates", "load/scripts", "stacks/prisma_engine", "stacks/postgres_package")
    needed |= {
        f"perf_matrix/{path.relative_to(package)}"
        for folder in data
        for path in (package / folder).rglob("*")
        if path.is_file() and "node_modules" not in path.parts
    }
    expected = {
        "perf_matrix/_shipped/matrices/smoke.yml",
        "perf_matrix/_shipped/matrices/workloads/proxy.yml",
        "perf_matrix/_shipped/compose/litellm/config.yaml",
        "perf_matrix/_shipped/compose/litellm/seed.sql",
        "perf_matrix/load/scripts/agent.js",
        "perf_matrix/report/templates/verdict.md.j2",
        "perf_matrix/stacks/prisma_engine/package-lock.json",
        "perf_matrix/stacks/postgres_package/package-lock.json",
    }
    assert expected <= needed, "this test looks in the wrong folders"
    assert needed - inside == set()
    assert not [name for name in inside if "node_modules" in name or name.startswith("tests")]


def test_it_runs_from_an_empty_folder(installed: Installed) -> None:
    version = installed.run("--version")
    assert (version.returncode, version.stdout.strip()) == (
        0,
        f"perf-matrix, version {perf_matrix.__version__}",
    )
    listed = installed.run("--help")
    assert listed.returncode == 0
    for command in ("compare", "run", "report"):
        assert f"\n  {command} " in listed.stdout
    explained = installed.run("compare", "--help")
    assert explained.returncode == 0
    for option in ("--matrix", "--endpoints", "--time", "--out", "--json"):
        assert option in explained.stdout
    assert list(installed.empty.iterdir()) == []


def test_the_shipped_matrix_and_workload_are_found(installed: Installed) -> None:
    done = installed.run("compare", "litellm==1.80.5", "litellm==1.81.0", "--endpoints", "chat-virtaul-key")
    assert done.returncode == 2
    assert "chat-virtual-key" in done.stderr, "the nearest endpoint of the shipped workload"
    assert list(installed.empty.iterdir()) == []


def test_a_release_that_does_not_exist_is_refused_with_its_neighbours(installed: Installed) -> None:
    done = installed.run("compare", "litellm==1.80.999", "litellm==1.80.5")
    assert done.returncode == 2
    last = done.stderr.rstrip().splitlines()[-1]
    assert "there is no release litellm==1.80.999. The nearest ones are: " in last
    assert "litellm==1.81.0" in last
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(installed.empty.iterdir()) == []


def call(*argv: str) -> None:
    done = subprocess.run(argv, env=without_checkout(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def without_checkout() -> dict[str, str]:
    """The environment, but for what leads back to the checkout or to another environment."""
    drop = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    return {name: value for name, value in os.environ.items() if name not in drop}

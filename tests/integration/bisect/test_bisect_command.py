"""``perf-matrix bisect``, ``bisect step`` and ``prepare`` as commands: what they refuse, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from perf_matrix.bisect.history.candidate import Candidate, History
from perf_matrix.bisect.store import MEASUREMENTS_FILE, create_store
from perf_matrix.bisect.unchanged import noted
from perf_matrix.record.layout import BISECT_FILE
from perf_matrix.record.lock import held
from tests.checkouts import Repository, new_repository
from tests.unit.bisect.world import line_of, request

RANGE = ("litellm==1.80.5", "litellm==1.81.3")
STOP = 128


@dataclass(frozen=True)
class Place:
    """An empty folder to work in, and a cache that is not there yet."""

    cwd: Path
    cache: Path

    def start(
        self, *arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "perf_matrix", *arguments],
            cwd=cwd or self.cwd,
            env={**os.environ, "PERF_MATRIX_CACHE": str(self.cache), "COLUMNS": "100", **(environ or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        told: str = "",
    ) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        process = self.start(*arguments, environ=environ, cwd=cwd)
        out, err = process.communicate(told, timeout=120)
        assert "Traceback" not in err
        return process.returncode, out, err

    def refused(self, *arguments: str, told: str = "") -> str:
        """What the command says when it refuses; nothing is there afterwards that was not before."""
        before = {str(path) for path in self.cwd.rglob("*")}
        code, out, err = self.run(*arguments, told=told)
        assert code == 2, err
        assert out == ""
        assert {str(path) for path in self.cwd.rglob("*")} == before
        assert not self.cache.exists()
        return err.removeprefix("perf-matrix: ").rstrip("\n")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "cwd").mkdir()
    return Place(tmp_path / "cwd", tmp_path / "cache")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = new_repository(tmp_path / "repository")
    for number in range(4):
        repository.commit(f"number {number}", {"a.py": f"{number}\n"})
    return repository


REFUSED: dict[str, tuple[Sequence[str], str]] = {
    "no ends": (
        (),
        (
            "name both ends: perf-matrix bisect litellm==1.2.3 litellm==1.3.0, "
            "or perf-matrix bisect --repo DIR GOOD BAD"
        ),
    ),
    "one end": (
        (RANGE[0],),
        (
            "name both ends: perf-matrix bisect litellm==1.2.3 litellm==1.3.0, "
            "or perf-matrix bisect --repo DIR GOOD BAD"
        ),
    ),
    "tags of no checkout": (
        (*RANGE, "--tags", "v*"),
        "--tags searches the tags of a checkout: add --repo DIR",
    ),
    "no version": (
        ("1.80.5", RANGE[1]),
        (
            "'1.80.5' is not a subject: write a release, such as litellm==1.2.3, a commit, git:REF, "
            "a folder, path:DIR, or a container image, image:NAME:TAG"
        ),
    ),
    "unknown matrix": (
        (*RANGE, "--matrix", "smok"),
        "smok: neither a file nor a shipped matrix; did you mean 'smoke'?",
    ),
    "no bisect to go on with": (
        ("--resume", "gone"),
        "gone is not the folder of a bisect: there is no bisect.json in it",
    ),
    "ends to go on with": (
        ("--resume", "gone", *RANGE),
        "--resume DIR goes on with what was asked for then: leave out GOOD and BAD",
    ),
    "options to go on with": (
        ("--resume", "gone", "--on", "chat", "--scan"),
        "--resume DIR goes on with what was asked for then: leave out --on and --scan",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(place: Place, name: str) -> None:
    arguments, expected = REFUSED[name]
    assert place.refused("bisect", *arguments) == expected


USAGE: list[tuple[Sequence[str], str]] = [
    (("--confidence", "100"), "'100' is no confidence: write a percentage from 51 to 99.9"),
    (("--confidence", "50%"), "'50%' is no confidence: write a percentage from 51 to 99.9"),
    (("--confidence", "sure"), "'sure' is no confidence: write a percentage from 51 to 99.9"),
    (("--time", "5x"), "Invalid value for '--time': '5x' is not a time"),
    (("--repo", "nowhere"), "Invalid value for '--repo': Directory 'nowhere' does not exist."),
    (("--list", "nowhere"), "Invalid value for '--list': 'nowhere': No such file or directory"),
    (("--scna",), "No such option '--scna'."),
    (("litellm==1.82.0",), "Got unexpected extra argument (litellm==1.82.0)"),
]


@pytest.mark.parametrize(("arguments", "expected"), USAGE)
def test_wrong_usage(place: Place, arguments: Sequence[str], expected: str) -> None:
    said = place.refused("bisect", *RANGE, *arguments)
    assert said.startswith("Usage: perf-matrix bisect")
    assert expected in said.splitlines()[-1]


def test_a_list_that_names_nothing(place: Place) -> None:
    assert place.refused("bisect", "--list", "-", told="# nothing\n").startswith("<stdin>")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (("--on", "chta-master"), "no endpoint matches 'chta-master'; "),
        (
            ("--on", "models/quereis"),
            "--on models/quereis: 'quereis' is not a metric; did you mean 'queries'?",
        ),
        (("--endpoints", "modles"), "no endpoint matches 'modles'; did you mean 'models'?"),
        (("--cell", "workers=*"), "no cell matches 'workers=*'; known: "),
    ],
)
def test_what_could_never_be_measured(place: Place, option: Sequence[str], expected: str) -> None:
    # A list, so that nothing is asked of an index.
    listed = "litellm==1.80.5\nlitellm==1.81.0\n"
    code, _, err = place.run("bisect", "--list", "-", *option, told=listed)
    assert code == 2, err
    assert err.splitlines()[-1].startswith(f"perf-matrix: {expected}")
    assert list(place.cwd.iterdir()) == []


def test_a_folder_that_is_taken(place: Place) -> None:
    create_store(place.cwd / "taken", request(line_of(3)))
    (place.cwd / "full").mkdir()
    (place.cwd / "full" / "notes.txt").write_text("mine")
    listed = "litellm==1.80.5\nlitellm==1.81.0\n"
    for folder, expected in (
        ("taken", "taken holds a bisect already. Go on with it (perf-matrix bisect --resume taken)"),
        ("full", "full is not empty; a bisect needs a folder of its own"),
        ("full/notes.txt", "full/notes.txt is a file; a bisect needs a folder of its own"),
    ):
        code, _, err = place.run("bisect", "--list", "-", "--out", folder, told=listed)
        assert code == 2, err
        assert err.splitlines()[-1].startswith(f"perf-matrix: {expected}")


def test_a_bisect_that_is_damaged(place: Place) -> None:
    create_store(place.cwd / "run", request(line_of(3)))
    with held(place.cwd / "run"):
        pass  # Its lock stays beside it, and what is new afterwards is looked for.
    (place.cwd / "run" / MEASUREMENTS_FILE).write_text("nothing\n")
    assert place.refused("bisect", "--resume", "run").startswith(f"run/{MEASUREMENTS_FILE}:1: ")
    (place.cwd / "run" / BISECT_FILE).write_text("{")
    assert place.refused("bisect", "--resume", "run").startswith(f"run/{BISECT_FILE}: ")


def test_a_bisect_whose_workload_has_changed(place: Place) -> None:
    matrix, workload = place.cwd / "mine.yml", place.cwd / "work.yml"
    matrix.write_text("version: 1\nworkload: work.yml\n")
    workload.write_text("version: 1\nendpoints:\n  - name: users\n    request:\n      path: /users\n")
    create_store(place.cwd / "run", noted(request(line_of(3), matrix=str(matrix))))
    with held(place.cwd / "run"):
        pass
    workload.write_text(workload.read_text().replace("/users", "/teams"))
    said = place.refused("bisect", "--resume", "run")
    assert said.startswith(f"{matrix} or its workload has changed since the bisect began: ")


def test_a_bisect_that_another_process_goes_on_with(place: Place) -> None:
    folder = place.cwd / "run"
    history = History("list", tuple(Candidate(f"litellm==1.80.{n}", f"1.80.{n}") for n in (5, 7)))
    create_store(folder, request(history))
    with held(folder):
        code, _, err = place.run("bisect", "--resume", "run")
    assert code == 2, err
    assert err.splitlines()[-1].startswith(f"perf-matrix: run is being written by process {os.getpid()} on ")
    assert not (folder / MEASUREMENTS_FILE).exists()


@pytest.mark.parametrize("command", [("bisect",), ("bisect", "step"), ("prepare",)])
def test_help_is_for_reading(place: Place, command: Sequence[str]) -> None:
    code, out, _ = place.run(*command, "--help")
    assert code == 0
    assert out.startswith(f"Usage: {' '.join(('perf-matrix', *command))}")
    assert max(map(len, out.splitlines())) <= 100
    code, short, _ = place.run(*command, "-h")
    assert (code, short) == (0, out)


STEP_USAGE: list[tuple[Sequence[str], str]] = [
    ((), "Missing option '--on'."),
    (("--on", "chat", "--bda", "x"), "No such option '--bda'."),
    (("--on", "chat", "extra"), "Got unexpected extra argument (extra)"),
    (("--on", "chat", "--backend", "podman"), "Invalid value for '--backend'"),
]


@pytest.mark.parametrize(("arguments", "expected"), STEP_USAGE)
def test_wrong_usage_of_a_step_stops_git(place: Place, arguments: Sequence[str], expected: str) -> None:
    code, out, err = place.run("bisect", "step", *arguments)
    assert code == STOP
    assert out == ""
    assert expected in err


STEP_FAILURES: list[tuple[Sequence[str], str]] = [
    (("--on", "models/queries"), "no git bisect is under way in "),
    (("--on", "models/queries", "--good", "nowhere", "--bad", "main"), "nowhere"),
    (
        ("--on", "models/quereis", "--good", "main~3", "--bad", "main"),
        "--on models/quereis: 'quereis' is not",
    ),
    (
        ("--on", "models", "--good", "main~3", "--bad", "main", "--matrix", "smok"),
        "smok: neither a file nor a shipped matrix; did you mean 'smoke'?",
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), STEP_FAILURES)
def test_what_a_step_is_told_wrong_stops_git(
    place: Place, repository: Repository, arguments: Sequence[str], expected: str
) -> None:
    code, _, err = place.run("bisect", "step", *arguments, cwd=repository.folder)
    assert code == STOP
    assert expected in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith("perf-matrix: ")


def test_a_step_outside_of_any_checkout_stops_git(place: Place) -> None:
    code, _, err = place.run("bisect", "step", "--on", "models")
    assert code == STOP
    assert err.startswith("perf-matrix: ")


def test_a_step_that_cannot_be_carried_out_stops_git(place: Place, repository: Repository) -> None:
    environ = {"PERF_MATRIX_POSTGRES_BIN": "/nowhere"}
    arguments = ("--on", "models/queries", "--good", "main~3", "--bad", "main", "--backend", "local")
    code, _, err = place.run("bisect", "step", *arguments, cwd=repository.folder, environ=environ)
    assert code == STOP
    assert "PERF_MATRIX_POSTGRES_BIN is /nowhere" in err


def test_git_bisect_run_stops(place: Place, repository: Repository) -> None:
    repository.git("bisect", "start", "main", "main~3")
    environ = {**os.environ, "PERF_MATRIX_CACHE": str(place.cache)}
    done = subprocess.run(
        ["git", "bisect", "run", sys.executable, "-m", "perf_matrix", "bisect", "step", "--on", "m/quereis"],
        cwd=repository.folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode != 0
    # It has judged nothing: of both ends git knew before.
    assert repository.git("bisect", "log").count("\ngit bisect ") == 1


def test_a_defect_of_the_program_stops_git(place: Place, tmp_path: Path) -> None:
    # An import that fails, as in a broken installation.
    (tmp_path / "broken" / "numpy").mkdir(parents=True)
    (tmp_path / "broken" / "numpy" / "__init__.py").write_text("raise RuntimeError('broken')\n")
    process = place.start(
        "bisect", "step", "--on", "models", environ={"PYTHONPATH": str(tmp_path / "broken")}
    )
    _, err = process.communicate(timeout=120)
    assert "RuntimeError: broken" in err
    assert process.returncode == STOP


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_says_how_to_go_on(place: Place, number: int, code: int) -> None:
    # What is asked for Docker hangs until it is interrupted.
    programs = place.cwd.parent / "programs"
    programs.mkdir()
    os.mkfifo(place.cwd.parent / "asked")
    docker = programs / "docker"
    docker.write_text(f"#!/bin/sh\necho asked > {place.cwd.parent / 'asked'}\nexec sleep 600\n")
    docker.chmod(0o755)
    history = History("list", tuple(Candidate(f"litellm==1.80.{n}", f"1.80.{n}") for n in (5, 7)))
    create_store(place.cwd / "a run", request(history, backend="compose"))
    environ = {"PATH": f"{programs}:{os.environ['PATH']}"}
    process = place.start("bisect", "--resume", "a run", environ=environ)
    assert (place.cwd.parent / "asked").read_text() == "asked\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err.splitlines()[-1] == (
        "Interrupted. Nothing is left running, and what was measured is kept. "
        "Go on with: perf-matrix bisect --resume 'a run'"
    )


def test_preparing_what_is_no_version(place: Place) -> None:
    assert place.refused("prepare", "1.80.5").startswith("'1.80.5' is not a subject: ")
    assert "compromised" in place.refused("prepare", "litellm==1.82.7")
    assert place.refused("prepare").splitlines()[-1] == "Error: Missing argument 'SUBJECT...'."


def test_preparing_a_release_that_does_not_exist(place: Place) -> None:
    # The engine is costly to install, so this goes by the user's own cache; nothing of this release gets into it.
    environ = {"PERF_MATRIX_CACHE": os.environ.get("PERF_MATRIX_CACHE", "")}
    code, out, err = place.run("prepare", "litellm==1.80.999", "--backend", "local", environ=environ)
    assert code == 2, err
    assert out == ""
    assert err.splitlines()[-1].startswith("perf-matrix: there is no release litellm==1.80.999. ")

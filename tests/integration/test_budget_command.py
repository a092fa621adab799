"""``perf-matrix budget`` through the real command, on recorded runs: exit codes, messages, and what is written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from perf_matrix.matrix.model import Cell, Endpoint, MatrixFile, Request
from perf_matrix.record.folder import RunFolder
from perf_matrix.record.model import (
    EpochEnd,
    EpochStart,
    Fault,
    HostInfo,
    QueryWindow,
    RunInfo,
    StatementCount,
    SubjectInfo,
)

CELL = Cell(id="default", variants={})
HOST = HostInfo(system="", machine="", cpu_model="", cpus=1, memory_bytes=0, python="", user_is_root=False)
NAMES = ("chat", "login", "models")
SUBJECT = "litellm==1.81.0"
START = EpochStart(epoch=0, started_at=0.0, ready_s={"head": 1.0}, measuring_from=1.0)
FAULT = Fault(at=1.0, message="The proxy was killed by SIGKILL.", log_tail=["starting"])


@dataclass(frozen=True)
class Place:
    """A folder with recorded runs, in which the command is run."""

    path: Path

    def run(self, *arguments: str, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run ``perf-matrix budget`` here."""
        return subprocess.run(
            [*prefix, sys.executable, "-m", "perf_matrix", "budget", *arguments],
            cwd=self.path,
            env={**os.environ, "PERF_MATRIX_CACHE": str(self.path / "cache"), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def budget(self, **statements: int) -> Path:
        """Write perf-budget.yml."""
        entries = "".join(f"  {name}: {{statements: {count}}}\n" for name, count in statements.items())
        file = self.path / "perf-budget.yml"
        file.write_text(f"version: 1\nendpoints:\n{entries}")
        return file

    def record(self, *counted: str, fault: Fault | None = None) -> None:
        """Record a run in which each of these endpoints issued one statement; one with a fault is not finished."""
        with RunFolder.create(self.path / "run", _info()) as folder:
            folder.append(CELL.id, START)
            for window in (window for name in counted for window in _windows(name)):
                folder.append(CELL.id, window)
            folder.append(CELL.id, fault or EpochEnd(epoch=0, ended_at=2.0))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _info() -> RunInfo:
    return RunInfo(
        perf_matrix="0.1.0",
        command="budget",
        started_at=0.0,
        seed=1,
        subjects={"head": SubjectInfo(spec=SUBJECT, version="1.81.0")},
        instruments=["queries"],
        arguments=[SUBJECT, "--matrix", "smoke"],
        matrix=MatrixFile.model_validate({"version": 1, "workload": "w.yml"}),
        endpoints=[Endpoint(name=name, request=Request(path=f"/{name}")) for name in NAMES],
        known_endpoints=list(NAMES),
        cells=[CELL],
        host=HOST,
    )


def _windows(name: str) -> list[QueryWindow]:
    return [
        QueryWindow(
            epoch=0,
            endpoint=name,
            arm="head",
            kind="warm",
            requests=requests,
            seconds=1.0,
            statements=[StatementCount(text="SELECT 1", calls=requests, rows=0, exec_ms=0.1)],
            evicted=False,
        )
        for requests in (4, 7)
    ]


def test_a_run_that_is_within_its_budget(place: Place) -> None:
    place.record(*NAMES)
    place.budget(chat=1, login=1, models=1)
    done = place.run("check", "--from", "run")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"WITHIN BUDGET: {SUBJECT} keeps to perf-budget.yml on 3 endpoints.")


@pytest.mark.parametrize("counted", [(), ("chat",)])
def test_a_measurement_that_broke_off_passes_no_check(place: Place, counted: Sequence[str]) -> None:
    place.record(*counted, fault=FAULT)
    place.budget(chat=1, login=1)
    done = place.run("check", "--from", "run")
    assert done.returncode == 3
    assert done.stderr == (
        "perf-matrix: the counting was not finished, go on with: perf-matrix run --resume run\n"
        "The proxy was killed by SIGKILL. The last lines of its log:\n  | starting\n"
    )


def test_a_measurement_that_broke_off_writes_no_budget(place: Place) -> None:
    place.record("chat", fault=FAULT)
    assert place.run("update", "--from", "run").returncode == 3
    assert not (place.path / "perf-budget.yml").exists()


def test_a_budget_without_entries_is_not_written(place: Place) -> None:
    place.record()
    done = place.run("update", "--from", "run")
    assert done.returncode == 3
    assert "no endpoint was counted exactly: no file is written" in done.stderr
    assert not (place.path / "perf-budget.yml").exists()


def test_what_was_chosen_and_not_counted_fails_and_what_was_left_out_does_not(place: Place) -> None:
    place.record("chat")
    place.budget(chat=1, login=1)
    done = place.run("check", "--from", "run")
    assert done.returncode == 3
    assert "login (GET /login): not measured\n    nothing was recorded of it\n" in done.stderr
    left_out = place.run("check", "--from", "run", "--endpoints", "chat")
    assert left_out.returncode == 0
    assert "Not measured this time: login." in left_out.stderr


def test_only_what_was_chosen_is_missed_in_the_budget(place: Place) -> None:
    place.record(*NAMES)
    place.budget(chat=1)
    done = place.run("check", SUBJECT, "--from", "run", "--endpoints", "chat,login")
    assert done.returncode == 0
    assert "Warning: no budget for login. To add one:\n" in done.stderr
    assert f"  perf-matrix budget update {SUBJECT} --from run --endpoints login\n" in done.stderr
    assert "models" not in done.stderr


@pytest.mark.parametrize("option", ["matrix", "out"])
@pytest.mark.parametrize("command", ["check", "update"])
def test_options_for_measuring_are_refused_where_nothing_is_measured(
    place: Place, command: str, option: str
) -> None:
    place.record(*NAMES)
    done = place.run(command, "--from", "run", f"--{option}", "smoke")
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"perf-matrix: --{option} says how to measure, and --from DIR measures nothing"
    )


def test_a_budget_that_cannot_be_written_is_refused_before_anything_is_started(place: Place) -> None:
    done = place.run("update", SUBJECT, "--budget", "gone/perf-budget.yml")
    assert done.returncode == 2
    assert "gone/perf-budget.yml: cannot be written: No such file or directory" in done.stderr
    assert list(place.path.iterdir()) == []


def test_where_writing_fails_the_counts_are_kept_and_the_way_to_write_them_is_said(place: Place) -> None:
    place.record(*NAMES)
    no_space = ("bash", "-c", 'ulimit -f 0; exec "$@"', "bash")
    done = place.run("update", "--from", "run", "--endpoints", "chat,log*", prefix=no_space)
    assert done.returncode == 3
    assert "perf-budget.yml: cannot be written: " in done.stderr
    assert done.stderr.endswith(
        "The counts are kept; when the cause is removed: "
        "perf-matrix budget update --from run --endpoints 'chat,log*'\n"
    )
    assert [path.name for path in place.path.iterdir()] == ["run"]


def test_an_update_goes_through_a_link(place: Place) -> None:
    place.record(*NAMES)
    (place.path / "perf-budget.yml").symlink_to("ci.yml")
    assert place.run("update", "--from", "run").returncode == 0
    assert (place.path / "perf-budget.yml").readlink() == Path("ci.yml")
    assert "  login: {statements: 1}" in (place.path / "ci.yml").read_text()


def test_a_new_budget_names_the_version_and_no_folder_of_this_machine(place: Place) -> None:
    place.record(*NAMES)
    assert place.run("update", "--from", "run").returncode == 0
    text = (place.path / "perf-budget.yml").read_text()
    assert f"# First written by: perf-matrix budget update {SUBJECT}\n" in text


@pytest.mark.parametrize("command", [(), ("check",), ("update",)])
def test_help_is_for_reading(place: Place, command: Sequence[str]) -> None:
    done = place.run(*command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: {' '.join(('perf-matrix', 'budget', *command))}")
    assert max(map(len, done.stdout.splitlines())) <= 100

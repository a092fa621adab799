"""The scripts of the actions: inputs become options, exit codes become outputs, mistakes are told."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from perf_matrix.cli import cli
from perf_matrix.compare.model import Comparison
from tests.integration.action.shell import Runner, new_runner
from tests.integration.record.test_merge import write
from tests.unit.record.runners import FOUR, ONE, OTEL_ONE, measured, run

NOTHING = {
    "INPUT_MATRIX": "",
    "INPUT_CELLS": "",
    "INPUT_ENDPOINTS": "",
    "INPUT_METRICS": "",
    "INPUT_TIME": "",
}
MEASURE = {
    **NOTHING,
    "BASE": "git:1111",
    "HEAD": "git:2222",
    "FOLDER": "/does/not/matter",
    "DIFF": "",
    "INPUT_POSTGRES_IMAGE": "",
    "INPUT_BASE_IMAGE": "",
}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return new_runner(tmp_path, os.environ["PATH"])


def test_what_is_empty_is_left_to_the_command(runner: Runner) -> None:
    runner.stand_in()
    folder = str(runner.folder / "run")

    done = runner.run("measure.sh", **MEASURE | {"FOLDER": folder})

    assert done.exit_code == 0
    (call,) = runner.calls()
    assert call.arguments == ["compare", f"--out={folder}", "--", "git:1111", "git:2222"]


def test_every_input_becomes_an_option_that_the_command_knows(runner: Runner) -> None:
    runner.stand_in()
    diff = runner.folder / "change.diff"
    diff.write_text("a diff")
    given = {
        "BASE": "--help",
        "HEAD": "git:$(touch /tmp/x) `id`",
        "FOLDER": str(runner.folder / "with a space"),
        "DIFF": str(diff),
        "INPUT_MATRIX": "my matrix.yml",
        "INPUT_CELLS": "callbacks=none,*\n\n  workers=four  \n",
        "INPUT_ENDPOINTS": "chat-*,models\n--json",
        "INPUT_METRICS": "queries,p50",
        "INPUT_TIME": "6m",
    }

    assert runner.run("measure.sh", **MEASURE | given).exit_code == 0

    (call,) = runner.calls()
    context = cli.commands["compare"].make_context("compare", call.arguments[1:])
    chosen = context.params
    assert (chosen["base"], chosen["head"]) == (given["BASE"], given["HEAD"])
    assert chosen["matrix"] == "my matrix.yml"
    assert chosen["cells"] == ("callbacks=none,*", "workers=four")
    assert chosen["endpoints"] == ("chat-*,models", "--json")
    assert chosen["metrics"] == ("queries", "p50")
    assert chosen["time_s"] == 360.0
    assert chosen["out"] == Path(given["FOLDER"])
    assert chosen["diff"].name == str(diff)
    assert chosen["as_json"] is False


@pytest.mark.parametrize("exit_code", [0, 1, 3, 4])
def test_what_can_be_published_goes_on(runner: Runner, exit_code: int) -> None:
    runner.stand_in(exit_code=exit_code)

    done = runner.run("measure.sh", **MEASURE | {"FOLDER": str(runner.folder / "run")})

    assert done.exit_code == 0
    assert done.outputs == {"exit-code": str(exit_code)}


@pytest.mark.parametrize("exit_code", [2, 130, 143])
def test_wrong_input_and_interruptions_fail_at_once(runner: Runner, exit_code: int) -> None:
    runner.stand_in(exit_code=exit_code)

    done = runner.run("measure.sh", **MEASURE | {"FOLDER": str(runner.folder / "run")})

    assert done.exit_code == exit_code
    assert done.outputs == {"exit-code": str(exit_code)}


def test_what_is_measured_gets_neither_a_token_nor_the_files_of_the_runner(runner: Runner) -> None:
    runner.stand_in()
    tokens = dict.fromkeys(
        ("GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN"), "secret-4711"
    )

    runner.run("measure.sh", **MEASURE | tokens | {"FOLDER": str(runner.folder / "run"), "MINE": "kept"})

    (call,) = runner.calls()
    assert "secret-4711" not in json.dumps(call.environ)
    files = {"GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"}
    assert files & set(call.environ) == set()
    assert call.environ["MINE"] == "kept"


@pytest.mark.parametrize(
    ("given", "expected"), [("", "postgres:of-the-job"), ("postgres:of-the-input", "postgres:of-the-input")]
)
def test_an_image_of_the_input_counts_before_that_of_the_job(
    runner: Runner, given: str, expected: str
) -> None:
    runner.stand_in()
    images = {
        "POSTGRES_IMAGE": "postgres:of-the-job",
        "INPUT_POSTGRES_IMAGE": given,
        "INPUT_BASE_IMAGE": given,
    }

    runner.run("measure.sh", **MEASURE | images | {"FOLDER": str(runner.folder / "run")})

    (call,) = runner.calls()
    assert call.environ["POSTGRES_IMAGE"] == expected
    assert call.environ.get("BASE_IMAGE", "") == given


@pytest.fixture
def real(tmp_path: Path) -> Runner:
    """A runner with the real `perf-matrix`."""
    return new_runner(tmp_path, f"{Path(sys.executable).parent}:{os.environ['PATH']}")


def test_the_plan_is_the_job_matrix_of_the_chosen_cells(real: Runner) -> None:
    done = real.run(
        "plan.sh", **NOTHING | {"INPUT_MATRIX": "pr", "INPUT_CELLS": "workers=four\ncallbacks=none,*"}
    )

    assert done.exit_code == 0, done.text
    planned = json.loads(done.outputs["matrix"])["include"]
    assert [job["cell"] for job in planned] == [
        "callbacks=none,workers=one,scale=small",
        "workers=four,scale=issue",
    ]


def test_a_matrix_that_is_not_there_fails_the_plan(real: Runner) -> None:
    done = real.run("plan.sh", **NOTHING | {"INPUT_MATRIX": "nightyl"})

    assert done.exit_code == 2
    assert done.outputs == {}
    assert "nightly" in done.text


@pytest.mark.parametrize(
    ("planned", "verdict"),
    [
        pytest.param([ONE, FOUR], "pass", id="all-there"),
        pytest.param([ONE, FOUR, OTEL_ONE], "invalid", id="one-lost"),
    ],
)
def test_parts_are_merged_by_the_plan_and_compared(real: Runner, planned: list[str], verdict: str) -> None:
    parts = real.folder / "parts"
    write(parts / f"perf-matrix-default.{ONE}", run(measured(ONE)))
    write(parts / f"perf-matrix-default.{FOUR}", run(measured(FOUR, seed=2)))
    plan = json.dumps({"include": [{"cell": cell} for cell in planned]})

    done = real.run("merge.sh", PLAN=plan, PARTS=str(parts))

    assert done.exit_code == 0, done.text
    folder = Path(done.outputs["folder"])
    assert folder.is_relative_to(real.temp)
    comparison = Comparison.model_validate_json((folder / "comparison.json").read_text())
    assert comparison.verdict == verdict
    assert [cell.id for cell in comparison.cells] == planned


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        pytest.param("", "The job that plans the cells has failed", id="no-plan"),
        pytest.param("{}", "None of the jobs that measure the cells has uploaded anything", id="no-cell"),
    ],
)
def test_without_a_plan_or_any_cell_the_report_fails(runner: Runner, plan: str, said: str) -> None:
    runner.stand_in()

    done = runner.run("merge.sh", PLAN=plan, PARTS=str(runner.folder / "parts"))

    assert done.exit_code == 3
    assert done.text.startswith("::error title=perf-matrix: ")
    assert said in done.text
    assert runner.calls() == []


def test_a_merge_that_fails_ends_it(runner: Runner) -> None:
    runner.stand_in(exit_code=2, fails=("merge",))
    (runner.folder / "parts" / "one").mkdir(parents=True)
    (runner.folder / "parts" / "one" / "run.json").touch()

    done = runner.run("merge.sh", PLAN="{}", PARTS=str(runner.folder / "parts"))

    assert done.exit_code == 2
    assert [call.arguments[0] for call in runner.calls()] == ["merge"]


def test_a_value_that_is_not_known_is_told_with_those_that_are(runner: Runner) -> None:
    assert runner.run("one-of.sh", "comment", "on-change", "always", "on-change", "never").exit_code == 0

    done = runner.run("one-of.sh", "comment", "nevr", "always", "on-change", "never")

    assert done.exit_code == 2
    assert done.text == (
        "::error title=perf-matrix: wrong input::comment: 'nevr' is not known. "
        "Write one of: always on-change never.\n"
    )

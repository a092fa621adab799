"""``perf-matrix merge`` and what comes after it, as the report job of a workflow calls them."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from perf_matrix.cli import cli
from perf_matrix.commands.merge import merge
from perf_matrix.compare.model import Comparison
from perf_matrix.errors import InputError
from perf_matrix.matrix.read import read_matrix
from perf_matrix.record.model import SubjectInfo
from perf_matrix.shipped import shipped
from tests.integration.record.test_merge import write
from tests.unit.record.runners import FOUR, ONE, OTEL_ONE, host, measured, run

DOCS = (Path(__file__).parents[3] / "docs" / "MATRIX.md").read_text(encoding="utf-8")
SECTION = DOCS.partition("\n### Cells on many machines\n")[2].partition("\n### ")[0]
PLAN = json.dumps(
    {"include": [{"cell": ONE, "name": "one", "seconds": 9}, {"cell": FOUR, "workers": "four"}]}
)


def called(*arguments: str | Path, plan: str | None = None) -> Result:
    return CliRunner().invoke(merge, [str(word) for word in arguments], input=plan, catch_exceptions=False)


def refusal(*arguments: str | Path, plan: str | None = None) -> str:
    with pytest.raises(InputError) as raised:
        called(*arguments, plan=plan)
    assert raised.value.exit_code == 2
    return str(raised.value)


def reported(folder: Path) -> tuple[int, Comparison, str]:
    """The exit code of the report, comparison.json and report.md."""
    done = CliRunner(env={"COLUMNS": "120"}).invoke(cli, ["report", str(folder)], catch_exceptions=False)
    text = (folder / "comparison.json").read_text()
    return done.exit_code, Comparison.model_validate_json(text), (folder / "report.md").read_text()


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write(tmp_path / "results" / "perf-one", run(measured(ONE)))
    write(tmp_path / "results" / "perf-four", run(measured(FOUR, seed=2), host=host("Another CPU", 2)))
    return tmp_path / "results"


def test_a_merged_run_is_reported_as_any_other(results: Path) -> None:
    out = results.parent / "run"
    done = called(results, "--plan", "-", "--out", out, plan=PLAN)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"Merged 2 cells from 2 runs into {out}. Its report: perf-matrix report {out}\n"
    code, comparison, text = reported(out)
    assert (code, comparison.verdict) == (0, "pass")
    assert [(cell.id, cell.verdict) for cell in comparison.cells] == [(ONE, "pass"), (FOUR, "pass")]
    assert "on 2 runners together" in text
    assert f"--cell {ONE} --cell {FOUR}" in text
    assert reported(out) == (code, comparison, text)


def test_a_lost_runner_ends_with_exit_code_3(results: Path) -> None:
    shutil.rmtree(results / "perf-four")
    out = results.parent / "run"
    done = called(results, "--plan", "-", "--out", out, plan=PLAN)
    assert done.stderr.startswith(f"{FOUR}: no result came from its runner: ")
    code, comparison, text = reported(out)
    assert (code, comparison.verdict) == (3, "invalid")
    assert "no result came from its runner" in text
    assert FOUR in text


def test_a_regression_elsewhere_is_not_hidden_by_a_lost_runner(results: Path) -> None:
    shutil.rmtree(results / "perf-four")
    shutil.rmtree(results / "perf-one")
    write(results / "perf-one", run(measured(ONE, statements=9)))
    called(results, "--plan", "-", "--out", results.parent / "run", plan=PLAN)
    assert reported(results.parent / "run")[0] == 1


def test_a_report_that_is_read_says_which_machines_there_were(results: Path) -> None:
    write(results / "perf-otel", run(measured(OTEL_ONE, effect=1.5)))
    called(results, "--out", results.parent / "run")
    _, comparison, text = reported(results.parent / "run")
    assert list(comparison.hosts) == [ONE, FOUR, OTEL_ONE]
    line = next(line for line in text.splitlines() if line.startswith("- Host: "))
    assert line.startswith("- Host: 2 kinds of machine: Linux x86")
    assert line.index("Invented CPU 9000 (4 CPUs)") < line.index("Another CPU (2 CPUs)")


def test_without_a_plan_what_is_there_is_all(results: Path) -> None:
    done = called(results / "perf-one", "--out", results.parent / "run")
    assert done.stderr.startswith("Merged 1 cell from 1 run into ")
    assert reported(results.parent / "run")[0] == 0


def test_a_merged_run_cannot_be_resumed(results: Path) -> None:
    out = results.parent / "run"
    called(results, "--out", out)
    with pytest.raises(InputError) as raised:
        CliRunner().invoke(cli, ["run", "--resume", str(out)], catch_exceptions=False)
    assert str(raised.value) == (
        f"{out} was merged from the runs of several machines and cannot be resumed: run the jobs again whose"
        " cells are not finished, then merge again"
    )


def test_no_run_at_all_says_where_it_looked(tmp_path: Path) -> None:
    (tmp_path / "empty" / "deep").mkdir(parents=True)
    places = (tmp_path / "empty", tmp_path / "missing")
    for plan in (None, PLAN):
        asked = ["--plan", "-"] if plan else []
        said = refusal(*places, *asked, "--out", tmp_path / "run", plan=plan)
        assert said.startswith(
            f"no run folder (one with a run.json) in {places[0]}, {places[1]}, nor up to two"
        )
    assert not (tmp_path / "run").exists()


def test_a_folder_without_a_run_is_a_mistake_where_no_plan_tells_what_is_missing(results: Path) -> None:
    (results / "perf-one" / "run.json").unlink()
    places = (results / "perf-one", results / "perf-four")
    said = refusal(*places, "--out", results.parent / "run")
    assert said.startswith(f"no run folder (one with a run.json) in {places[0]}, nor")
    done = called(*places, "--plan", "-", "--out", results.parent / "run", plan=PLAN)
    assert done.stderr.startswith(f"{ONE}: no result came from its runner")


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("", "EOF while parsing"),
        ("{}", "include: Field required"),
        ('{"include": []}', "include: List should have at least 1 item"),
        ('{"include": [{"name": "x"}]}', "include.0.cell: Field required"),
        ('["x"]', "should be an object"),
        ("[" * 100_000, "recursion limit"),
    ],
)
def test_what_is_no_plan_is_refused(results: Path, plan: str, words: str) -> None:
    said = refusal(results, "--plan", "-", "--out", results.parent / "run", plan=plan)
    assert said.startswith("--plan: ")
    assert words in said
    assert said.endswith('It must be what perf-matrix plan --json printed: {"include": [{"cell": "…"}]}')


def test_a_plan_may_be_a_file_and_name_a_cell_twice(results: Path) -> None:
    plan = results.parent / "plan.json"
    plan.write_text(json.dumps({"include": [{"cell": each} for each in (FOUR, ONE, OTEL_ONE, ONE)]}))
    done = called(results, "--plan", plan, "--out", results.parent / "run")
    assert "Merged 3 cells from 2 runs" in done.stderr


def test_a_later_attempt_is_told(results: Path) -> None:
    write(results / "perf-one-2", run(measured(ONE, seed=3), started_at=1_764_000_100.0, seed=8))
    done = called(results, "--out", results.parent / "run")
    note = f"{ONE}: its job ran 2 times; its last result is taken"
    assert done.stderr.startswith(f"{note}\n")
    assert note in reported(results.parent / "run")[2]


def test_the_folder_to_write_is_looked_at_first(results: Path) -> None:
    assert "holds a run already" in refusal(results, "--out", results / "perf-one")
    assert called(results).exit_code == 2
    assert called("--out", results.parent / "run").exit_code == 2


def test_the_commands_of_the_docs_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan, compare, merging, report = [
        shlex.split(line) for line in SECTION.splitlines() if line.startswith("perf-matrix ")
    ]
    assert plan[-2:] == [">", "plan.json"]
    Path("plan.json").write_text(CliRunner().invoke(cli, plan[1:-2]).stdout)
    (cell,), out = values("--cell", compare), Path(*values("--out", compare))
    matrix = read_matrix(shipped("matrices/pr.yml"))
    specs = dict(zip(("base", "head"), compare[2:4], strict=True))
    subjects = {arm: SubjectInfo(spec=spec, version="1") for arm, spec in specs.items()}
    write(out, run(measured(cell, matrix=matrix), matrix=matrix, subjects=subjects))
    done = called(*merging[2:])
    assert "Merged 3 cells from 1 run into run." in done.stderr
    assert done.stderr.count("no result came from its runner") == 2
    assert reported(Path(report[-1]))[0] == 3


def values(option: str, words: Sequence[str]) -> list[str]:
    return [value for word, value in pairwise(words) if word == option]

"""``perf-matrix plan``: what it lists, what it is on one line for a workflow, and what the shipped files say of it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from perf_matrix.cli import cli
from perf_matrix.errors import InputError
from perf_matrix.experiment.forecast import OVERHEAD_S
from perf_matrix.matrix.cells import unfold
from perf_matrix.matrix.checks import MAX_CELLS
from perf_matrix.matrix.read import read_matrix
from perf_matrix.shipped import shipped

SHIPPED = sorted(shipped("matrices").glob("*.yml"))
DOCS = (Path(__file__).parents[3] / "docs" / "MATRIX.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"^\$ perf-matrix plan (.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
WORKLOAD = """\
version: 1
endpoints:
  - {name: chat, request: {path: /chat}}
  - {name: users, request: {path: /users}, rows: {of: user, count: users.#}}
"""
MATRIX = """\
version: 1
workload: workload.yml
axes:
  callbacks: {none: {}, otel: {}}
  workers: {one: {}, four: {}}
exclude: [{callbacks: otel}]
include: [{callbacks: otel}]
time: 5m
epochs: 3
"""


def planned(*arguments: str, columns: int = 100) -> str:
    """What it prints on standard output."""
    done = CliRunner(env={"COLUMNS": str(columns)}).invoke(cli, ["plan", *arguments], catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def matrix(tmp_path: Path) -> str:
    (tmp_path / "workload.yml").write_text(WORKLOAD)
    (tmp_path / "matrix.yml").write_text(MATRIX)
    return str(tmp_path / "matrix.yml")


def jobs(*arguments: str) -> list[dict[str, Any]]:
    (line,) = planned("--json", *arguments).splitlines()
    said = json.loads(line)
    assert list(said) == ["include"]
    found: list[dict[str, Any]] = said["include"]
    return found


def test_the_table(matrix: str) -> None:
    assert planned("--matrix", matrix) == (
        "cell                         callbacks    workers    measuring    altogether\n"
        "---------------------------  -----------  ---------  -----------  ------------\n"
        "callbacks=none,workers=one   none         one        4 min 24 s   5 min 20 s\n"
        "callbacks=none,workers=four  none         four       4 min 24 s   5 min 20 s\n"
        "callbacks=otel               otel         —          4 min 24 s   5 min 20 s\n"
        "\n"
        "3 cells, one after the other: 16 min 00 s, 13 min 12 s of it measuring.\n"
        "Estimated: a cell takes all of its time, 3 starts of 12 s included, and 20 s for installing, seeding\n"
        "and stopping.\n"
    )


def test_where_it_is_too_narrow_the_names_are_left_out_and_it_is_told_how_they_are_made(matrix: str) -> None:
    said = planned("--matrix", matrix, columns=76)
    assert said.startswith("callbacks    workers    measuring    altogether\n")
    assert "\nA cell is called by its variants, such as callbacks=none,workers=one.\n" in said
    assert max(map(len, said.splitlines())) <= 76


def test_a_matrix_without_axes_has_one_cell() -> None:
    head, _, row, _, total, *_ = planned("--matrix", "smoke", columns=30).splitlines()
    assert (head.split(), row.split()[0]) == (["cell", "measuring", "altogether"], "default")
    assert total == "1 cell: 4 min 50 s, 3 min 54 s of it measuring."


def test_a_second_scale_is_one_more_start(matrix: str) -> None:
    Path(matrix).write_text(MATRIX + "second_scale: {users: 80}\n")
    assert "4 starts of 12 s included" in planned("--matrix", matrix, "--time", "10m")
    assert "3 starts of 12 s included" in planned("--matrix", matrix, "--endpoints", "chat")


def test_counting_alone_takes_what_is_assumed_of_it(matrix: str) -> None:
    said = planned("--matrix", matrix, "--metrics", "queries")
    # A start of 12 s and half a second for each of two endpoints.
    assert "3 cells, one after the other: 1 min 39 s, 3.0 s of it measuring." in said
    assert "Estimated, on the low side: 1 start of 12 s" in said


def test_cells_are_chosen(matrix: str) -> None:
    assert [job["cell"] for job in jobs("--matrix", matrix, "--cell", "callbacks=none,*")] == [
        "callbacks=none,workers=one",
        "callbacks=none,workers=four",
    ]


def test_the_job_matrix_of_a_workflow(matrix: str) -> None:
    assert jobs("--matrix", matrix, "--time", "90s") == [
        {
            "cell": "callbacks=none,workers=one",
            "name": "none,one",
            "seconds": 90 + OVERHEAD_S,
            "callbacks": "none",
            "workers": "one",
        },
        {
            "cell": "callbacks=none,workers=four",
            "name": "none,four",
            "seconds": 90 + OVERHEAD_S,
            "callbacks": "none",
            "workers": "four",
        },
        {"cell": "callbacks=otel", "name": "otel", "seconds": 90 + OVERHEAD_S, "callbacks": "otel"},
    ]


def test_seconds_are_whole_and_enough(matrix: str) -> None:
    (seconds,) = {job["seconds"] for job in jobs("--matrix", matrix, "--time", "90.2s")}
    assert (type(seconds), seconds) == (int, 91 + OVERHEAD_S)


def test_names_that_would_be_the_same_are_the_cells(matrix: str) -> None:
    axes = "axes: {a: {x: {}, y: {}}, b: {x: {}, z: {}}}\nexclude: [{a: x}, {a: y}]\n"
    include = "include: [{a: x}, {b: x}, {b: z}]\n"
    Path(matrix).write_text("version: 1\nworkload: workload.yml\n" + axes + include)
    assert [job["name"] for job in jobs("--matrix", matrix)] == ["a=x", "b=x", "z"]


def test_an_axis_cannot_hide_what_every_job_has(matrix: str) -> None:
    Path(matrix).write_text("version: 1\nworkload: workload.yml\naxes: {cell: {x: {}}, seconds: {y: {}}}\n")
    (job,) = jobs("--matrix", matrix)
    assert job == {"cell": "cell=x,seconds=y", "name": "x,y", "seconds": 360 + OVERHEAD_S}


def test_what_is_wrong_is_said_as_by_the_commands_that_measure(matrix: str) -> None:
    with pytest.raises(InputError, match="time: 20s is too short for 8 blocks"):
        planned("--matrix", matrix, "--time", "20s")
    with pytest.raises(InputError, match="no cell matches 'workers=two'"):
        planned("--matrix", matrix, "--cell", "workers=two")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_matrix_says_how_long_it_takes(path: Path) -> None:
    comment = re.sub(r"\n# ?", " ", path.read_text().partition("\nversion:")[0])
    assert f"perf-matrix plan --matrix {path.stem})" in comment
    said = planned("--matrix", path.stem)
    (total,) = re.findall(r"^\d+ cells?.*: (.+), .+ of it measuring\.$", said, re.MULTILINE)
    figures = re.findall(r"\d+ (?:h|min) \d+ (?:min|s)", comment)
    assert total in figures
    assert all(figure in said for figure in figures)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_matrix_has_jobs_enough_for_github(path: Path) -> None:
    found = jobs("--matrix", path.stem)
    assert [job["cell"] for job in found] == [cell.id for cell in unfold(read_matrix(path))]
    assert len(found) <= MAX_CELLS
    assert len({job["name"] for job in found}) == len(found)


def test_a_pull_request_waits_at_most_twenty_minutes() -> None:
    assert sum(job["seconds"] for job in jobs("--matrix", "pr")) <= 20 * 60


def test_the_docs_show_it() -> None:
    assert len(CONSOLE) == 2


@pytest.mark.parametrize("shown", CONSOLE, ids=lambda shown: shown.splitlines()[0])
def test_what_the_docs_show_is_what_is_printed(shown: str) -> None:
    command, _, output = shown.partition("\n")
    assert planned(*shlex.split(command)) == output


def test_the_docs_list_every_shipped_matrix_with_its_figures() -> None:
    rows = re.findall(
        r"^\| \[`(\w+)`\]\(\.\./matrices/\w+\.yml\) \|.*\| (\d+) \| (.+) \|$", DOCS, re.MULTILINE
    )
    assert {name for name, *_ in rows} == {path.stem for path in SHIPPED}
    for name, cells, total in rows:
        said = planned("--matrix", name)
        assert re.search(rf"^{cells} cells?(, one after the other)?: {total}, ", said, re.MULTILINE)

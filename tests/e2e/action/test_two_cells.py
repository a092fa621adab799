"""The reusable workflow: a plan, a job for each cell, a report that knows which cells there had to be."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from perf_matrix.compare.model import Comparison
from tests.actions_runner.events import opened
from tests.actions_runner.outcome import Outcome
from tests.actions_runner.repositories import NUMBER, shallow_checkout, small_origin
from tests.actions_runner.runner import Runner
from tests.e2e.command import BASE, HEAD
from tests.github_api.server import FakeGitHub

from .workflows import ENDPOINT, MAY_COMMENT, TOKEN, machine_with, outputs_seen_by

pytestmark = pytest.mark.e2e

_MATRIX_FILE = ".github/perf.yml"
_MATRIX = """\
version: 1
target: litellm
workload: workloads/proxy.yml
scale: {models: 50, users: 50, keys: 200, teams: 10, mcp_servers: 3}
axes:
  salt:
    short: {env: {LITELLM_SALT_KEY: sk-one}}
    long: {env: {LITELLM_SALT_KEY: sk-another-one-which-is-longer}}
time: 2m
"""
_CELLS = ("salt=short", "salt=long")
_WORKFLOW = """
    on: pull_request
    jobs:
      perf:
        permissions:
          contents: read
          pull-requests: write
          checks: write
        uses: perf-matrix/perf-matrix/.github/workflows/perf-matrix.yml@v1
        with:
          base: {base}
          head: {head}
          matrix: {matrix}
          endpoints: {endpoint}
          metrics: queries
          backend: local
          fail-on: {fail_on}
      after:
        needs: perf
        if: always()
        runs-on: ubuntu-latest
        steps:
          - id: after
            env: {{OUTPUTS: "${{{{ toJSON(needs.perf.outputs) }}}}"}}
            run: echo "$OUTPUTS"
"""


@dataclass(frozen=True)
class Site:
    """A pull request whose repository has the matrix file, the local GitHub, and a machine."""

    api: FakeGitHub
    machine: Runner

    def run(self, head: str, fail_on: str, **chosen: str) -> Outcome:
        """Run the workflow; with ``chosen`` values of the matrix only, the other cells are lost."""
        workflow = dedent(_WORKFLOW).format(
            base=BASE, head=head, matrix=_MATRIX_FILE, endpoint=ENDPOINT, fail_on=fail_on
        )
        event = opened(self.api.state, NUMBER)
        return self.machine.run(workflow, event, token=TOKEN, cells=chosen)


@pytest.fixture(scope="module")
def site(action: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    scratch = tmp_path_factory.mktemp("cells")
    proposed = small_origin(scratch / "origin", {_MATRIX_FILE: _MATRIX})
    workspace = shallow_checkout(proposed, scratch / "workspace")
    with (
        FakeGitHub(proposed.state(), {TOKEN: MAY_COMMENT}) as api,
        machine_with(api, workspace, action) as machine,
    ):
        yield Site(api, machine)


def test_every_cell_has_a_job_and_the_report_one_comment_and_one_verdict(site: Site) -> None:
    site.api.state.comments.clear()
    # After a called workflow that failed, act runs no other job: its outputs could not be seen.
    outcome = site.run(HEAD, fail_on="never")
    assert outcome.exit_code == 0, outcome.log
    cells = outcome.jobs_of("cells")
    assert [job.matrix["cell"] for job in cells] == list(_CELLS), outcome.log
    assert {job.steps[-1].result for job in cells} == {"success"}
    assert not any(step.path[-1] == "publish" for job in cells for step in job.steps)
    report = outcome.job("report")
    assert report.name.endswith("/perf-matrix")
    (comment,) = site.api.state.comments_of(NUMBER)
    for text in (comment.body, report.summary):
        assert all(cell.partition("=")[2] in text for cell in _CELLS)
        assert ENDPOINT in text
    merged = _comparison_in(outcome)
    assert [(cell.id, cell.verdict) for cell in merged.cells] == [(id_, "regression") for id_ in _CELLS]
    outputs = outputs_seen_by(outcome.job("after"))
    assert (outputs["verdict"], outputs["regressions"]) == ("regression", str(len(merged.findings)))
    assert outputs["exit-code"] == "0"
    assert outputs["comment-url"].endswith(f"#issuecomment-{comment.id}")
    assert set(outcome.artifacts) == {
        "perf-matrix-default",
        *(f"perf-matrix-default.{id_}" for id_ in _CELLS),
    }
    assert site.api.violations == []
    assert outcome.left_behind == ()


def test_a_cell_that_is_lost_with_its_runner_is_invalid_and_never_green(site: Site) -> None:
    outcome = site.run(BASE, fail_on="regression", cell=_CELLS[0])
    assert [job.matrix["cell"] for job in outcome.jobs_of("cells")] == [_CELLS[0]], outcome.log
    assert outcome.exit_code == 1
    assert outcome.job("report").result == "failure"
    merged = _comparison_in(outcome)
    assert {cell.id: cell.verdict for cell in merged.cells} == {_CELLS[0]: "pass", _CELLS[1]: "invalid"}
    assert outcome.job("report").step("report").outputs["exit-code"] == "3"
    (comment,) = site.api.state.comments_of(NUMBER)
    assert _CELLS[1].partition("=")[2] in comment.body
    assert site.api.violations == []


def _comparison_in(outcome: Outcome) -> Comparison:
    with zipfile.ZipFile(outcome.artifacts["perf-matrix-default"]) as archive:
        return Comparison.model_validate_json(archive.read("comparison.json"))

"""The action on a pull request, as a workflow uses it: it measures, comments, keeps the run, fails the check."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from perf_matrix.compare.model import Comparison
from perf_matrix.report.marker import read_marker
from tests.actions_runner.events import Event, opened, synchronized
from tests.actions_runner.outcome import Job, Outcome
from tests.actions_runner.pins import CHECKOUT
from tests.actions_runner.repositories import NUMBER, Proposed, propose, shallow_checkout, small_origin
from tests.e2e.command import BASE, HEAD
from tests.github_api.server import FakeGitHub
from tests.github_api.state import Comment

from .workflows import ENDPOINT, MAY_COMMENT, OUR_NAME, TOKEN, machine_with, outputs_seen_by

pytestmark = pytest.mark.e2e

_WORKFLOW = f"""
    on: pull_request
    permissions:
      contents: read
      pull-requests: write
    jobs:
      perf:
        runs-on: ubuntu-latest
        steps:
          - uses: {CHECKOUT}
            with: {{persist-credentials: false}}
          - uses: {OUR_NAME}
            id: perf
            with:
              base: {BASE}
              head: {HEAD}
              endpoints: {ENDPOINT}
              metrics: queries
              backend: local
          - id: after
            if: always()
            env: {{OUTPUTS: "${{{{ toJSON(steps.perf.outputs) }}}}"}}
            run: |
              echo "$OUTPUTS"
              command -v perf-matrix
              git status --porcelain
"""


@dataclass(frozen=True)
class Ran:
    """One run of the workflow, and the comments of the pull request after it."""

    outcome: Outcome
    comments: tuple[Comment, ...]
    artifact: Path

    @property
    def job(self) -> Job:
        return self.outcome.job("perf")

    @property
    def outputs(self) -> dict[str, str]:
        """What a later step of the job sees of the action's outputs."""
        return outputs_seen_by(self.job)

    @property
    def comparison(self) -> Comparison:
        with zipfile.ZipFile(self.artifact) as archive:
            return Comparison.model_validate_json(archive.read("comparison.json"))


@dataclass(frozen=True)
class Both:
    """The pull request was opened, and then pushed to."""

    api: FakeGitHub
    proposed: Proposed
    pushed: Proposed
    first: Ran
    second: Ran


@pytest.fixture(scope="module")
def both(action: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    scratch = tmp_path_factory.mktemp("pull-request")
    proposed = small_origin(scratch / "origin")
    with FakeGitHub(proposed.state(), {TOKEN: MAY_COMMENT}) as api:
        first = _run(api, proposed, opened(api.state, NUMBER), action, scratch / "first")
        pushed = _push(proposed)
        api.state.push(NUMBER, pushed.head)
        event = synchronized(api.state, NUMBER, before=proposed.head)
        second = _run(api, pushed, event, action, scratch / "second")
        yield Both(api, proposed, pushed, first, second)


def test_a_regression_fails_the_job_and_its_numbers_are_outputs(both: Both) -> None:
    for ran in (both.first, both.second):
        assert ran.outcome.exit_code == 1
        assert ran.job.step("perf", "publish").result == "failure", ran.outcome.log
        assert ran.job.step("perf", "measure").result == "success"
        assert (ran.outputs["verdict"], ran.outputs["exit-code"]) == ("regression", "1")
        assert int(ran.outputs["regressions"]) == len(ran.comparison.findings) == 1
        (finding,) = ran.comparison.findings
        assert (finding.endpoint, finding.metric) == (ENDPOINT, "queries")


def test_the_comment_arrives_and_the_second_run_updates_it(both: Both) -> None:
    (written,), (updated,) = both.first.comments, both.second.comments
    assert written.id == updated.id
    assert written.author.login == "github-actions[bot]"
    for comment, proposed in ((written, both.proposed), (updated, both.pushed)):
        marker = read_marker(comment.body, "default")
        assert marker is not None
        assert (marker.sha, marker.verdict) == (proposed.head, "regression")
        assert ENDPOINT in comment.body
        assert "LiteLLM_TeamTable" in comment.body
    assert both.second.outputs["comment-url"].endswith(f"#issuecomment-{updated.id}")


def test_github_had_nothing_to_object_to(both: Both) -> None:
    assert both.api.violations == []
    assert {request.token for request in both.api.requests} == {TOKEN}
    assert [one.method for one in both.api.requests if one.operation == "issues/create-comment"] == ["POST"]


def test_the_summary_says_the_same_and_the_run_is_an_artifact(both: Both) -> None:
    for ran in (both.first, both.second):
        assert ENDPOINT in ran.job.summary
        with zipfile.ZipFile(ran.artifact) as archive:
            assert {"comparison.json", "report.html", "report.md", "run.json"} <= set(archive.namelist())


def test_nothing_of_the_token_or_of_the_run_is_left(both: Both) -> None:
    for ran in (both.first, both.second):
        assert TOKEN not in ran.outcome.log
        assert ran.outcome.left_behind == ()
        # The command, and a checkout that is as it was.
        command, *changes = ran.job.step("after").text.rpartition("}")[2].split("\n")[1:]
        assert command.endswith("/perf-matrix")
        assert changes == []


def _run(api: FakeGitHub, proposed: Proposed, event: Event, action: Path, scratch: Path) -> Ran:
    workspace = shallow_checkout(proposed, scratch / "workspace")
    with machine_with(api, workspace, action) as machine:
        outcome = machine.run(dedent(_WORKFLOW), event, token=TOKEN, run_id=len(api.requests) + 1)
        assert list(outcome.artifacts) == ["perf-matrix-default"], outcome.log
        artifact = outcome.artifacts["perf-matrix-default"].rename(scratch / "artifact.zip")
    return Ran(outcome, tuple(api.state.comments_of(NUMBER)), artifact)


def _push(proposed: Proposed) -> Proposed:
    origin = proposed.origin
    origin.git("switch", "--quiet", "change")
    head = origin.commit("A second change", {"service.py": "ANSWER = 43\n"})
    origin.git("switch", "--quiet", "main")
    return propose(origin, proposed.base, head)

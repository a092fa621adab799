"""The action with nothing said about versions: it takes the commits of the pull request, in a shallow checkout."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from perf_matrix.compare.model import Comparison
from perf_matrix.report.marker import read_marker
from tests.actions_runner.events import opened
from tests.actions_runner.outcome import Outcome
from tests.actions_runner.pins import CHECKOUT
from tests.actions_runner.repositories import NUMBER, Proposed, litellm_origin, shallow_checkout
from tests.checkouts import LITELLM
from tests.github_api.server import FakeGitHub

from .workflows import MAY_COMMENT, OUR_NAME, TOKEN, machine_with

pytestmark = pytest.mark.e2e

# The two commits differ by a line that changes nothing.
_WORKFLOW = f"""
    on: pull_request
    permissions: {{contents: read, pull-requests: write}}
    jobs:
      perf:
        runs-on: ubuntu-latest
        steps:
          - uses: {CHECKOUT}
            with: {{persist-credentials: false}}
          - uses: {OUR_NAME}
            id: perf
            with: {{endpoints: models, metrics: queries, backend: local}}
          - id: after
            if: always()
            run: git status --porcelain && git worktree list --porcelain
"""


@dataclass(frozen=True)
class Run:
    """The one run that the tests here look at."""

    api: FakeGitHub
    proposed: Proposed
    outcome: Outcome
    comparison: Comparison


@pytest.fixture(scope="module")
def run(action: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    scratch = tmp_path_factory.mktemp("commits")
    proposed = litellm_origin(scratch / "origin")
    workspace = shallow_checkout(proposed, scratch / "workspace")
    with (
        FakeGitHub(proposed.state(), {TOKEN: MAY_COMMENT}) as api,
        machine_with(api, workspace, action) as machine,
    ):
        outcome = machine.run(dedent(_WORKFLOW), opened(api.state, NUMBER), token=TOKEN)
        assert outcome.exit_code == 0, outcome.log
        with zipfile.ZipFile(outcome.artifacts["perf-matrix-default"]) as archive:
            comparison = Comparison.model_validate_json(archive.read("comparison.json"))
        yield Run(api, proposed, outcome, comparison)


def test_the_pull_requests_own_commits_are_compared(run: Run) -> None:
    subjects = run.comparison.subjects
    assert (subjects.base.commit, subjects.head.commit) == (run.proposed.base, run.proposed.head)
    assert subjects.base.version == subjects.head.version == LITELLM
    assert run.comparison.verdict == "pass"
    (endpoint,) = run.comparison.cells[0].endpoints
    assert endpoint.queries is not None
    assert (endpoint.queries.base, endpoint.queries.head) == (0, 0)


def test_a_pass_is_one_comment_about_the_head_commit(run: Run) -> None:
    (comment,) = run.api.state.comments_of(NUMBER)
    marker = read_marker(comment.body, "default")
    assert marker is not None
    assert (marker.sha, marker.verdict, marker.accepted) == (run.proposed.head, "pass", None)
    assert run.api.violations == []


def test_the_checkout_is_as_it_was(run: Run) -> None:
    status = run.outcome.job("perf").step("after").lines
    assert [line for line in status if line.startswith("worktree ")] == [status[0]]
    assert run.outcome.left_behind == ()

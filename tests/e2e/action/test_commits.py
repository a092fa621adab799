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
from tests.actions_runner.repositories import NUMBER, Proposed, litellm_origin, propose, shallow_checkout
from tests.checkouts import CHANGED_FILE, LITELLM
from tests.github_api.server import FakeGitHub

from .workflows import MAY_COMMENT, OUR_NAME, TOKEN, machine_with

pytestmark = pytest.mark.e2e

# What code of the pull request might look for: tokens, and the files by which a step speaks to those after it.
_WANTED = (
    *("GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN"),
    *("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"),
)
_FOUND = "found in the environment:"
_CURIOUS = f"""
import os, sys
print({_FOUND!r}, sorted(set({_WANTED!r}) & set(os.environ)), file=sys.stderr)
"""
_WORKFLOW = f"""
    on: pull_request
    permissions: {{contents: read, pull-requests: write}}
    jobs:
      perf:
        runs-on: ubuntu-latest
        env: {{GITHUB_TOKEN: "${{{{ github.token }}}}", GH_TOKEN: "${{{{ github.token }}}}"}}
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
    logs: str


@pytest.fixture(scope="module")
def run(action: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    scratch = tmp_path_factory.mktemp("commits")
    proposed = _curious(litellm_origin(scratch / "origin"))
    workspace = shallow_checkout(proposed, scratch / "workspace")
    with (
        FakeGitHub(proposed.state(), {TOKEN: MAY_COMMENT}) as api,
        machine_with(api, workspace, action) as machine,
    ):
        outcome = machine.run(dedent(_WORKFLOW), opened(api.state, NUMBER), token=TOKEN)
        assert outcome.exit_code == 0, outcome.log
        with zipfile.ZipFile(outcome.artifacts["perf-matrix-default"]) as archive:
            comparison = Comparison.model_validate_json(archive.read("comparison.json"))
            logs = "".join(archive.read(name).decode() for name in archive.namelist() if "/logs/" in name)
        yield Run(api, proposed, outcome, comparison, logs)


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


def test_code_of_the_pull_request_finds_no_token_in_its_environment(run: Run) -> None:
    found = {line for line in run.logs.splitlines() if _FOUND in line}
    assert found == {f"{_FOUND} []"}


def _curious(proposed: Proposed) -> Proposed:
    """The same pull request with one more commit, whose code looks around when it starts."""
    origin = proposed.origin
    head = origin.commit(
        "Look around", {str(CHANGED_FILE): (origin.folder / CHANGED_FILE).read_text() + _CURIOUS}
    )
    return propose(origin, proposed.base, head)

"""Two comparisons in one job, on a pull request and on a push: a comment, an artifact and a summary for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from perf_matrix.report.marker import read_marker
from tests.actions_runner.events import Event, opened, pushed
from tests.actions_runner.outcome import Outcome
from tests.actions_runner.pins import CHECKOUT
from tests.actions_runner.repositories import NUMBER, Proposed, shallow_checkout, small_origin
from tests.actions_runner.runner import Runner
from tests.e2e.command import BASE, HEAD
from tests.github_api.server import FakeGitHub
from tests.github_api.state import Account

from .workflows import ENDPOINT, MAY_COMMENT, OUR_NAME, TOKEN, machine_with

pytestmark = pytest.mark.e2e

_COMMON = f"endpoints: {ENDPOINT}, metrics: queries, backend: local, fail-on: never"
_WORKFLOW = f"""
    on: [pull_request, push]
    permissions: {{contents: read, pull-requests: write}}
    jobs:
      perf:
        runs-on: ubuntu-latest
        steps:
          - uses: {CHECKOUT}
            with: {{persist-credentials: false}}
          - uses: {OUR_NAME}
            id: worse
            with: {{base: {BASE}, head: {HEAD}, id: worse, {_COMMON}}}
          - uses: {OUR_NAME}
            id: same
            with: {{base: {BASE}, head: {BASE}, id: same, comment: on-change, {_COMMON}}}
"""


@dataclass(frozen=True)
class Site:
    """A pull request, the local GitHub, and a machine."""

    api: FakeGitHub
    proposed: Proposed
    machine: Runner

    def run(self, event: Event) -> Outcome:
        outcome = self.machine.run(dedent(_WORKFLOW), event, token=TOKEN)
        assert outcome.exit_code == 0, outcome.log
        job = outcome.job("perf")
        assert [job.step(name).outputs["verdict"] for name in ("worse", "same")] == ["regression", "pass"]
        assert set(outcome.artifacts) == {"perf-matrix-worse", "perf-matrix-same"}
        assert self.api.violations == []
        assert outcome.left_behind == ()
        return outcome


@pytest.fixture(scope="module")
def site(action: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    scratch = tmp_path_factory.mktemp("two-ids")
    proposed = small_origin(scratch / "origin")
    workspace = shallow_checkout(proposed, scratch / "workspace")
    with (
        FakeGitHub(proposed.state(), {TOKEN: MAY_COMMENT}) as api,
        machine_with(api, workspace, action) as machine,
    ):
        yield Site(api, proposed, machine)


def test_on_a_pull_request_each_has_its_own_comment_if_it_wants_one(site: Site) -> None:
    outcome = site.run(opened(site.api.state, NUMBER))
    (comment,) = site.api.state.comments_of(NUMBER)
    marker = read_marker(comment.body, "worse")
    assert marker is not None
    assert marker.verdict == "regression"
    assert read_marker(comment.body, "same") is None
    # Nothing changed there: on-change has nothing to say.
    assert outcome.job("perf").step("same").outputs["comment-url"] == ""


def test_on_a_push_there_is_a_summary_and_no_comment(site: Site) -> None:
    before = list(site.api.state.comments)
    outcome = site.run(pushed(site.api.state, "main", site.proposed.base, Account("maintainer")))
    assert site.api.state.comments == before
    summary = outcome.job("perf").summary
    assert "REGRESSION" in summary
    assert "PASS" in summary

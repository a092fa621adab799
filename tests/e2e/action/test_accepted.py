"""A label accepts what the comment shows: the check passes without measuring again; another label accepts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from perf_matrix.report.marker import State as Shown
from perf_matrix.report.marker import read_marker, write_marker
from tests.actions_runner.events import labeled
from tests.actions_runner.outcome import Outcome
from tests.actions_runner.pins import CHECKOUT
from tests.actions_runner.repositories import NUMBER, Proposed, shallow_checkout, small_origin
from tests.actions_runner.runner import Runner
from tests.e2e.command import BASE, HEAD
from tests.github_api.server import FakeGitHub
from tests.github_api.state import ACTIONS_BOT, BEGINNING, Account, Comment

from .workflows import MAY_COMMENT, OUR_NAME, TOKEN, machine_with, outputs_seen_by

pytestmark = pytest.mark.e2e

_LABEL = "perf-accepted"
_MAINTAINER = Account("maintainer")
# A matrix file that does not exist: where it is to be measured, the job fails at once.
_WORKFLOW = f"""
    on:
      pull_request: {{types: [opened, synchronize, reopened, labeled]}}
    permissions: {{contents: read, pull-requests: write}}
    jobs:
      perf:
        runs-on: ubuntu-latest
        steps:
          - uses: {CHECKOUT}
            with: {{persist-credentials: false}}
          - uses: {OUR_NAME}
            id: perf
            with: {{base: {BASE}, head: {HEAD}, matrix: to-be-measured.yml, backend: local}}
          - id: after
            if: always()
            env: {{OUTPUTS: "${{{{ toJSON(steps.perf.outputs) }}}}"}}
            run: echo "$OUTPUTS"
"""


@dataclass(frozen=True)
class Site:
    """A pull request whose comment shows a regression of its head commit."""

    api: FakeGitHub
    proposed: Proposed
    machine: Runner

    def show_regression(self) -> None:
        """Have the comment as a run left it that found a regression."""
        shown = Shown(sha=self.proposed.head, run=1, attempt=1, verdict="regression", at=BEGINNING)
        body = f"{write_marker('default', shown)}\n## Regression\n\nMore SQL.\n"
        self.api.state.comments = [Comment(1, NUMBER, body, ACTIONS_BOT)]

    def label(self, name: str) -> Outcome:
        """A maintainer sets a label an hour later, and the workflow runs."""
        state = self.api.state
        state.set_label(NUMBER, name, _MAINTAINER, BEGINNING + timedelta(hours=1))
        return self.machine.run(
            dedent(_WORKFLOW), labeled(state, NUMBER, name, _MAINTAINER), token=TOKEN, run_id=2
        )


@pytest.fixture(scope="module")
def site(action: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    scratch = tmp_path_factory.mktemp("accepted")
    proposed = small_origin(scratch / "origin")
    workspace = shallow_checkout(proposed, scratch / "workspace")
    with (
        FakeGitHub(proposed.state(), {TOKEN: MAY_COMMENT}) as api,
        machine_with(api, workspace, action) as machine,
    ):
        yield Site(api, proposed, machine)


def test_the_label_turns_the_check_green_without_another_measurement(site: Site) -> None:
    site.show_regression()
    outcome = site.label(_LABEL)
    assert outcome.exit_code == 0, outcome.log
    job = outcome.job("perf")
    assert not job.ran("perf", "measure")
    outputs = outputs_seen_by(job)
    assert (outputs["verdict"], outputs["accepted"], outputs["exit-code"]) == ("regression", "true", "0")
    (comment,) = site.api.state.comments_of(NUMBER)
    marker = read_marker(comment.body, "default")
    assert marker is not None
    assert marker.accepted is not None
    assert (marker.accepted.by, marker.accepted.sha) == (_MAINTAINER.login, site.proposed.head)
    assert _MAINTAINER.login in comment.body.partition("\n")[2]
    assert "More SQL." in comment.body
    assert site.api.violations == []


def test_another_label_accepts_nothing_and_has_it_measured(site: Site) -> None:
    site.show_regression()
    site.api.state.take_off_label(NUMBER, _LABEL, _MAINTAINER, BEGINNING + timedelta(hours=2))
    outcome = site.label("documentation")
    job = outcome.job("perf")
    assert "to-be-measured.yml" in job.step("perf", "measure").text, outcome.log
    assert job.result == "failure"
    (comment,) = site.api.state.comments_of(NUMBER)
    marker = read_marker(comment.body, "default")
    assert marker is not None
    assert marker.accepted is None

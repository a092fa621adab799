"""A pull request from a fork: its job may only read, and a second, trusted workflow publishes what it measured."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from tests.actions_runner.events import opened, run_completed
from tests.actions_runner.outcome import Outcome
from tests.actions_runner.pins import CHECKOUT
from tests.actions_runner.repositories import NUMBER, Proposed, shallow_checkout, small_origin
from tests.actions_runner.runner import RUN_ID
from tests.e2e.command import BASE, HEAD
from tests.github_api.server import FakeGitHub
from tests.github_api.state import Account, Artifact, Branch, Comment, PullRequest, WorkflowRun
from tests.github_api.tokens import Token

from .workflows import ENDPOINT, MAY_READ, OUR_NAME, TOKEN, machine_with, outputs_seen_by

if TYPE_CHECKING:
    from markdown_it.token import Token as MarkdownToken

pytestmark = pytest.mark.e2e

_FORK = "somebody/service"
_CONTRIBUTOR = Account("contributor")
_TRUSTED = "ghs_of-the-trusted-job"
_MAY_PUBLISH = Token({"actions": "read", "contents": "read", "pull_requests": "write", "checks": "write"})
_MEASURE = f"""
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
            with: {{base: {BASE}, head: {HEAD}, endpoints: {ENDPOINT}, metrics: queries, backend: local}}
"""
_PUBLISH = """
    on:
      workflow_run: {workflows: [perf], types: [completed]}
    permissions: {actions: read, contents: read, pull-requests: write, checks: write}
    jobs:
      publish:
        runs-on: ubuntu-latest
        steps:
          - uses: perf-matrix/perf-matrix/publish@v1
            id: publish
            with: {check: perf}
          - id: after
            if: always()
            env: {OUTPUTS: "${{ toJSON(steps.publish.outputs) }}"}
            run: echo "$OUTPUTS"
"""
_SCRIPT = "<img src=x onerror=alert(1)> @everyone"
_HUGE = 200 * 1024 * 1024


@dataclass(frozen=True)
class Measured:
    """What the fork's run left: its artifact, and the pull request as it stood then."""

    api: FakeGitHub
    outcome: Outcome
    archive: bytes
    comments: tuple[Comment, ...]
    workspace: Path
    action: Path

    def publish(self, workflow: str, artifacts: Mapping[str, bytes]) -> Outcome:
        """Run a trusted workflow after the fork's run, with these artifacts of it."""
        state = self.api.state
        state.artifacts = [
            Artifact(number, RUN_ID, name, archive)
            for number, (name, archive) in enumerate(artifacts.items(), start=1)
        ]
        with machine_with(self.api, self.workspace, self.action) as machine:
            return machine.run(
                dedent(workflow),
                run_completed(state, RUN_ID, _CONTRIBUTOR),
                token=_TRUSTED,
                run_id=RUN_ID + 1,
            )


@pytest.fixture(scope="module")
def measured(action: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    scratch = tmp_path_factory.mktemp("fork")
    proposed = small_origin(scratch / "origin")
    workspace = shallow_checkout(proposed, scratch / "workspace")
    state = proposed.state(_FORK)
    state.pull_requests.append(_decoy(proposed))
    state.workflow_runs.append(WorkflowRun(RUN_ID, proposed.head, "change", _FORK, conclusion="failure"))
    with FakeGitHub(state, {TOKEN: MAY_READ, _TRUSTED: _MAY_PUBLISH}) as api:
        with machine_with(api, workspace, action) as machine:
            outcome = machine.run(dedent(_MEASURE), opened(state, NUMBER), token=TOKEN)
            archive = outcome.artifacts["perf-matrix-default"].read_bytes()
        yield Measured(api, outcome, archive, tuple(state.comments), workspace, action)


def test_a_token_that_only_reads_costs_the_comment_and_nothing_else(measured: Measured) -> None:
    job = measured.outcome.job("perf")
    assert job.step("perf", "measure").result == "success", measured.outcome.log
    assert job.step("perf", "publish").outputs["verdict"] == "regression"
    assert ENDPOINT in job.summary
    said = job.step("perf", "publish").text
    assert "pull-requests: write" in said
    assert "publish" in said
    assert measured.comments == ()


def test_the_trusted_workflow_comments_on_the_pull_request_of_the_run(measured: Measured) -> None:
    measured.api.state.comments.clear()
    outcome = measured.publish(_PUBLISH, {"perf-matrix-default": measured.archive})
    assert outcome.exit_code == 0, outcome.log
    (comment,) = measured.api.state.comments
    assert comment.issue == NUMBER
    assert ENDPOINT in comment.body
    outputs = outputs_seen_by(outcome.job("publish"))
    assert outputs["comment-url"].endswith(f"#issuecomment-{comment.id}")
    (check,) = measured.api.state.check_runs
    pull = measured.api.state.pull_request(NUMBER)
    assert pull is not None
    assert (check.name, check.head_sha, check.conclusion) == ("perf", pull.head.sha, "failure")
    assert measured.api.violations == []
    assert _TRUSTED not in outcome.log


# Each artifact of an enemy has an id of its own; one job tries them all.
def _hostile(measured: Measured) -> dict[str, bytes]:
    comparison = _member(measured.archive, "comparison.json")
    return {
        "traversal": _archive({"../../../etc/cron.d/job": b"", "comparison.json": comparison}),
        "huge": _archive({"comparison.json": b" " * _HUGE}),
        "schema": _archive({"comparison.json": b'{"schema_version": 1, "verdict": "pass"}'}),
        "nothing": _archive({"run.json": b"{}"}),
        "damaged": measured.archive[: len(measured.archive) // 2],
    }


def test_a_hostile_artifact_is_refused_and_it_is_said_why(measured: Measured) -> None:
    measured.api.state.comments.clear()
    hostile = _hostile(measured)
    steps = "".join(
        f"          - {{uses: perf-matrix/perf-matrix/publish@v1, id: {name}, with: {{id: {name}}}, "
        "continue-on-error: true}\n"
        for name in hostile
    )
    workflow = f"""
    on: workflow_run
    jobs:
      publish:
        runs-on: ubuntu-latest
        steps:
{steps}"""
    outcome = measured.publish(workflow, {f"perf-matrix-{name}": data for name, data in hostile.items()})
    job = outcome.job("publish")
    for name, reason in (
        ("traversal", "has a name that leads out of its folder"),
        ("huge", "has more than"),
        ("schema", "is no comparison"),
        ("nothing", "there is no comparison.json"),
        ("damaged", "no zip archive"),
    ):
        assert job.step(name).result == "failure", outcome.log
        assert reason in job.step(name, "publish").text
    assert measured.api.state.comments == []
    assert not Path("/etc/cron.d/job").exists()


def test_what_an_artifact_says_of_itself_names_neither_the_pull_request_nor_what_a_page_does(
    measured: Measured,
) -> None:
    measured.api.state.comments.clear()
    defaced = json.loads(_member(measured.archive, "comparison.json"))
    for named in (*defaced["cells"][0]["endpoints"], *defaced["findings"]):
        for key in ("name", "endpoint"):
            if key in named:
                named[key] = _SCRIPT
    archive = _archive(
        {
            "comparison.json": json.dumps(defaced).encode(),
            "report.md": _SCRIPT.encode(),
            "number": b"8",
            "event.json": b'{"number": 8}',
        }
    )
    outcome = measured.publish(_PUBLISH, {"perf-matrix-default": archive})
    (comment,) = measured.api.state.comments
    assert comment.issue == NUMBER
    for text in (comment.body, outcome.job("publish").summary):
        shown = [token for token in _tokens(text) if "onerror" in token.content]
        assert {token.type for token in shown} == {"code_inline", "text"}
        # Code mentions nobody.
        assert not any(token.type == "text" and "@everyone" in token.content for token in shown)


def _tokens(markdown: str) -> Iterator[MarkdownToken]:
    """What a page is made of, once it is rendered: texts, code, HTML."""
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        yield from token.children or [token]


def _decoy(proposed: Proposed) -> PullRequest:
    """Another pull request, of another branch of the same fork at the same commit."""
    return PullRequest(
        NUMBER + 1,
        head=Branch("other", proposed.head, _FORK),
        base=Branch("main", proposed.base, proposed.state().repository),
    )


def _archive(members: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def _member(archive: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened_archive:
        return opened_archive.read(name)

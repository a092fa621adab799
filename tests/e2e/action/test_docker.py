"""The action as it runs on GitHub's own runners: services in Docker, load by k6, latencies compared."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from perf_matrix.compare.model import Comparison
from perf_matrix.stacks.compose.project import RUN_LABEL
from tests.actions_runner.events import opened
from tests.actions_runner.pins import CHECKOUT
from tests.actions_runner.repositories import NUMBER, shallow_checkout, small_origin
from tests.e2e.command import BASE, HEAD
from tests.engine import Engine
from tests.github_api.server import FakeGitHub

from .workflows import ENDPOINT, MAY_COMMENT, OUR_NAME, TOKEN, machine_with

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

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
            with: {{base: {BASE}, head: {HEAD}, endpoints: {ENDPOINT}, backend: compose, time: 150s}}
"""


def test_it_measures_in_containers_comments_and_leaves_none(
    engine: Engine, action: Path, tmp_path: Path
) -> None:
    proposed = small_origin(tmp_path / "origin")
    workspace = shallow_checkout(proposed, tmp_path / "workspace")
    reached_by = {name: value for name, value in engine.environ.items() if os.environ.get(name) != value}
    before = _left(engine)
    with (
        FakeGitHub(proposed.state(), {TOKEN: MAY_COMMENT}) as api,
        machine_with(api, workspace, action) as machine,
    ):
        outcome = machine.run(
            dedent(_WORKFLOW), opened(api.state, NUMBER), token=TOKEN, environ=reached_by, limit_s=1200
        )
        assert list(outcome.artifacts) == ["perf-matrix-default"], outcome.log
        with zipfile.ZipFile(outcome.artifacts["perf-matrix-default"]) as archive:
            comparison = Comparison.model_validate_json(archive.read("comparison.json"))
    job = outcome.job("perf")
    assert (comparison.verdict, job.step("perf").outputs["verdict"]) == ("regression", "regression")
    (endpoint,) = comparison.cells[0].endpoints
    assert endpoint.queries is not None
    assert endpoint.queries.verdict == "regression"
    assert endpoint.paired is not None
    assert endpoint.paired.blocks >= 8
    (comment,) = api.state.comments_of(NUMBER)
    assert ENDPOINT in comment.body
    assert api.violations == []
    assert outcome.left_behind == ()
    # Others may share the engine, and the action removes what killed runs left there.
    assert {kind: ids - before[kind] for kind, ids in _left(engine).items() if ids - before[kind]} == {}


def _left(engine: Engine) -> dict[str, set[str]]:
    """The containers, networks and volumes of runs, by kind."""
    listed = {"container": ("ps", "--all"), "network": ("network", "ls"), "volume": ("volume", "ls")}
    return {
        kind: set(engine.run("docker", *command, "--quiet", "--filter", f"label={RUN_LABEL}").split())
        for kind, command in listed.items()
    }

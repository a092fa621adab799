"""Jobs of GitHub Actions that run perf-matrix's commands against the local GitHub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from perf_matrix.cli import cli
from tests.github_api.server import FakeGitHub
from tests.integration.publish.conversations import BASE, FIRST, NUMBER, REPOSITORY, TOKEN
from tests.unit.github.test_outputs import read_as_github_does


def pull_request_payload(sha: str = FIRST, action: str = "synchronize", **more: Any) -> dict[str, Any]:
    """The payload of an event of the pull request."""

    def side(ref: str, commit: str) -> dict[str, Any]:
        return {"ref": ref, "sha": commit, "label": f"acme:{ref}", "repo": {"full_name": REPOSITORY}}

    pull = {"number": NUMBER, "state": "open", "head": side("feature", sha), "base": side("main", BASE)}
    return {
        "action": action,
        "number": NUMBER,
        "pull_request": pull,
        "repository": {"full_name": REPOSITORY, "default_branch": "main"},
        **more,
    }


@dataclass(frozen=True)
class Step:
    """A step that has ended."""

    result: Result
    outputs: dict[str, str]
    summary: str


@dataclass(frozen=True)
class Job:
    """A job on an event; its steps are commands."""

    api: FakeGitHub
    folder: Path
    payload: Mapping[str, Any]
    event: str = "pull_request"
    token: str = TOKEN
    run: int = 100

    def step(self, *arguments: str, **environ: str) -> Step:
        """Run ``perf-matrix ARGUMENTS`` as a step of its own."""
        self.folder.mkdir(exist_ok=True)
        files = {name: self.folder / name for name in ("event.json", "output", "summary")}
        for file in files.values():
            file.write_text("")
        files["event.json"].write_text(json.dumps(self.payload))
        given = {
            **self.api.environ,
            "GITHUB_EVENT_NAME": self.event,
            "GITHUB_EVENT_PATH": str(files["event.json"]),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "GITHUB_SHA": FIRST,
            "GITHUB_RUN_ID": str(self.run),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_TOKEN": self.token,
            "RUNNER_TEMP": str(self.folder),
            **environ,
        }
        result = CliRunner(env=given).invoke(cli, arguments)
        return Step(result, read_as_github_does(files["output"]), files["summary"].read_text())

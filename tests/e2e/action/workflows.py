"""Workflows that use the action, and the machine to run them on with a local GitHub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.actions_runner.outcome import Job
from tests.actions_runner.pins import pinned
from tests.actions_runner.runner import Runner, runner
from tests.github_api.server import FakeGitHub
from tests.github_api.tokens import Token

TOKEN = "ghs_of-the-job"  # noqa: S105 - of the local API
OUR_NAME = "perf-matrix/perf-matrix@v1"
MAY_COMMENT = Token({"contents": "read", "pull_requests": "write"})
MAY_READ = Token({"contents": "read", "pull_requests": "read"})
# Between the two releases of the tests this endpoint begins to send two statements.
ENDPOINT = "chat-virtual-key"


@contextmanager
def machine_with(api: FakeGitHub, workspace: Path, action: Path) -> Iterator[Runner]:
    """A runner whose jobs get ``workspace`` as their checkout, ``action`` as ours, and ``api`` as GitHub."""
    # The server's own address stays GitHub's: for another one the client for artifacts refuses to work.
    where = {"GITHUB_API_URL": api.api_url, "GITHUB_GRAPHQL_URL": api.graphql_url}
    with runner(workspace, {**pinned(), OUR_NAME: action}, where) as machine:
        yield machine


def outputs_seen_by(job: Job, step: str = "after") -> dict[str, str]:
    """The outputs that a step printed with ``toJSON``, before anything else."""
    seen, _ = json.JSONDecoder().raw_decode(job.step(step).text)
    return dict(seen)

"""A GitHub that does not know a filter answers everything: what is not meant must not pass for what is."""

from __future__ import annotations

import json

from perf_matrix.github.artifacts import artifact_of
from perf_matrix.github.model import Repository, User, WorkflowRun
from perf_matrix.github.pulls import find_pull_request
from tests.integration.github.clients import Watched
from tests.integration.github.scripted import Reply, Scripted

SHA = "a" * 40
FORK = Repository(full_name="stranger/widgets", owner=User(login="stranger", type="User"))
RUN = WorkflowRun(
    id=5,
    head_sha=SHA,
    head_branch="feature/x",
    head_repository=FORK,
    html_url="https://github.com/acme/widgets/actions/runs/5",
)


def pull(number: int, branch: str) -> dict[str, object]:
    tip = {"ref": branch, "sha": SHA, "repo": FORK.model_dump()}
    return {"number": number, "state": "open", "head": tip, "base": tip}


def test_another_branch_at_the_same_commit() -> None:
    answer = [pull(9, "feature/y"), pull(8, "feature/x"), pull(10, "feature")]
    with Scripted([Reply(content=json.dumps(answer).encode())]) as server:
        found = find_pull_request(Watched(server.url).github, "acme/widgets", RUN)
    assert found is not None
    assert found.number == 8


def test_an_artifact_of_another_name() -> None:
    artifacts = [
        {"id": number, "name": name, "size_in_bytes": 1, "expired": False}
        for number, name in enumerate(
            ["perf-matrix-other", "perf-matrix-default", "perf-matrix-default-cell"]
        )
    ]
    answer = {"total_count": 3, "artifacts": artifacts}
    with Scripted([Reply(content=json.dumps(answer).encode())]) as server:
        found = artifact_of(Watched(server.url).github, "acme/widgets", 5, "perf-matrix-default")
    assert found is not None
    assert found.id == 1

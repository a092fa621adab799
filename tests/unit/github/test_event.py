from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perf_matrix.errors import InputError
from perf_matrix.github.event import read_job

SHA = "a" * 40


def environment(folder: Path, payload: Any, **changed: str) -> dict[str, str]:
    """The variables of a job whose event has this payload."""
    file = folder / "event.json"
    file.write_text(payload if isinstance(payload, str) else json.dumps(payload))
    return {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_REPOSITORY": "acme/widgets",
        "GITHUB_SHA": SHA,
        "GITHUB_RUN_ID": "123",
        "GITHUB_RUN_ATTEMPT": "2",
        **changed,
    }


def side(sha: str) -> dict[str, Any]:
    return {"ref": "main", "sha": sha, "repo": {"full_name": "acme/widgets"}}


def test_a_pull_request(tmp_path: Path) -> None:
    payload = {
        "action": "labeled",
        "number": 7,
        "label": {"name": "perf-accepted", "color": "fff"},
        "pull_request": {"number": 7, "title": "${{ evil }}", "head": side("b" * 40), "base": side("c" * 40)},
        "repository": {"default_branch": "main"},
    }
    job = read_job(environment(tmp_path, payload))
    assert job.payload.pull_request is not None
    assert job.payload.pull_request.head.sha == "b" * 40
    assert job.payload.label is not None
    assert job.payload.label.name == "perf-accepted"
    assert (job.run_id, job.run_attempt) == (123, 2)
    assert job.run_url == "https://github.com/acme/widgets/actions/runs/123"
    assert job.graphql_url == "https://api.github.com/graphql"


def test_enterprise_addresses(tmp_path: Path) -> None:
    addresses = {
        "GITHUB_API_URL": "https://git.example/api/v3/",
        "GITHUB_GRAPHQL_URL": "https://git.example/api/graphql",
        "GITHUB_SERVER_URL": "https://git.example",
    }
    job = read_job(environment(tmp_path, {}, **addresses))
    assert (job.api_url, job.graphql_url) == ("https://git.example/api/v3", "https://git.example/api/graphql")
    assert job.run_url == "https://git.example/acme/widgets/actions/runs/123"


def test_a_push_of_a_new_branch_has_no_commit_before(tmp_path: Path) -> None:
    assert read_job(environment(tmp_path, {"before": "0" * 40})).payload.commit_before == ""
    assert read_job(environment(tmp_path, {"before": SHA})).payload.commit_before == SHA


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"GITHUB_EVENT_NAME": ""}, "GITHUB_EVENT_NAME"),
        ({"GITHUB_REPOSITORY": "acme/../widgets"}, "GITHUB_REPOSITORY"),
        ({"GITHUB_SHA": "main"}, "GITHUB_SHA"),
        ({"GITHUB_RUN_ID": "x"}, "GITHUB_RUN_ID"),
        ({"GITHUB_EVENT_PATH": "/nowhere/event.json"}, "GITHUB_EVENT_PATH"),
        ({"GITHUB_API_URL": "ftp://x"}, "GITHUB_API_URL"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, changed: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_job(environment(tmp_path, {}, **changed))


@pytest.mark.parametrize(
    "payload",
    [
        "not json",
        "[]",
        {"pull_request": {"number": 7, "head": side("--upload-pack=x"), "base": side(SHA)}},
        {"pull_request": {"number": -1, "head": side(SHA), "base": side(SHA)}},
        {"merge_group": {"head_sha": "$(id)", "base_sha": SHA}},
    ],
)
def test_a_payload_that_is_none_is_refused(tmp_path: Path, payload: Any) -> None:
    with pytest.raises(InputError, match="GITHUB_EVENT_PATH"):
        read_job(environment(tmp_path, payload))

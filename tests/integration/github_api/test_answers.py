"""The answers, checked by somebody else: a client of GitHub whose models its authors made of the description."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from githubkit import GitHub, Response, TokenAuthStrategy

from tests.github_api.routes import ROUTES
from tests.github_api.server import FakeGitHub
from tests.github_api.state import Account, State

from .conftest import BASE, HEAD, NOW, Client

if TYPE_CHECKING:
    from githubkit_schemas.v2022_11_28.types import (
        ReposOwnerRepoCheckRunsPostBodyPropOutputPropAnnotationsItemsType as AnnotationBody,
    )

_ANNOTATION: AnnotationBody = {
    "path": "a.py",
    "start_line": 1,
    "end_line": 1,
    "annotation_level": "notice",
    "message": "m",
}
_HERE = ("acme", "widgets")


@pytest.fixture
def github(api: FakeGitHub) -> Iterator[GitHub[TokenAuthStrategy]]:
    with GitHub(
        TokenAuthStrategy("person"), base_url=api.api_url, http_cache=False, auto_retry=False
    ) as client:
        yield client


def test_every_operation_is_understood_by_another_client(
    api: FakeGitHub, state: State, github: GitHub[TokenAuthStrategy]
) -> None:
    state.set_label(7, "perf-accepted", Account("reviewer"), NOW)
    state.set_label(7, "bug", Account("reviewer"), NOW)
    rest = github.rest("2022-11-28")

    comment = rest.issues.create_comment(*_HERE, issue_number=7, body="x").parsed_data
    check = rest.checks.create(
        *_HERE,
        name="perf",
        head_sha=HEAD,
        status="completed",
        conclusion="failure",
        output={"title": "t", "summary": "s", "annotations": [_ANNOTATION]},
    ).parsed_data
    answers: list[Response[Any, Any]] = [
        rest.repos.get(*_HERE),
        rest.repos.compare_commits(*_HERE, basehead=f"{BASE}...{HEAD}"),
        rest.users.get_authenticated(),
        rest.pulls.get(*_HERE, pull_number=7),
        rest.pulls.list(*_HERE, head="fork:feature/x"),
        rest.issues.list_comments(*_HERE, issue_number=7, per_page=100),
        rest.issues.get_comment(*_HERE, comment_id=comment.id),
        rest.issues.update_comment(*_HERE, comment_id=comment.id, body="y"),
        rest.issues.list_labels_on_issue(*_HERE, issue_number=7),
        rest.issues.remove_label(*_HERE, issue_number=7, name="bug"),
        rest.issues.list_events(*_HERE, issue_number=7),
        rest.issues.list_events_for_timeline(*_HERE, issue_number=7),
        rest.checks.get(*_HERE, check_run_id=check.id),
        rest.checks.update(*_HERE, check_run_id=check.id, status="completed", conclusion="success"),
        rest.checks.list_for_ref(*_HERE, ref=HEAD),
        rest.checks.list_annotations(*_HERE, check_run_id=check.id),
        rest.actions.get_workflow_run(*_HERE, run_id=5),
        rest.actions.list_workflow_run_artifacts(*_HERE, run_id=5, name="perf-matrix-default"),
        rest.actions.get_artifact(*_HERE, artifact_id=31),
    ]
    understood = [answer.parsed_data for answer in answers]
    archive = rest.actions.download_artifact(*_HERE, artifact_id=31, archive_format="zip")
    rest.issues.delete_comment(*_HERE, comment_id=comment.id)

    assert len(understood) == len(answers)
    assert archive.content == state.artifacts[0].archive
    assert api.violations == []
    assert {line.operation for line in api.requests} == set(ROUTES)


def test_an_answer_that_the_description_does_not_allow_is_a_violation(
    api: FakeGitHub, ask: Client, state: State
) -> None:
    state.pull_requests[0] = replace(state.pull_requests[0], state="melted")  # type: ignore[arg-type]
    ask("GET", "/pulls/7")

    assert ["answer: /state" in violation.what for violation in api.violations] == [True]

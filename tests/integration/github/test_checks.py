"""Check runs with any number of annotations, in requests that GitHub takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from perf_matrix.github.checks import create_check
from perf_matrix.github.client import GitHub
from perf_matrix.github.errors import RefusedError
from perf_matrix.github.model import CheckRun
from tests.github_api.faults import Fault, Kind
from tests.github_api.server import FakeGitHub
from tests.github_api.state import State
from tests.integration.github.conftest import HEAD, REPOSITORY


@dataclass(frozen=True)
class Note:
    path: str
    line: int
    title: str = "New SQL"
    message: str = "SELECT … is sent 2.0 times for each request"


def create(
    github: GitHub, notes: Sequence[Note] = (), *, summary: str = "| a | b |", details_url: str = ""
) -> CheckRun:
    return create_check(
        github,
        REPOSITORY,
        HEAD,
        name="perf",
        conclusion="failure",
        title="1 regression",
        summary=summary,
        annotations=notes,
        details_url=details_url,
    )


def test_a_check(github: GitHub, state: State) -> None:
    made = create(github, details_url="https://github.com/acme/widgets/actions/runs/5")
    (check,) = state.check_runs
    assert (check.id, check.head_sha, check.name, check.status, check.conclusion) == (
        made.id,
        HEAD,
        "perf",
        "completed",
        "failure",
    )
    assert (check.title, check.summary, check.annotations) == ("1 regression", "| a | b |", ())
    assert check.details_url == "https://github.com/acme/widgets/actions/runs/5"
    assert made.html_url


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (50, 1), (51, 2), (120, 3)])
def test_every_annotation_arrives_once(
    github: GitHub, api: FakeGitHub, state: State, count: int, requests: int
) -> None:
    create(github, [Note("proxy/team.py", number) for number in range(1, count + 1)])
    (check,) = state.check_runs
    assert [note.start_line for note in check.annotations] == list(range(1, count + 1))
    assert {note.annotation_level for note in check.annotations} == {"warning"}
    assert check.summary == "| a | b |"
    assert len(api.requests) == requests


def test_a_summary_that_is_too_long_is_cut(github: GitHub, state: State) -> None:
    create(github, summary="ü" * 65_535)
    summary = state.check_runs[0].summary or ""
    assert 65_500 < len(summary.encode()) <= 65_535
    assert summary.endswith("ü\n\n(The rest does not fit here.)")


def test_a_token_that_only_reads(client: Callable[[str], GitHub], state: State) -> None:
    with pytest.raises(RefusedError) as refused:
        create(client("reader"))
    assert refused.value.needs == "checks=write"
    assert refused.value.path == f"/repos/{REPOSITORY}/check-runs"
    assert state.check_runs == []


def test_on_a_bad_day(github: GitHub, api: FakeGitHub, state: State) -> None:
    api.order(Fault(Kind.BAD_GATEWAY, "/check-runs", times=2))
    api.order(Fault(Kind.SECONDARY, "/check-runs/", method="PATCH"))
    create(github, [Note("a.py", number) for number in range(1, 61)])
    assert [len(check.annotations) for check in state.check_runs] == [60]

"""The repository changes as it is asked to, and answers as it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import requests

from tests.github_api.server import FakeGitHub
from tests.github_api.state import Account, PullRequest, State
from tests.github_api.tokens import Token

from .conftest import BASE, HEAD, MERGE_BASE, NOW, REPOSITORY, Client

DIFF = {"Accept": "application/vnd.github.diff"}
_ANNOTATION = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "m"}


def test_a_comment_is_written_changed_and_deleted(api: FakeGitHub, ask: Client) -> None:
    written = ask("POST", "/issues/7/comments", json={"body": "one"}).json()
    path = f"/issues/comments/{written['id']}"
    changed = ask("PATCH", path, json={"body": "two"}).json()

    assert written["user"]["login"] == "github-actions[bot]"
    assert written["user"]["type"] == "Bot"
    assert (changed["id"], changed["body"], changed["updated_at"]) == (
        written["id"],
        "two",
        "2026-02-03T04:05:06Z",
    )
    assert ask("GET", path).json() == changed
    assert ask("DELETE", path).status_code == 204
    assert ask("GET", "/issues/7/comments").json() == []
    assert api.violations == []


def test_every_page_of_comments_is_reached_by_its_links(
    api: FakeGitHub, session: requests.Session, state: State
) -> None:
    for number in range(250):
        state.add_comment(7, f"comment {number}", Account("somebody"), NOW)
    state.add_comment(8, "elsewhere", Account("somebody"), NOW)
    answer = session.get(f"{api.api_url}/repos/{REPOSITORY}/issues/7/comments?per_page=1000", timeout=10)
    pages = [answer]
    while "next" in answer.links:
        answer = session.get(answer.links["next"]["url"], timeout=10)
        pages.append(answer)

    assert [len(page.json()) for page in pages] == [100, 100, 50]
    bodies = [comment["body"] for page in pages for comment in page.json()]
    assert bodies == [f"comment {number}" for number in range(250)]
    assert set(pages[0].links) == {"next", "last"}
    assert set(pages[1].links) == {"prev", "first", "next", "last"}
    assert set(pages[2].links) == {"prev", "first"}
    # GitHub's links do not repeat the path that was asked for: they name the repository by its number.
    assert "/repositories/" in pages[0].links["next"]["url"]
    assert api.violations == []


def test_thirty_comments_are_a_page_where_nothing_is_said(ask: Client, state: State) -> None:
    for _ in range(31):
        state.add_comment(7, "x", Account("somebody"), NOW)

    assert len(ask("GET", "/issues/7/comments").json()) == 30
    assert len(ask("GET", "/issues/7/comments?page=2").json()) == 1
    assert ask("GET", "/issues/7/comments?page=3").json() == []


def test_a_pull_request_is_answered_as_json_and_as_a_diff(api: FakeGitHub, ask: Client) -> None:
    shown = ask("GET", "/pulls/7", headers={"Accept": "application/vnd.github+json"}).json()
    diff = ask("GET", "/pulls/7", headers=DIFF)

    assert (shown["head"]["sha"], shown["base"]["sha"]) == (HEAD, BASE)
    assert shown["head"]["repo"]["full_name"] == "fork/widgets"
    assert shown["head"]["repo"]["owner"]["login"] == "fork"
    assert diff.text == "diff --git a/x b/x\n"
    assert diff.headers["Content-Type"].startswith(DIFF["Accept"])
    assert api.violations == []


def test_a_deleted_fork_is_null(api: FakeGitHub, ask: Client) -> None:
    assert ask("GET", "/pulls/8").json()["head"]["repo"] is None
    assert api.violations == []


def test_pull_requests_are_found_by_owner_branch_and_state(
    api: FakeGitHub, ask: Client, state: State
) -> None:
    first = state.pull_requests[0]
    old = replace(first, number=3, state="closed")
    other_owner = replace(first, number=10, head=replace(first.head, repository="stranger/widgets"))
    state.pull_requests += [old, other_owner]

    def numbers(**query: str) -> list[int]:
        return [pull["number"] for pull in ask("GET", "/pulls", params=query).json()]

    assert numbers(head="fork:feature/x") == [7]
    assert numbers(head="fork:feature/x", state="all") == [7, 3]
    assert numbers(head="stranger:feature/x") == [10]
    assert numbers(head="fork:main", state="all") == []
    assert numbers(state="closed") == [8, 3]
    # As on GitHub: a branch without an owner filters nothing.
    assert numbers(head="nonsense") == [10, 7]
    assert api.violations == []


def test_labels_leave_events(api: FakeGitHub, ask: Client, state: State) -> None:
    state.set_label(7, "kind/bug", Account("somebody"), datetime(2026, 1, 2, tzinfo=UTC))
    state.set_label(7, "perf-accepted", Account("reviewer"), datetime(2026, 1, 3, tzinfo=UTC))
    left = ask("DELETE", "/issues/7/labels/kind%2Fbug").json()
    events = ask("GET", "/issues/7/events").json()

    assert [label["name"] for label in left] == ["perf-accepted"]
    assert ask("GET", "/issues/7/labels").json() == left
    assert [label["name"] for label in ask("GET", "/pulls/7").json()["labels"]] == ["perf-accepted"]
    told = [(event["event"], event["label"]["name"], event["actor"]["login"]) for event in events]
    assert told == [
        ("labeled", "kind/bug", "somebody"),
        ("labeled", "perf-accepted", "reviewer"),
        ("unlabeled", "kind/bug", "github-actions[bot]"),
    ]
    assert [event["created_at"] for event in events][1:] == ["2026-01-03T00:00:00Z", "2026-02-03T04:05:06Z"]
    assert api.violations == []


def test_the_timeline_has_labels_and_comments(api: FakeGitHub, ask: Client, state: State) -> None:
    state.set_label(7, "perf-accepted", Account("reviewer"), datetime(2026, 1, 3, tzinfo=UTC))
    state.add_comment(7, "before", Account("somebody"), datetime(2026, 1, 2, tzinfo=UTC))
    comment, label = ask("GET", "/issues/7/timeline").json()

    assert (comment["event"], comment["body"]) == ("commented", "before")
    assert "label" not in comment
    assert (label["event"], label["label"]["name"]) == ("labeled", "perf-accepted")
    assert api.violations == []


def test_annotations_are_added_to_those_that_are_there(api: FakeGitHub, ask: Client) -> None:
    output: dict[str, Any] = {"title": "t", "summary": "first"}
    check = {"name": "perf", "head_sha": HEAD, "conclusion": "failure", "output": output}
    made = ask("POST", "/check-runs", json={**check, "output": {**output, "annotations": [_ANNOTATION] * 50}})
    path = f"/check-runs/{made.json()['id']}"
    more = {"output": {"title": "t", "summary": "second", "annotations": [_ANNOTATION] * 3}}
    changed = ask("PATCH", path, json=more).json()

    assert (made.json()["status"], made.json()["output"]["annotations_count"]) == ("completed", 50)
    assert (changed["output"]["summary"], changed["output"]["annotations_count"]) == ("second", 53)
    assert len(ask("GET", f"{path}/annotations?per_page=100").json()) == 53
    assert ask("GET", path).json() == changed
    assert api.violations == []


def test_the_latest_check_of_each_name_is_listed(api: FakeGitHub, ask: Client) -> None:
    for name, summary in (("perf", "old"), ("lint", "only"), ("perf", "new")):
        output = {"title": "t", "summary": summary}
        ask("POST", "/check-runs", json={"name": name, "head_sha": HEAD, "output": output})

    def summaries(ref: str, query: str = "") -> list[str]:
        answer = ask("GET", f"/commits/{ref}/check-runs{query}").json()
        assert answer["total_count"] == len(answer["check_runs"])
        return [check["output"]["summary"] for check in answer["check_runs"]]

    assert sorted(summaries(HEAD)) == ["new", "only"]
    assert summaries("heads/feature/x", "?check_name=perf&filter=all") == ["new", "old"]
    assert summaries(HEAD, "?status=completed") == []
    assert summaries(BASE) == []
    assert api.violations == []


def test_a_run_and_its_artifacts(api: FakeGitHub, ask: Client, state: State) -> None:
    state.artifacts.append(replace(state.artifacts[0], id=32, name="other", claimed_size=12))
    run = ask("GET", "/actions/runs/5").json()
    listed = ask("GET", "/actions/runs/5/artifacts").json()
    named = ask("GET", "/actions/runs/5/artifacts?name=perf-matrix-default").json()

    assert (run["head_sha"], run["head_branch"], run["pull_requests"]) == (HEAD, "feature/x", [])
    assert run["head_repository"]["full_name"] == "fork/widgets"
    assert [(one["name"], one["size_in_bytes"]) for one in listed["artifacts"]] == [
        ("other", 12),
        ("perf-matrix-default", 22),
    ]
    assert (named["total_count"], named["artifacts"][0]["id"]) == (1, 31)
    assert api.violations == []


def test_two_commits_compared(api: FakeGitHub, ask: Client) -> None:
    path = f"/compare/{BASE}...{HEAD}"
    compared = ask("GET", path).json()

    assert (compared["status"], compared["ahead_by"]) == ("ahead", 2)
    assert compared["merge_base_commit"]["sha"] == MERGE_BASE
    assert ask("GET", path, headers=DIFF).text == "diff --git a/y b/y\n"
    assert api.violations == []


def test_a_push_is_a_new_head(ask: Client, state: State) -> None:
    pushed: PullRequest = state.push(7, "e" * 40)

    assert pushed.head.ref == "feature/x"
    assert ask("GET", "/pulls/7").json()["head"]["sha"] == "e" * 40


def test_addresses_of_enterprise_server(state: State) -> None:
    with (
        FakeGitHub(state, {"t": Token()}, api_path="/api/v3", graphql_path="/api/graphql") as api,
        requests.Session() as session,
    ):
        session.headers["Authorization"] = "token t"
        assert api.api_url == f"{api.server_url}/api/v3"
        repository = session.get(f"{api.api_url}/repos/{REPOSITORY}", timeout=10).json()
        assert repository["url"] == f"{api.api_url}/repos/{REPOSITORY}"
        asked = session.post(api.graphql_url, json={"query": "{viewer {login}}"}, timeout=10)
        assert asked.json()["data"]["viewer"]["login"] == "github-actions[bot]"
        assert api.violations == []
        assert session.get(f"{api.server_url}/repos/{REPOSITORY}", timeout=10).status_code == 404
        assert len(api.violations) == 1


def test_the_log_has_what_was_asked_and_no_authorization(api: FakeGitHub, ask: Client) -> None:
    ask("POST", "/issues/7/comments", json={"body": "x"})
    (line,) = api.requests

    assert (line.method, line.operation, line.status) == ("POST", "issues/create-comment", 201)
    assert (line.body, line.token) == ({"body": "x"}, "job")
    assert "authorization" not in line.headers

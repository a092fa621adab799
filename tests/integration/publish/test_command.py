"""``perf-matrix publish`` and ``perf-matrix action prepare`` as the steps of a job."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from perf_matrix.compare.model import Comparison
from perf_matrix.errors import InputError
from tests.github_api.server import FakeGitHub
from tests.github_api.state import Artifact, WorkflowRun
from tests.integration.publish.conversations import FIRST, LABEL, NUMBER, REVIEWER, SECOND, github
from tests.integration.publish.jobs import Job, pull_request_payload
from tests.integration.record.test_merge import write
from tests.unit.record.runners import ONE, measured, run
from tests.unit.report.builders import regression

RUN = 500
WORKFLOW_RUN = {"action": "completed", "workflow_run": {"id": RUN, "head_sha": "0" * 40}}


@pytest.fixture
def api() -> Iterator[FakeGitHub]:
    with github() as started:
        yield started
        assert started.violations == []


@pytest.fixture
def job(api: FakeGitHub, tmp_path: Path) -> Job:
    return Job(api, tmp_path / "job", pull_request_payload())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder in which nothing got worse."""
    write(tmp_path / "run", run(measured(ONE)))
    return tmp_path / "run"


def bodies(api: FakeGitHub) -> list[str]:
    return [comment.body for comment in api.state.comments_of(NUMBER)]


def archive(comparison: Comparison | str, name: str = "comparison.json") -> bytes:
    """An artifact as the action uploads it."""
    text = comparison if isinstance(comparison, str) else comparison.model_dump_json()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(name, text)
        opened.writestr("report.md", "<script>alert(1)</script>")
    return packed.getvalue()


def untrusted(api: FakeGitHub, folder: Path, content: bytes, *, sha: str = FIRST) -> Job:
    """A job on workflow_run, whose run left ``content`` as its artifact."""
    with api.lock:
        api.state.workflow_runs.append(WorkflowRun(RUN, sha, "feature", api.state.repository))
        api.state.artifacts.append(Artifact(1, RUN, "perf-matrix-default", content))
    return Job(api, folder, WORKFLOW_RUN, event="workflow_run")


def test_publishing_leaves_outputs_summary_and_comment(job: Job, folder: Path, api: FakeGitHub) -> None:
    step = job.step("publish", str(folder))
    assert step.result.exit_code == 0, step.result.output
    assert step.outputs["verdict"] == "pass"
    assert step.outputs["regressions"] == "0"
    assert step.outputs["exit-code"] == "0"
    assert step.outputs["accepted"] == "false"
    assert step.outputs["folder"] == str(folder)
    assert step.outputs["comment-url"].startswith(f"{api.server_url}/acme/widgets/pull/7")
    assert "PASS" in step.summary
    assert "PASS" in bodies(api)[0]
    assert "perf-matrix compare litellm==1.80.5 litellm==1.81.0 --matrix m.yml" in bodies(api)[0]


def test_inputs_come_from_the_environment(job: Job, folder: Path, api: FakeGitHub) -> None:
    step = job.step("publish", str(folder), PERF_MATRIX_COMMENT="never", PERF_MATRIX_CHECK="perf")
    assert step.result.exit_code == 0
    assert bodies(api) == []
    assert [check.name for check in api.state.check_runs] == ["perf"]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PERF_MATRIX_COMMENT", "nevr", "nevr"),
        ("PERF_MATRIX_FAIL_ON", "all", "all"),
        ("PERF_MATRIX_ID", "a --> b", "is no id"),
    ],
)
def test_a_wrong_input_is_told(job: Job, folder: Path, variable: str, value: str, words: str) -> None:
    step = job.step("publish", str(folder), **{variable: value})
    assert step.result.exit_code == 2
    assert words in step.result.output


def test_without_a_token_there_is_a_summary(api: FakeGitHub, folder: Path, tmp_path: Path) -> None:
    step = Job(api, tmp_path / "job", pull_request_payload(), token="").step("publish", str(folder))
    assert step.result.exit_code == 0
    assert "PASS" in step.summary
    assert api.requests == []


def test_a_label_accepts_without_measuring(job: Job, api: FakeGitHub, tmp_path: Path) -> None:
    red = untrusted(api, tmp_path / "red", archive(regression()))
    assert red.step("publish", "--workflow-run").outputs["exit-code"] == "1"
    with api.lock:
        api.state.set_label(NUMBER, LABEL, REVIEWER, datetime.now(UTC) + timedelta(minutes=1))
    labelled = replace(job, payload=pull_request_payload(action="labeled", label={"name": LABEL}), run=101)
    prepared = labelled.step("action", "prepare")
    assert prepared.result.exit_code == 0, prepared.result.output
    assert prepared.outputs["measure"] == "false"
    done = labelled.step("publish", PERF_MATRIX_CHECK="perf")
    assert done.result.exit_code == 0, done.result.output
    assert done.outputs["verdict"] == "regression"
    assert done.outputs["accepted"] == "true"
    assert "reviewer" in bodies(api)[0]
    assert "REGRESSION" in bodies(api)[0]
    (check,) = api.state.check_runs
    assert (check.conclusion, check.head_sha) == ("success", FIRST)


def test_a_folder_without_a_run_is_an_error(job: Job, tmp_path: Path) -> None:
    step = job.step("publish", str(tmp_path / "nothing"))
    assert isinstance(step.result.exception, InputError)
    assert "not a run folder" in str(step.result.exception)


def test_without_a_folder_the_event_has_to_be_an_acceptance(job: Job) -> None:
    step = job.step("publish")
    assert isinstance(step.result.exception, InputError)
    assert "publish needs DIR" in str(step.result.exception)


def test_a_label_that_accepts_nothing_is_measured(job: Job, api: FakeGitHub) -> None:
    with api.lock:
        api.state.set_label(NUMBER, LABEL, REVIEWER, datetime.now(UTC))
    labelled = replace(job, payload=pull_request_payload(action="labeled", label={"name": LABEL}))
    prepared = labelled.step(
        "action", "prepare", PERF_MATRIX_BASE="litellm==1.80.5", PERF_MATRIX_HEAD="litellm==1.81.0"
    )
    assert prepared.outputs["measure"] == "true"
    assert prepared.outputs["base"] == "litellm==1.80.5"
    assert prepared.outputs["diff"] == ""


def test_the_result_of_another_run_is_posted(api: FakeGitHub, tmp_path: Path) -> None:
    job = untrusted(api, tmp_path / "job", archive(regression()))
    step = job.step("publish", "--workflow-run", PERF_MATRIX_CHECK="perf")
    assert step.result.exit_code == 0, step.result.output
    assert step.outputs["exit-code"] == "1"
    assert [(check.name, check.conclusion) for check in api.state.check_runs] == [("perf", "failure")]
    assert "REGRESSION" in bodies(api)[0]
    assert "script" not in bodies(api)[0]
    assert "perf-matrix compare litellm==1.80.5 litellm==1.81.0" in bodies(api)[0]
    assert step.outputs["verdict"] == "regression"
    assert step.outputs["regressions"] == "4"
    assert [fetched.with_token for fetched in api.fetched] == [False]


def test_a_pull_request_that_moved_on_is_left_alone(api: FakeGitHub, tmp_path: Path) -> None:
    """The run was of another commit than the pull request has now: there is none to post on."""
    with api.lock:
        api.state.push(NUMBER, SECOND)
    step = untrusted(api, tmp_path / "job", archive(regression())).step("publish", "--workflow-run")
    assert bodies(api) == []
    assert "REGRESSION" in step.summary


def of_another_commit() -> Comparison:
    """A comparison that names another commit than the run had."""
    found = regression()
    head = found.subjects.head.model_copy(update={"spec": f"git:{SECOND}", "commit": SECOND})
    return found.model_copy(update={"subjects": found.subjects.model_copy(update={"head": head})})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no zip", "zip"),
        (archive("{}"), "no comparison"),
        (archive('{"verdict": "pass", "pull_request": 1}'), "no comparison"),
        (archive("[" * 100_000), "no comparison"),
        (archive(regression(), name="../comparison.json"), "comparison.json"),
        (archive(regression().model_dump_json().replace('"findings":', '"number":8,"findings":')), "number"),
        (archive(of_another_commit()), "is of the commit"),
        (archive(" " * 17 * 2**20), "comparison.json"),
    ],
    ids=["no zip", "empty", "wrong shape", "nested", "path", "extra key", "other commit", "too long"],
)
def test_a_hostile_artifact_is_refused_and_said(
    api: FakeGitHub, tmp_path: Path, content: bytes, words: str
) -> None:
    step = untrusted(api, tmp_path / "job", content).step("publish", "--workflow-run")
    assert isinstance(step.result.exception, InputError), step.result.output
    assert words in str(step.result.exception)
    assert bodies(api) == []
    assert api.state.check_runs == []


def test_no_artifact_is_said(api: FakeGitHub, tmp_path: Path) -> None:
    job = untrusted(api, tmp_path / "job", archive(regression()))
    step = job.step("publish", "--workflow-run", PERF_MATRIX_ID="nightly")
    assert "has no artifact perf-matrix-nightly" in str(step.result.exception)


def test_a_label_on_a_forks_pull_request_is_noted_by_the_second_workflow(
    api: FakeGitHub, tmp_path: Path
) -> None:
    """The first one has a token that only reads, and measures nothing: there is no artifact."""
    job = untrusted(api, tmp_path / "job", archive(regression()))
    assert job.step("publish", "--workflow-run").outputs["exit-code"] == "1"
    with api.lock:
        api.state.set_label(NUMBER, LABEL, REVIEWER, datetime.now(UTC) + timedelta(minutes=1))
        api.state.workflow_runs.append(WorkflowRun(RUN + 1, FIRST, "feature", api.state.repository))
    labelled = replace(job, payload={"workflow_run": {"id": RUN + 1}})
    step = labelled.step("publish", "--workflow-run", PERF_MATRIX_CHECK="perf")
    assert step.result.exit_code == 0, step.result.output
    assert step.outputs["accepted"] == "true"
    assert "reviewer" in bodies(api)[0]
    assert [check.conclusion for check in api.state.check_runs] == ["success"]


def test_the_other_event_is_needed(job: Job) -> None:
    assert "workflow_run" in str(job.step("publish", "--workflow-run").result.exception)

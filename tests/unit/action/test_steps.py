"""What holds for every step of every action and workflow: no expression in a script, every foreign action pinned."""

from __future__ import annotations

import re

import pytest
import yaml

from scripts.action.definitions import FILES, ROOT
from tests.unit.action.documents import ACTIONS, OWN, SCRIPTS, WORKFLOWS, Step, document, steps

STEPS = steps()
RUNS = [step for step in STEPS if step.run]
USES = [step for step in STEPS if step.uses]
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
# As it stands in the file: a comment is no part of what YAML gives.
USED_LINE = re.compile(r"^\s*(?:- )?uses: (?P<action>\S+)(?: # (?P<tag>v\d+\.\d+\.\d+))?$", re.MULTILINE)
MOST_LINES = 8


def test_every_action_and_workflow_is_looked_at() -> None:
    found = {str(file.relative_to(ROOT)) for file in [*ACTIONS, *WORKFLOWS]}
    assert found == {*FILES, ".github/workflows/ci.yml"}
    assert len(RUNS) > 10
    assert len(USES) > 5


@pytest.mark.parametrize("step", RUNS, ids=str)
def test_a_script_holds_no_expression(step: Step) -> None:
    assert "${{" not in step.run, "hand the value over through env: it may be anything"


@pytest.mark.parametrize("step", RUNS, ids=str)
def test_a_script_is_short_bash_that_stops_at_the_first_failure(step: Step) -> None:
    assert step.fields["shell"] == "bash"
    lines = step.run.splitlines()
    assert lines[0] == "set -euo pipefail"
    assert len(lines) <= MOST_LINES, "more belongs into scripts/action/"


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_runs_or_uses(step: Step) -> None:
    assert bool(step.run) != bool(step.uses)
    assert step.run == "" or step.fields["name"], "its name is what the log shows"


@pytest.mark.parametrize("step", USES, ids=str)
def test_actions_of_others_are_pinned_by_hash_and_our_own_by_the_tag_of_the_release(step: Step) -> None:
    if step.uses.partition("@")[0].startswith(OWN):
        assert re.fullmatch(rf"{OWN}(/plan|/report)?@v1", step.uses)
    else:
        assert PINNED.fullmatch(step.uses)


@pytest.mark.parametrize("file", [*ACTIONS, *WORKFLOWS], ids=lambda file: str(file.relative_to(ROOT)))
def test_a_pinned_action_names_its_tag(file: object) -> None:
    text = (ROOT / str(file)).read_text(encoding="utf-8")
    said = {(found["action"], found["tag"]) for found in USED_LINE.finditer(text)}
    used = {step.uses for step in USES if (ROOT / step.place.split()[0]) == file}
    assert {action for action, _ in said} == used, "a line that this test does not understand"
    assert {action for action, tag in said if tag is None and not action.startswith(OWN)} == set()


def test_an_action_has_one_commit_everywhere() -> None:
    commits = {step.uses for step in USES}
    assert len({action.partition("@")[0] for action in commits}) == len(commits)


@pytest.mark.parametrize("step", [step for step in USES if "actions/checkout@" in step.uses], ids=str)
def test_a_checkout_leaves_no_token_behind(step: Step) -> None:
    assert step.fields["with"]["persist-credentials"] is False


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: str(file.name))
def test_a_workflow_grants_nothing_but_job_by_job(file: object) -> None:
    workflow = document(ROOT / str(file))
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        has_checkout = any("actions/checkout@" in step.get("uses", "") for step in job["steps"])
        assert job["permissions"].get("contents") == ("read" if has_checkout else None), name
        assert set(job["permissions"].values()) <= {"read", "write"}, name
        assert job["timeout-minutes"], name


def test_the_jobs_that_run_code_of_the_pull_request_may_write_nothing() -> None:
    (called,) = [document(file) for file in WORKFLOWS if file.name == "perf-matrix.yml"]
    writing = {
        name: {what for what, level in job["permissions"].items() if level == "write"}
        for name, job in called["jobs"].items()
    }
    assert writing == {
        "plan": set(),
        "cells": set(),
        "report": {"pull-requests", "checks"},
    }


def test_no_workflow_runs_with_the_rights_of_the_target() -> None:
    events = [yaml.dump(document(file)[True]) for file in WORKFLOWS]
    assert not [text for text in events if "pull_request_target" in text]


def test_the_required_job_always_runs_under_the_same_name() -> None:
    (called,) = [document(file) for file in WORKFLOWS if file.name == "perf-matrix.yml"]
    report = called["jobs"]["report"]
    assert (report["name"], report["if"], report["needs"]) == ("perf-matrix", "always()", ["plan", "cells"])
    assert called["jobs"]["cells"]["strategy"]["fail-fast"] is False


def test_what_runs_by_its_path_is_executable() -> None:
    called = {name for step in RUNS for name in re.findall(r"scripts/action/([\w.-]+)", step.run)}
    assert called == {"install.sh", "measure.sh", "merge.sh", "one-of.sh", "plan.sh"}
    assert {name for name in called if not (SCRIPTS / name).stat().st_mode & 0o100} == set()

"""The workflows in docs/ACTION.md, which people copy: whole, valid, with inputs and permissions that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.action.definitions import ROOT, read_definition

DOCS = ROOT / "docs" / "ACTION.md"
BIN = Path(sys.executable).parent
_BLOCK = re.compile(
    r"^```yaml\n(?P<name># \.github/workflows/\S+\n)(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_OWN = re.compile(r"perf-matrix/perf-matrix(?:/(?P<part>[^@]+))?@v1")
EXAMPLES = [found["name"] + found["text"] for found in _BLOCK.finditer(DOCS.read_text(encoding="utf-8"))]
NAMES = [example.split("\n", 1)[0].rsplit("/", 1)[1] for example in EXAMPLES]


def uses_of(jobs: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is used of ours, and its inputs."""
    for job in jobs.values():
        for used in [job, *job.get("steps", [])]:
            if _OWN.fullmatch(str(used.get("uses", ""))):
                yield used["uses"], used.get("with", {})


def file_of(uses: str) -> Path:
    found = _OWN.fullmatch(uses)
    assert found is not None
    part = found["part"] or ""
    return ROOT / part if part.endswith(".yml") else ROOT / part / "action.yml"


def test_there_are_the_three_forms_and_one_for_litellm() -> None:
    assert NAMES == ["perf.yml", "perf.yml", "perf-publish.yml", "perf.yml"]


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_an_example_is_a_valid_workflow(example: str, tmp_path: Path) -> None:
    file = tmp_path / "workflow.yml"
    file.write_text(example)
    done = subprocess.run(
        [str(BIN / "actionlint"), "-shellcheck", "", "-pyflakes", "", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_an_example_gives_inputs_that_exist(example: str) -> None:
    used = list(uses_of(yaml.safe_load(example)["jobs"]))
    assert used
    for uses, given in used:
        assert set(given) <= {each.name for each in read_definition(file_of(uses)).inputs}, uses


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_check_run_is_never_called_as_a_job_is(example: str) -> None:
    """Nobody could tell which of the two is required."""
    jobs = yaml.safe_load(example)["jobs"]
    checks = {given["check"] for _, given in uses_of(jobs) if given.get("check")}
    names = {name for each in EXAMPLES for name in yaml.safe_load(each)["jobs"]}
    assert checks.isdisjoint(names | {"perf-matrix"})


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_job_that_a_label_may_skip_is_not_the_one_to_require(example: str) -> None:
    """GitHub counts a skipped job as passed: then a check run has to be there, which a skipped job does not touch."""
    workflow = yaml.safe_load(example)
    triggers = workflow[True]
    labelled = isinstance(triggers, dict) and "labeled" in (
        (triggers.get("pull_request") or {}).get("types") or []
    )
    checks = [given.get("check") for _, given in uses_of(workflow["jobs"])]
    assert not labelled or all(checks)


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_called_workflow_gets_every_permission_that_it_asks_for(example: str) -> None:
    """Else GitHub does not start it at all."""
    called = yaml.safe_load((ROOT / ".github" / "workflows" / "perf-matrix.yml").read_text(encoding="utf-8"))
    asked = {(what, level) for job in called["jobs"].values() for what, level in job["permissions"].items()}
    for job in yaml.safe_load(example)["jobs"].values():
        if "uses" in job:
            granted = job["permissions"]
            assert all(granted.get(what) in (level, "write") for what, level in asked)


def test_the_required_name_is_that_of_the_report_job() -> None:
    called = yaml.safe_load((ROOT / ".github" / "workflows" / "perf-matrix.yml").read_text(encoding="utf-8"))
    caller = next(iter(yaml.safe_load(EXAMPLES[1])["jobs"]))
    assert f"`{caller} / {called['jobs']['report']['name']}`" in DOCS.read_text(encoding="utf-8")

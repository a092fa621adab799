"""The actions, workflows and scripts as the tools see them that others check them with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.action.definitions import ROOT
from tests.unit.action.documents import ACTIONS, SCRIPTS, WORKFLOWS, Step, steps

BIN = Path(sys.executable).parent
DEPENDABOT = ROOT / ".github" / "dependabot.yml"
# Offline: nothing is asked of GitHub, so that the verdict depends on nothing but the files.
ZIZMOR = ("zizmor", "--offline", "--pedantic", "--no-progress", "--collect=all", "--strict-collection")
INJECTABLE = """\
name: test
on: {workflow_call: {inputs: {name: {type: string}}}}
permissions: {}
jobs:
  test:
    name: test
    runs-on: ubuntu-latest
    steps:
      - run: echo '${{ inputs.name }}'
"""
MISSPELT = """\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: echo '${{ steps.nothing.outputs.x }}'
"""
SCHEMAS = {
    "vendor.github-actions": ACTIONS,
    "vendor.github-workflows": WORKFLOWS,
    "vendor.dependabot": [DEPENDABOT],
}


def ran(tool: str, *arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / tool), *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_zizmor_finds_nothing() -> None:
    done = ran(*ZIZMOR, *ACTIONS, *WORKFLOWS, DEPENDABOT)

    assert done.returncode == 0, done.stdout
    assert done.stderr.count("completed") == len([*ACTIONS, *WORKFLOWS, DEPENDABOT]), done.stderr


def test_zizmor_would_find_an_expression_in_a_script_and_an_action_without_a_pin(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / ".github" / "zizmor.yml", folder.parent)
    (folder / "test.yml").write_text(INJECTABLE + "      - uses: actions/cache@v4\n")

    done = ran(*ZIZMOR, tmp_path, cwd=tmp_path)

    assert done.returncode != 0
    assert "template-injection" in done.stdout
    assert "unpinned-uses" in done.stdout


def test_actionlint_finds_nothing() -> None:
    done = ran("actionlint", "-shellcheck", BIN / "shellcheck", "-pyflakes", "", *WORKFLOWS)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_actionlint_would_find_a_step_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "test.yml").write_text(MISSPELT)

    done = ran("actionlint", tmp_path / "test.yml", cwd=tmp_path)

    assert done.returncode == 1
    assert "nothing" in done.stdout


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_are_valid_by_their_published_schema(schema: str) -> None:
    done = ran("check-jsonschema", "--builtin-schema", schema, *SCHEMAS[schema])

    assert done.returncode == 0, done.stdout


def test_a_key_that_no_schema_knows_would_be_found(tmp_path: Path) -> None:
    changed = tmp_path / "action.yml"
    changed.write_text((ROOT / "action.yml").read_text(encoding="utf-8") + "stpes: []\n")

    done = ran("check-jsonschema", "--builtin-schema", "vendor.github-actions", changed)

    assert done.returncode == 1
    assert "stpes" in done.stdout


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda script: str(script.name))
def test_shellcheck_finds_nothing_in_a_script(script: Path) -> None:
    done = ran("shellcheck", "--external-sources", script)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("step", [step for step in steps() if step.run], ids=str)
def test_shellcheck_finds_nothing_in_a_step(step: Step, tmp_path: Path) -> None:
    script = tmp_path / "step.sh"
    # The variables of the step are set by the runner.
    script.write_text("".join(f"export {name}=x\n" for name in step.env) + step.run)

    done = ran("shellcheck", "--shell=bash", script)

    assert done.returncode == 0, done.stdout

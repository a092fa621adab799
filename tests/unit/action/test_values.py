"""Where values come from and go to: inputs, outputs, environment variables, the token."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import click
import pytest

from perf_matrix.cli import cli
from perf_matrix.experiment.request import BackendChoice
from perf_matrix.publish.outcome import FailOn
from perf_matrix.publish.source import CommentWhen
from scripts.action.definitions import FILES, ROOT, Definition, read_definition
from tests.unit.action.documents import (
    ACTIONS,
    OWN,
    SCRIPTS,
    WORKFLOWS,
    Step,
    document,
    steps,
    steps_of,
    strings_in,
)

DEFINITIONS = {name: read_definition(ROOT / name) for name in FILES}
STEPS = steps()
RUNS = [step for step in STEPS if step.run and step.place in FILES]
OWN_USES = [step for step in STEPS if step.uses.partition("@")[0].startswith(OWN)]

# What a step gives `perf-matrix` through the environment: the variables of the command's options.
PREPARE = {"BASE", "HEAD", "ID", "COMMENT", "LABEL"}
PUBLISH = {"ID", "COMMENT", "FAIL_ON", "CHECK", "LABEL", "REPORT_URL"}
COMMANDS = {
    "perf-matrix action prepare": PREPARE,
    'perf-matrix publish ${FOLDER:+"$FOLDER"}': PUBLISH,
    # The finished run knows where its artifact is.
    "perf-matrix publish --workflow-run": PUBLISH - {"REPORT_URL"},
    "measure.sh": {"BACKEND"},
}
PUBLISHED = {
    "verdict",
    "regressions",
    "improvements",
    "undecided",
    "invalid",
    "exit-code",
    "comparison",
    "report",
    "comment-url",
    "check-url",
    "accepted",
}
PREPARED = {"base", "head", "folder", "diff", "measure"}
# Inputs that mean the same in several files have the same default, but for these.
OTHER_DEFAULTS = {
    # Many runners measure the cells of the larger matrix side by side.
    (".github/workflows/perf-matrix.yml", "matrix"): "pr",
}
CHOICES = {
    "artifact": ("true", "false"),
    "backend": get_args(BackendChoice),
    "comment": get_args(CommentWhen),
    "fail-on": get_args(FailOn),
}
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
VARIABLE = re.compile(r"\$\{?([A-Z][A-Z0-9_]+)")
SOURCED = re.compile(r"^\. .*/([\w-]+\.sh)", re.MULTILINE)


def command(*names: str) -> click.Command:
    """A command of the command line; KeyError where there is none of this name."""
    found: click.Command = cli
    for name in names:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    return found


def variables(of: click.Command) -> set[str]:
    """The variables that its options are read from, without the PERF_MATRIX_ of each."""
    names = {option.envvar for option in of.params if option.envvar}
    assert all(isinstance(name, str) and name.startswith("PERF_MATRIX_") for name in names)
    return {str(name).removeprefix("PERF_MATRIX_") for name in names}


def own_definition(step: Step) -> Definition:
    folder = step.uses.partition("@")[0].removeprefix(OWN).strip("/")
    return DEFINITIONS[str(Path(folder) / "action.yml")]


def with_(step: Step) -> dict[str, str]:
    return dict(step.fields.get("with", {}))


@pytest.mark.parametrize("name", FILES)
def test_every_input_and_output_is_named_alike_and_described(name: str) -> None:
    definition = DEFINITIONS[name]
    told = [(each.name, each.description) for each in definition.inputs]
    told += [(each.name, each.description) for each in definition.outputs]
    for name_, description in told:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name_)
        assert description.endswith("."), name_
    for given in definition.inputs:
        assert given.required == (given.default is None), f"{given.name}: either required, or with a default"


@pytest.mark.parametrize("name", FILES)
def test_inputs_of_the_same_name_have_the_same_default(name: str) -> None:
    first = {each.name: each.default for each in DEFINITIONS["action.yml"].inputs}
    for each in DEFINITIONS[name].inputs:
        if each.name in first:
            expected = OTHER_DEFAULTS.get((name, each.name), first[each.name])
            assert each.default == expected, each.name


@pytest.mark.parametrize("name", FILES)
def test_every_input_is_used_and_every_used_one_is_declared(name: str) -> None:
    loaded = document(ROOT / name)
    body = loaded["runs"] if "runs" in loaded else loaded["jobs"]
    used = {found for text in strings_in(body) for found in re.findall(r"\binputs\.([\w-]+)", text)}
    assert used == {each.name for each in DEFINITIONS[name].inputs}


@pytest.mark.parametrize("step", OWN_USES, ids=str)
def test_our_own_actions_are_given_inputs_that_they_have(step: Step) -> None:
    inputs = own_definition(step).inputs
    assert set(with_(step)) <= {each.name for each in inputs}
    assert {each.name for each in inputs if each.required} <= set(with_(step))


def test_the_reusable_workflow_hands_every_input_on_to_whoever_knows_it() -> None:
    own = {"runs-on", "max-parallel", "timeout-minutes"}
    inputs = {each.name for each in DEFINITIONS[".github/workflows/perf-matrix.yml"].inputs} - own
    for step in OWN_USES:
        known = {each.name for each in own_definition(step).inputs}
        given = with_(step)
        for name in inputs & known:
            # A job for one cell takes that cell, and leaves the pull request to the report.
            if step.place.endswith(" cells") and name in {"cells", "comment", "fail-on", "label", "check"}:
                continue
            assert given.get(name) == f"${{{{ inputs.{name} }}}}", f"{step}: {name}"
    assert inputs <= {name for step in OWN_USES for name in with_(step)}


def test_a_job_for_a_cell_measures_that_cell_and_publishes_nothing() -> None:
    (step,) = [step for step in OWN_USES if step.place.endswith(" cells")]
    given = with_(step)
    assert (given["cells"], given["part"], given["comment"]) == (
        "${{ matrix.cell }}",
        "${{ matrix.cell }}",
        "never",
    )
    (publish,) = [step for step in steps_of(ROOT / "action.yml") if step.id == "publish"]
    assert "inputs.part == ''" in publish.fields["if"]


def test_the_report_finds_the_artifacts_that_the_parts_are_kept_in() -> None:
    (upload,) = [step for step in steps_of(ROOT / "action.yml") if step.id == "upload"]
    (download,) = [step for step in STEPS if "actions/download-artifact@" in step.uses]
    assert with_(upload)["name"] == "perf-matrix-${{ inputs.id }}${{ inputs.part && '.' }}${{ inputs.part }}"
    assert with_(download)["pattern"] == "perf-matrix-${{ inputs.id }}.*"


@pytest.mark.parametrize("name", FILES)
def test_outputs_come_from_earlier_steps_that_have_them(name: str) -> None:
    known: dict[str, set[str]] = {
        "prepare": PREPARED,
        "publish": PUBLISHED,
        "measure": {"exit-code"},
        "merge": {"folder"},
        "upload": {"artifact-url"},
        "plan": {"matrix", "measure"},
        "report": PUBLISHED,
    }
    text = (ROOT / name).read_text(encoding="utf-8")
    ids = {step.id for step in steps_of(ROOT / name)}
    for id_, output in re.findall(r"\bsteps\.([\w-]+)\.outputs\.([\w-]+)", text):
        assert id_ in ids
        assert output in known[id_]
    assert set(re.findall(r"\bsteps\.([\w-]+)\.", text)) <= ids


@pytest.mark.parametrize("step", [step for step in OWN_USES if step.id], ids=str)
def test_a_workflow_reads_outputs_that_the_action_gives(step: Step) -> None:
    text = (ROOT / step.place.split()[0]).read_text(encoding="utf-8")
    read = set(re.findall(rf"\bsteps\.{step.id}\.outputs\.([\w-]+)", text))
    assert read
    assert read <= {each.name for each in own_definition(step).outputs}


@pytest.mark.parametrize("name", ["action.yml", "report/action.yml", "publish/action.yml"])
def test_everything_that_publishing_tells_is_an_output(name: str) -> None:
    paths = {"comparison", "report"} if name == "publish/action.yml" else set()
    outputs = {each.name: each.value for each in DEFINITIONS[name].outputs}
    for output in PUBLISHED - paths:
        assert f"steps.publish.outputs.{output} " in outputs[output]


@pytest.mark.parametrize("step", RUNS, ids=str)
def test_the_token_is_given_to_prepare_and_publish_only(step: Step) -> None:
    has_it = "GITHUB_TOKEN" in step.env
    assert has_it == (step.id in {"prepare", "publish"})
    assert {name for name, value in step.env.items() if "token" in value} == (
        {"GITHUB_TOKEN"} if has_it else set()
    )


@pytest.mark.parametrize("file", [*ACTIONS, *WORKFLOWS], ids=lambda file: str(file.relative_to(ROOT)))
def test_no_token_is_taken_from_anywhere_else(file: Path) -> None:
    tokens = {
        found.strip()
        for text in strings_in(document(file))
        for found in EXPRESSION.findall(text)
        if "token" in found or "secrets" in found
    }
    assert tokens <= {"github.token", "inputs.github-token"}
    for job in document(file).get("jobs", {}).values():
        assert "env" not in job, "it would be the environment of the measurement, too"


@pytest.mark.parametrize("step", RUNS, ids=str)
def test_a_command_is_given_the_variables_of_its_options(step: Step) -> None:
    expected = next((names for words, names in COMMANDS.items() if words in step.run), set())
    given = {name for name in step.env if name.startswith("PERF_MATRIX_")}
    assert given == {f"PERF_MATRIX_{name}" for name in expected}


def test_each_of_these_commands_is_run() -> None:
    for words in COMMANDS:
        assert [step for step in RUNS if words in step.run], words


def test_the_variables_of_compare_and_plan() -> None:
    assert variables(command("compare")) == COMMANDS["measure.sh"]
    assert variables(command("plan")) == set()


def test_the_variables_of_publish() -> None:
    assert variables(command("publish")) == PUBLISH


def test_the_variables_of_prepare() -> None:
    assert variables(command("action", "prepare")) == PREPARE


def test_the_options_of_merge_in_its_script() -> None:
    known = {option for each in command("merge").params for option in each.opts}
    assert {"--plan", "--out"} <= known
    assert variables(command("merge")) == set()


@pytest.mark.parametrize("step", RUNS, ids=str)
def test_a_script_gets_what_it_reads_and_reads_what_it_gets(step: Step) -> None:
    runners = {"RUNNER_TEMP", "GITHUB_ACTION_PATH", "GITHUB_PATH", "GITHUB_OUTPUT", "BASH_SOURCE"}
    read = read_by(step.run) - runners
    given = {name for name in step.env if not name.startswith("PERF_MATRIX_") and name != "GITHUB_TOKEN"}
    assert read - given <= {"NEEDS_K6"}
    assert given <= read


def read_by(script: str) -> set[str]:
    """The variables that a script reads, with those of the scripts that it calls or sources."""
    names = {*re.findall(r"scripts/action/([\w-]+\.sh)", script), *SOURCED.findall(script)}
    others = [(SCRIPTS / name).read_text(encoding="utf-8") for name in names]
    code = re.sub(r"^\s*#.*$", "", script, flags=re.MULTILINE)
    return set(VARIABLE.findall(code)).union(*map(read_by, others))


def test_every_input_with_choices_is_checked_against_them() -> None:
    asked = {
        (name, tuple(choices.split()))
        for step in RUNS
        for name, choices in re.findall(r'one[_-]of(?:\.sh)?" ([\w-]+) "\$\w+" (.+)$', step.run, re.MULTILINE)
    }
    assert {name for name, _ in asked} == set(CHOICES)
    assert {(name, tuple(sorted(choices))) for name, choices in asked} == {
        (name, tuple(sorted(choices))) for name, choices in CHOICES.items()
    }


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("action.yml")])
def test_an_input_with_choices_is_checked_before_anything_is_installed(name: str) -> None:
    first = steps_of(ROOT / name)[0]
    checked = set(re.findall(r'" ([\w-]+) "\$', first.run))
    assert checked == set(CHOICES) & {each.name for each in DEFINITIONS[name].inputs}

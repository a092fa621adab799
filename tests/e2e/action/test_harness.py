"""The machine that the action is tried on: what GitHub's runner does, act and the stand-ins must do alike."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tests.actions_runner.events import Event, labeled, opened, pushed, run_completed, synchronized
from tests.actions_runner.outcome import Annotation, Outcome
from tests.actions_runner.pins import CHECKOUT, DOWNLOAD, UPLOAD, pinned
from tests.actions_runner.processes import marked
from tests.actions_runner.repositories import (
    NUMBER,
    Proposed,
    full_checkout,
    own_repository,
    shallow_checkout,
    small_origin,
)
from tests.actions_runner.runner import Runner, runner
from tests.github_api.state import BEGINNING, Account, WorkflowRun

pytestmark = pytest.mark.e2e

_TOKEN = "not-a-secret"  # noqa: S105
GREETER = "acme/greeter@v1"
_GREET = """
    name: Greet
    inputs:
      who: {default: world}
    outputs:
      said: {value: "${{ steps.say.outputs.said }}"}
    runs:
      using: composite
      steps:
        - id: say
          shell: bash
          env: {WHO: "${{ inputs.who }}"}
          run: |
            cat "$GITHUB_ACTION_PATH/greeting.txt"
            echo "said=hello $WHO" >> "$GITHUB_OUTPUT"
            echo "## Greeted $WHO" >> "$GITHUB_STEP_SUMMARY"
            echo "::warning file=service.py,line=1,title=Look::100%25 of it"
"""
# A plan, a job for each of its cells with an artifact each, and a report whatever came of them.
_CELLS = f"""
    on: pull_request
    jobs:
      plan:
        runs-on: ubuntu-latest
        outputs: {{matrix: "${{{{ steps.plan.outputs.matrix }}}}"}}
        steps:
          - id: plan
            run: echo 'matrix={{"cell":["telemetry=off","telemetry=on,workers=two"]}}' >> "$GITHUB_OUTPUT"
      cell:
        needs: plan
        runs-on: ubuntu-latest
        strategy:
          fail-fast: false
          max-parallel: 1
          matrix: "${{{{ fromJSON(needs.plan.outputs.matrix) }}}}"
        steps:
          - uses: {CHECKOUT}
          - uses: {GREETER}
            id: greet
            with: {{who: "${{{{ matrix.cell }}}}"}}
          - id: measure
            env: {{CELL: "${{{{ matrix.cell }}}}"}}
            run: |
              mkdir -p "run/cells/$CELL" run/.private
              cp service.py "run/cells/$CELL/copy.py"
              touch run/.private/file run/.lock
              test "$CELL" = telemetry=off
          - uses: {UPLOAD}
            if: always()
            id: upload
            with:
              name: perf-matrix-default-${{{{ matrix.cell }}}}
              path: run
              retention-days: 5
              overwrite: true
              if-no-files-found: error
      report:
        needs: [plan, cell]
        if: always()
        runs-on: ubuntu-latest
        steps:
          - uses: {DOWNLOAD}
            id: download
            with: {{pattern: perf-matrix-default-*, path: apart}}
          - uses: {DOWNLOAD}
            with: {{pattern: perf-matrix-default-*, path: together, merge-multiple: true}}
          - uses: {DOWNLOAD}
            with: {{pattern: nothing-*, path: nothing}}
          - id: look
            env: {{RESULT: "${{{{ needs.cell.result }}}}"}}
            run: |
              echo "cells: $RESULT"
              find apart together -type f | sort
              test ! -e nothing
      after:
        needs: cell
        runs-on: ubuntu-latest
        steps:
          - run: "true"
"""


@dataclass(frozen=True)
class Cells:
    """One run of the workflow with two cells, whose second one fails; and the names of the files in its artifacts."""

    outcome: Outcome
    files: dict[str, list[str]]


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> Proposed:
    return small_origin(tmp_path_factory.mktemp("origin") / "service")


@pytest.fixture(scope="module")
def machine(proposed: Proposed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    greeter = _greeter(tmp_path_factory.mktemp("greeter"))
    workspace = full_checkout(proposed, tmp_path_factory.mktemp("workspace"))
    with runner(workspace, {**pinned(), GREETER: greeter}) as machine:
        yield machine


@pytest.fixture(scope="module")
def cells(machine: Runner, proposed: Proposed) -> Cells:
    outcome = machine.run(dedent(_CELLS), opened(proposed.state(), NUMBER))
    files = {name: sorted(zipfile.ZipFile(path).namelist()) for name, path in outcome.artifacts.items()}
    return Cells(outcome, files)


def test_a_composite_action_has_inputs_outputs_a_folder_a_summary_and_annotations(cells: Cells) -> None:
    job = cells.outcome.job("cell", cell="telemetry=off")
    assert job.step("greet").outputs == {"said": "hello telemetry=off"}
    assert job.step("greet", "say").lines == ("from its own folder",)
    assert job.summary == "## Greeted telemetry=off\n"
    assert job.annotations == (
        Annotation("warning", "100% of it", {"file": "service.py", "line": "1", "title": "Look"}),
    )


def test_every_cell_of_a_matrix_from_json_runs_and_the_report_runs_though_one_failed(cells: Cells) -> None:
    assert cells.outcome.exit_code == 1
    assert [job.matrix["cell"] for job in cells.outcome.jobs_of("cell")] == [
        "telemetry=off",
        "telemetry=on,workers=two",
    ]
    failed = cells.outcome.job("cell", cell="telemetry=on,workers=two")
    assert (failed.step("measure").result, failed.result) == ("failure", "failure")
    report = cells.outcome.job("report")
    assert report.result == "success"
    assert report.step("look").lines[0] == "cells: failure"
    assert cells.outcome.jobs_of("after") == []


def test_artifacts_arrive_with_their_folders_and_without_hidden_files(cells: Cells) -> None:
    assert cells.files == {
        "perf-matrix-default-telemetry=off": ["cells/telemetry=off/copy.py"],
        "perf-matrix-default-telemetry=on,workers=two": ["cells/telemetry=on,workers=two/copy.py"],
    }
    assert cells.outcome.job("report").step("look").lines[1:] == (
        "apart/perf-matrix-default-telemetry=off/cells/telemetry=off/copy.py",
        "apart/perf-matrix-default-telemetry=on,workers=two/cells/telemetry=on,workers=two/copy.py",
        "together/cells/telemetry=off/copy.py",
        "together/cells/telemetry=on,workers=two/copy.py",
    )
    url = cells.outcome.job("cell", cell="telemetry=off").step("upload").outputs["artifact-url"]
    assert url.startswith("https://github.com/acme/service/actions/runs/4711/artifacts/")


_UPLOADS = f"""
    on: pull_request
    jobs:
      upload:
        runs-on: ubuntu-latest
        steps:
          - run: mkdir one empty && echo 1 > one/file && echo 2 > two
          - {{id: first, uses: {UPLOAD}, with: {{name: result, path: one}}}}
          - {{id: taken, uses: {UPLOAD}, with: {{name: result, path: one}}, continue-on-error: true}}
          - {{id: over, uses: {UPLOAD}, with: {{name: result, path: "one\\ntwo", overwrite: true}}}}
          - {{id: empty, uses: {UPLOAD}, with: {{name: none, path: empty}}}}
          - {{id: refused, uses: {UPLOAD}, with: {{name: none, path: empty, if-no-files-found: error}},
             continue-on-error: true}}
          - {{id: missing, uses: {DOWNLOAD}, with: {{name: absent}}, continue-on-error: true}}
          - {{id: found, uses: {DOWNLOAD}, with: {{name: result, path: down}}}}
          - {{id: look, run: find down -type f | sort}}
"""


def test_artifacts_that_are_taken_missing_or_empty_end_as_with_githubs_own_actions(
    machine: Runner, proposed: Proposed
) -> None:
    outcome = machine.run(dedent(_UPLOADS), opened(proposed.state(), NUMBER))
    job = outcome.job("upload")
    results = {step.path[0]: step.result for step in job.steps}
    assert {name for name, result in results.items() if result == "failure"} == {
        "taken",
        "refused",
        "missing",
    }
    assert [one.level for one in job.step("empty").annotations] == ["warning"]
    assert [one.level for one in job.step("refused").annotations] == ["error"]
    assert job.step("look").lines == ("down/one/file", "down/two")
    assert list(outcome.artifacts) == ["result"]


_LOOK = f"""
    on: [pull_request, push, workflow_run]
    jobs:
      look:
        runs-on: ubuntu-latest
        steps:
          - uses: {CHECKOUT}
          - id: below
            uses: acme/greeter/below@v1
          - id: told
            env: {{TOKEN: "${{{{ github.token }}}}"}}
            run: |
              echo "$GITHUB_EVENT_NAME $GITHUB_REPOSITORY $GITHUB_ACTOR $GITHUB_REF $GITHUB_SHA"
              echo "run $GITHUB_RUN_ID"
              echo "api $GITHUB_API_URL"
              echo "token ${{#TOKEN}} characters, in the environment: ${{GITHUB_TOKEN:-none}}"
          - id: event
            run: cat "$GITHUB_EVENT_PATH"
          - id: history
            run: git rev-list --count HEAD
"""


def test_a_job_is_told_the_event_and_where_the_api_is_and_has_no_token_unasked(
    machine: Runner, proposed: Proposed
) -> None:
    state = proposed.state("somebody/service")
    maintainer = Account("maintainer")
    state.set_label(NUMBER, "perf-accepted", maintainer, BEGINNING)
    outcome = machine.run(
        dedent(_LOOK),
        labeled(state, NUMBER, "perf-accepted", maintainer),
        token=_TOKEN,
        environ={"GITHUB_API_URL": "http://127.0.0.1:9/api/v3"},
        run_id=12,
    )
    assert outcome.exit_code == 0, outcome.log
    look = outcome.job("look")
    assert look.step("told").lines == (
        f"pull_request acme/service maintainer refs/pull/7/merge {proposed.merge}",
        "run 12",
        "api http://127.0.0.1:9/api/v3",
        "token 12 characters, in the environment: none",
    )
    assert look.step("below", "say").lines == ("from the folder below",)
    assert '"full_name": "somebody/service"' in look.step("event").text
    assert look.step("history").lines == ("4",)
    assert _TOKEN not in outcome.log


def test_other_events_run_on_the_commit_that_github_says(machine: Runner, proposed: Proposed) -> None:
    author = Account("maintainer")
    state = proposed.state()
    state.workflow_runs.append(WorkflowRun(99, proposed.head, "change", "somebody/service"))
    for event, where in (
        (pushed(state, "main", proposed.base, author), f"refs/heads/main {proposed.base}"),
        (run_completed(state, 99, author), f"refs/heads/main {proposed.merge}"),
        (synchronized(state, NUMBER, proposed.base), f"refs/pull/7/merge {proposed.merge}"),
    ):
        outcome = machine.run(dedent(_LOOK), event)
        assert outcome.exit_code == 0, outcome.log
        said = outcome.job("look").step("told").lines[0]
        assert said == f"{event.name} acme/service {event.actor} {where}"


_LEAVE = """
    on: push
    jobs:
      leave:
        runs-on: ubuntu-latest
        steps:
          - run: |
              trap '' HUP
              sleep 4321 > /dev/null 2>&1 &
"""


def test_what_a_step_leaves_running_is_ended_and_said(machine: Runner, proposed: Proposed) -> None:
    outcome = machine.run(dedent(_LEAVE), _push(proposed))
    assert [line.partition(": ")[2] for line in outcome.left_behind] == ["sleep 4321"]


def test_nothing_runs_on_after_a_run_that_took_too_long(machine: Runner, proposed: Proposed) -> None:
    hanging = dedent(_LEAVE) + "          wait\n"
    with pytest.raises(AssertionError, match=r"longer than 2 s"):
        machine.run(hanging, _push(proposed), limit_s=2)
    assert marked(machine.mark) == []


def test_a_shallow_checkout_has_the_merge_alone(proposed: Proposed, tmp_path: Path) -> None:
    workspace = shallow_checkout(proposed, tmp_path / "workspace")
    with runner(workspace, {GREETER: _greeter(tmp_path / "greeter")}) as machine:
        outcome = machine.run(dedent(_LOOK), opened(proposed.state(), NUMBER))
    assert outcome.job("look").step("history").lines == ("1",)


def test_our_own_repository_is_given_without_what_git_ignores(tmp_path: Path) -> None:
    folder = own_repository(tmp_path / "own")
    assert (folder / "requirements" / "local.lock").is_file()
    assert (folder / "runner" / "perf_matrix" / "cli.py").is_file()
    assert not (folder / ".venv").exists()
    assert not (folder / ".git").exists()


@pytest.mark.parametrize("file", ["action.yml", "*/action.yml", ".github/workflows/perf-matrix.yml"])
def test_every_action_that_ours_use_is_stood_in_for(file: str, tmp_path: Path) -> None:
    own = own_repository(tmp_path / "own")
    used = {
        line.partition("uses:")[2].partition("#")[0].strip()
        for path in own.glob(file)
        for line in path.read_text().splitlines()
        if line.lstrip(" -").startswith("uses:")
    }
    assert used
    others = {name for name in used if not name.startswith("perf-matrix/perf-matrix")}
    assert others <= {CHECKOUT, *pinned()}


def _push(proposed: Proposed) -> Event:
    return pushed(proposed.state(), "main", proposed.base, Account("maintainer"))


def _greeter(folder: Path) -> Path:
    """A repository with an action, and the same one in a folder below, each beside a file of its own."""
    for place, greeting in ((folder, "from its own folder"), (folder / "below", "from the folder below")):
        place.mkdir(exist_ok=True)
        (place / "action.yml").write_text(dedent(_GREET))
        (place / "greeting.txt").write_text(f"{greeting}\n")
    return folder

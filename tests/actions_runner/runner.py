"""Running workflows for real: act, on this machine itself, with nothing downloaded from GitHub.

The workspace, the home folder, the event and the artifacts are folders of the test. Actions are folders, too,
by the name that ``uses:`` has for their repository.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from perf_matrix.stacks.ports import LOOPBACK, free_port
from perf_matrix.tools import find_node

from .environment import step_environment
from .events import Event
from .outcome import Outcome, for_people, jobs_in, read_log
from .processes import MARK_VARIABLE, end_all

ACT = Path(sys.executable).with_name("act")
RUN_ID = 4711
LIMIT_S = 600.0
_ALWAYS = (
    *("--json", "--rm", "--pull=false", "--no-cache-server"),
    "--platform=ubuntu-latest=-self-hosted",
    f"--artifact-server-addr={LOOPBACK}",
    # GitHub hides the token in its logs, and so would act. Nobody should have to.
    "--insecure-secrets",
    # Files of these names in a workspace mean nothing to GitHub.
    *(f"--{kind}-file={os.devnull}" for kind in ("env", "input", "var")),
)


@dataclass(frozen=True)
class _Ended:
    """How act ended, and what it left running, in words."""

    exit_code: int
    left_behind: tuple[str, ...]


@dataclass(frozen=True)
class Runner:
    """A machine for workflows.

    ``workspace``: what a plain actions/checkout gives each job, a copy of it.
    ``scratch``: an empty folder, for everything else.
    ``actions``: ``OWNER/NAME@REF`` to the folder that is this repository; actions in its folders and its reusable
    workflows are found there as well.
    ``environ``: variables of every job, such as GITHUB_API_URL.
    ``mark``: what all processes of its runs carry in their environment.
    """

    workspace: Path
    scratch: Path
    actions: Mapping[str, Path]
    environ: Mapping[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def run(
        self,
        workflow: str,
        event: Event,
        *,
        token: str = "",
        environ: Mapping[str, str] = {},
        run_id: int = RUN_ID,
        cells: Mapping[str, str] = {},
        limit_s: float = LIMIT_S,
    ) -> Outcome:
        """Run a workflow (its YAML) as GitHub would for this event, and wait for its end.

        ``token``: what ``github.token`` is. ``environ``: more variables, for this run.
        ``cells``: values of matrices; cells with other values do not run, as if their runners were lost.
        Whatever it starts is ended. Fails where it takes longer than ``limit_s`` seconds.
        """
        folder = Path(tempfile.mkdtemp(prefix=f"run-{run_id}-", dir=self.scratch))
        artifacts = folder / "artifacts" / str(run_id)
        # act's artifact server lists this folder, and breaks where it is not there.
        artifacts.mkdir(parents=True)
        _write(folder / "workflow.yml", workflow)
        _write(folder / "event.json", json.dumps(event.payload))
        _write(folder / "secrets", f"GITHUB_TOKEN={token}")
        variables = {**_of_event(event), "GITHUB_RUN_ID": str(run_id), **self.environ, **environ}
        chosen = [f"--matrix={axis}:{value}" for axis, value in cells.items()]
        arguments = [event.name, f"--actor={event.actor}", *self._arguments(folder, variables), *chosen]
        ended = self._act(folder, arguments, limit_s)
        entries = read_log((folder / "log").read_text())
        archives = {archive.stem: archive for archive in sorted(artifacts.glob("*/*.zip"))}
        said = f"{for_people(entries)}\n{(folder / 'errors').read_text()}"
        return Outcome(ended.exit_code, jobs_in(entries), archives, said, ended.left_behind)

    def _act(self, folder: Path, arguments: list[str], limit_s: float) -> _Ended:
        with (folder / "log").open("wb") as log, (folder / "errors").open("wb") as errors:
            act = subprocess.Popen(
                [str(ACT), *_ALWAYS, *arguments],
                cwd=self.workspace,
                env={**self._machine(folder), MARK_VARIABLE: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                start_new_session=True,
            )
            try:
                exit_code = act.wait(limit_s)
            except subprocess.TimeoutExpired:
                said = for_people(read_log((folder / "log").read_text()))
                raise AssertionError(f"the workflow took longer than {limit_s:g} s:\n{said}") from None
            finally:
                left_behind = end_all(self.mark)
                act.wait()
        return _Ended(exit_code, tuple(left_behind))

    def _arguments(self, folder: Path, variables: Mapping[str, str]) -> list[str]:
        return [
            f"--workflows={folder / 'workflow.yml'}",
            f"--eventpath={folder / 'event.json'}",
            f"--secret-file={folder / 'secrets'}",
            f"--action-cache-path={folder / 'act'}",
            f"--artifact-server-path={folder / 'artifacts'}",
            f"--artifact-server-port={free_port()}",
            *(f"--local-repository={name}={place}" for name, place in self.actions.items()),
            *(f"--env={name}={value}" for name, value in variables.items()),
        ]

    def _machine(self, folder: Path) -> dict[str, str]:
        home, programs = folder / "home", folder / "programs"
        for new in (home, programs):
            new.mkdir()
        # Actions in JavaScript are run with the node that is on PATH.
        (programs / "node").symlink_to(find_node().node[0])
        return step_environment(os.environ, home, programs)


@contextmanager
def runner(workspace: Path, actions: Mapping[str, Path], environ: Mapping[str, str] = {}) -> Iterator[Runner]:
    """A runner with folders of its own, which are gone afterwards, with the artifacts in them."""
    with tempfile.TemporaryDirectory(prefix="perf-matrix-act-") as scratch:
        yield Runner(workspace, Path(scratch), actions, environ)


def _of_event(event: Event) -> dict[str, str]:
    return {
        "GITHUB_REPOSITORY": event.repository,
        "GITHUB_REPOSITORY_OWNER": event.repository.partition("/")[0],
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)

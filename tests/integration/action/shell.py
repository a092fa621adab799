"""Running the scripts of the actions as a step does: with the runner's files, and a `perf-matrix` on PATH."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from scripts.action.definitions import ROOT

SCRIPTS = ROOT / "scripts" / "action"
# In place of a program that measures for minutes: writes down how it was called, and exits as it is told to.
_STAND_IN = """\
#!{python} -I
import json, os, sys
from pathlib import Path
with (Path({folder!r}) / "calls").open("a") as file:
    file.write(json.dumps({{"arguments": sys.argv[1:], "environ": dict(os.environ)}}) + "\\n")
made = [word.removeprefix("--out=") for word in sys.argv if word.startswith("--out=")]
for folder in made:
    Path(folder).mkdir(parents=True)
sys.exit({exit_code} if sys.argv[1] in {fails!r} else 0)
"""
LIMIT_S = 300


class Call(BaseModel):
    """How the stand-in was called."""

    model_config = ConfigDict(frozen=True)

    arguments: list[str]
    environ: dict[str, str]


@dataclass(frozen=True)
class Done:
    """A script that ended: its exit code, what it wrote, and the step outputs."""

    exit_code: int
    text: str
    outputs: dict[str, str]


@dataclass(frozen=True)
class Runner:
    """A runner's folders. ``path`` is what PATH holds."""

    folder: Path
    path: str

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def added_path(self) -> Path:
        return self.folder / "path"

    def stand_in(self, *, exit_code: int = 0, fails: tuple[str, ...] = ("compare", "report")) -> None:
        """Put a stand-in for `perf-matrix` before all else on PATH; the commands in ``fails`` fail."""
        program = self.folder / "bin" / "perf-matrix"
        program.write_text(
            _STAND_IN.format(
                python=sys.executable, folder=str(self.folder), exit_code=exit_code, fails=list(fails)
            )
        )
        program.chmod(0o755)

    def calls(self) -> list[Call]:
        """How the stand-in was called, in order."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [Call.model_validate(json.loads(line)) for line in lines]

    def run(self, script: str | Path, *arguments: str, **environ: str) -> Done:
        """Run a script of scripts/action, or the one at this path."""
        done = subprocess.run(
            [str(SCRIPTS / script), *arguments],
            cwd=self.folder / "workspace",
            env=self._environ(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        lines = self.output.read_text().splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        return Done(done.returncode, done.stdout, outputs)

    def _environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        files = {
            name: str(self.folder / "other") for name in ("GITHUB_ENV", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
        }
        return {
            "PATH": f"{self.folder / 'bin'}:{self.path}",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_PATH": str(self.added_path),
            **files,
            **environ,
        }


def new_runner(folder: Path, path: str) -> Runner:
    """A runner with empty folders and files below ``folder``."""
    for name in ("bin", "temp", "workspace"):
        (folder / name).mkdir()
    for name in ("output", "path", "other"):
        (folder / name).touch()
    return Runner(folder, path)

"""The Docker engine that tests share: one that answers, else a private one that scripts/engine starts and ends."""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NO_ENGINE_VARIABLE = "PERF_MATRIX_TESTS_NO_ENGINE"
PROGRAM = Path(__file__).parents[1] / "scripts" / "engine" / "engine"
# What the program exits with where the machine cannot have an engine; all other failures are defects.
_CANNOT = 3


class EngineMissingError(Exception):
    """No engine can run here; says why."""


@dataclass(frozen=True)
class Engine:
    """An engine with compose and base images. ``environ`` is all that a program needs to reach and to use it."""

    environ: Mapping[str, str]

    @property
    def postgres_image(self) -> str:
        return self.environ["POSTGRES_IMAGE"]

    @property
    def base_image(self) -> str:
        """An image with Python, pip and venv."""
        return self.environ["BASE_IMAGE"]

    def run(self, *argv: str, cwd: Path | None = None) -> str:
        """What a command such as docker prints; a failure shows what it wrote."""
        done = subprocess.run(
            argv, env=dict(self.environ), cwd=cwd, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{argv} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def postgres_version(self) -> str:
        """Such as 16.4."""
        return self._version(self.postgres_image, "postgres")

    def python_version(self) -> str:
        """Such as 3.12.7."""
        return self._version(self.base_image, "python3")

    def _version(self, image: str, program: str) -> str:
        said = self.run("docker", "run", "--rm", "--entrypoint", program, image, "--version")
        numbers = re.search(r"\d+(\.\d+)+", said)
        assert numbers is not None, said
        return numbers[0]


@contextmanager
def engine_session(environ: Mapping[str, str]) -> Iterator[Engine]:
    """An engine for as long as the block runs. Raises EngineMissingError where none can be had.

    Whoever runs the block may be killed: what holds the engine notices that its standard input ends, and ends it.
    """
    if environ.get(NO_ENGINE_VARIABLE):
        raise EngineMissingError(f"{NO_ENGINE_VARIABLE} is set")
    with tempfile.TemporaryFile("w+") as errors:
        holder = subprocess.Popen(
            [PROGRAM, "session"],
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # A Ctrl-C is for the tests; this ends after them.
            start_new_session=True,
        )
        with holder:
            assert holder.stdin is not None
            assert holder.stdout is not None
            settings = exported(holder.stdout.read())
            if settings:
                yield Engine({**environ, **settings})
            holder.stdin.close()
        errors.seek(0)
        check_ended_well(holder.returncode, errors.read())


def exported(text: str) -> dict[str, str]:
    """Name -> value of lines that a shell would evaluate: export NAME='the value'."""
    assignments = [shlex.split(line)[1].partition("=") for line in text.splitlines()]
    return {name: value for name, _, value in assignments}


def check_ended_well(status: int, said: str) -> None:
    """Raise what a failure of the program means."""
    if status == _CANNOT:
        raise EngineMissingError(said.rpartition("Error: ")[2].strip())
    assert status == 0, f"{PROGRAM.name} exited with {status}:\n{said}"

"""Running git, so that it reads the checkout that it is told to and runs nothing of the user's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from perf_matrix.errors import MeasurementError, MissingToolError

_TIMEOUT_S = 120
# Set inside a hook, and in the shells of some people: each would lead git to another checkout.
_REDIRECTING = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
_NOTHING_RUNS = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")


def git_command(folder: Path, *arguments: str) -> list[str]:
    """The command that runs git in ``folder`` without hooks. Raises MissingToolError where there is no git."""
    git = shutil.which("git")
    if git is None:
        raise MissingToolError(
            "git is not on PATH: it finds the commit that git:REF means. "
            "Get it from your system's packages (apt-get install git), or compare releases or folders."
        )
    return [git, "-C", str(folder), *_NOTHING_RUNS, *arguments]


def git_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """``environ`` without what redirects git; messages in English, and no question on the terminal."""
    kept = {name: value for name, value in environ.items() if name not in _REDIRECTING}
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def run_git(
    folder: Path, *arguments: str, environ: Mapping[str, str] = os.environ, limit_s: float = _TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Run git in ``folder`` to its end, however it ends. Names that are not UTF-8 survive the way to a path.

    Raises MissingToolError where there is no git, and MeasurementError where it hangs.
    """
    command = git_command(folder, *arguments)
    try:
        return subprocess.run(
            command,
            env=git_environment(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeasurementError(f"git {' '.join(arguments)} was not done after {limit_s:g} s") from error

"""What act and the steps get of the environment of the tests: a machine, and nothing of this session."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from perf_matrix.cache import CACHE_VARIABLE, cache_root

# A workflow's own variables (the tests may run in one), and what would lead to the tests' own Python or repository.
_OF_THE_SESSION = (
    *("ACTIONS_", "GITHUB_", "INPUT_", "RUNNER_", "CI"),
    *("PERF_MATRIX_", "PYTEST_", "PYTHON", "VIRTUAL_ENV", "XDG_"),
    *("GIT_AUTHOR", "GIT_COMMITTER", "GIT_CONFIG", "GIT_DIR", "GIT_INDEX", "GIT_WORK_TREE"),
)
# Where the tools look below the user's home for what they were told and what they have downloaded.
_CONFIGURED = {
    "NPM_CONFIG_USERCONFIG": ".npmrc",
    "PIP_CONFIG_FILE": ".config/pip/pip.conf",
    "UV_CONFIG_FILE": ".config/uv/uv.toml",
}
_CACHED = {"NPM_CONFIG_CACHE": ".npm", "PIP_CACHE_DIR": ".cache/pip", "UV_CACHE_DIR": ".cache/uv"}


def step_environment(environ: Mapping[str, str], home: Path, programs: Path) -> dict[str, str]:
    """The environment for act, which hands it on to every step.

    ``home``: an empty folder that takes the place of the user's. ``programs``: a folder to put first on PATH.
    What was installed and downloaded on this machine before is used again; a settings file of the user's, too.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(_OF_THE_SESSION)}
    return {
        **dict(_of_the_user(Path(environ.get("HOME", "/")))),
        **kept,
        "PATH": os.pathsep.join([str(programs), *_path(environ)]),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        CACHE_VARIABLE: str(cache_root(environ)),
        # act gives every step a terminal, which GitHub does not.
        "TERM": "dumb",
        "GIT_PAGER": "cat",
    }


def _of_the_user(home: Path) -> Iterator[tuple[str, str]]:
    for variable, place in _CONFIGURED.items():
        if (home / place).is_file():
            yield variable, str(home / place)
    for variable, place in _CACHED.items():
        yield variable, str(home / place)


def _path(environ: Mapping[str, str]) -> list[str]:
    own = Path(sys.executable).parent
    return [folder for folder in environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder) != own]

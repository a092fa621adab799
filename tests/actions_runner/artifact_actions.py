"""Stand-ins for actions/upload-artifact and actions/download-artifact, which cannot be downloaded everywhere.

They are bundled from ``stand_ins/`` once, around GitHub's own client for artifacts, and kept in the cache.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from perf_matrix.cache import cache_root, make_once
from perf_matrix.stacks.npm import install_locked
from perf_matrix.tools import Node, find_node

_SOURCE = Path(__file__).with_name("stand_ins")
_ACTIONS = ("upload-artifact", "download-artifact")
# Without the names of its classes the client cannot tell its own errors apart.
_ESBUILD = ("--bundle", "--platform=node", "--target=node20", "--keep-names", "--log-level=warning")


def artifact_actions() -> Mapping[str, Path]:
    """``actions/NAME`` to the folder that stands in for it, for every version of it."""

    def make(target: Path) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            node = find_node()
            installed = install_locked(_SOURCE, Path(scratch), node)
            for name in _ACTIONS:
                _bundle(installed, name, target / name, node)

    folder = make_once(cache_root() / "tests" / f"artifact-actions-{_digest()}", make)
    return {f"actions/{name}": folder / name for name in _ACTIONS}


def _bundle(installed: Path, name: str, target: Path, node: Node) -> None:
    target.mkdir()
    shutil.copy(installed / name / "action.yml", target)
    esbuild = installed / "node_modules" / "esbuild" / "bin" / "esbuild"
    entry, bundle = installed / name / "main.mjs", target / "main.cjs"
    subprocess.run([*node.node, str(esbuild), str(entry), f"--outfile={bundle}", *_ESBUILD], check=True)


def _digest() -> str:
    digest = hashlib.sha256(repr(_ESBUILD).encode())
    for path in sorted(path for path in _SOURCE.rglob("*") if path.is_file()):
        if "node_modules" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]

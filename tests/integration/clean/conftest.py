"""The command ``perf-matrix clean`` on a cache of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from perf_matrix.cache import lease_registry, make_once
from perf_matrix.commands.clean import Cleaned


@dataclass(frozen=True)
class Cleaning:
    """A cache, and the environment that its cleaning sees."""

    cache: Path
    environ: Mapping[str, str]

    @property
    def registry(self) -> Path:
        return lease_registry(self.cache)

    def clean(self, *options: str) -> Cleaned:
        """What the command says that it did."""
        return Cleaned.model_validate_json(self.said("--json", *options))

    def said(self, *options: str) -> str:
        """What the command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "perf_matrix", "clean", *options],
            env={**self.environ, "PERF_MATRIX_CACHE": str(self.cache)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def make(self, name: str, used_at: float) -> Path:
        """A thing in the cache, with a file of 100 kB, that was used last at a moment in seconds since 1970."""

        def fill(folder: Path) -> None:
            (folder / "file").write_bytes(os.urandom(100_000))

        folder = make_once(self.cache / name, fill)
        os.utime(folder / ".complete", (used_at, used_at))
        return folder


@pytest.fixture
def without_engine(tmp_path: Path) -> Cleaning:
    """Where there is no Docker, by either way to it: images of others must not be found by chance."""
    nowhere = {"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/docker.sock"}
    return Cleaning(tmp_path.resolve() / "cache", {**os.environ, **nowhere})

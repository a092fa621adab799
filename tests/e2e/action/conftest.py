"""What the workflows of these tests use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.actions_runner.repositories import own_repository


@pytest.fixture(scope="session")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository, as ``uses: perf-matrix/perf-matrix@v1`` gets it."""
    return own_repository(tmp_path_factory.mktemp("action"))

"""The demonstration repository, made once: nothing of a test changes it."""

from __future__ import annotations

import pytest

from tests.demo_repository.demo import Demo, make_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The repository with 40 commits, and the plug-in for its service."""
    return make_demo(tmp_path_factory.mktemp("demo"))

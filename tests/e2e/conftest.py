"""Real runs against real releases: each test gets a starter that leaves nothing running."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .command import Command, started

Start = Callable[..., Command]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts ``perf-matrix`` with the arguments given, in the test's own folder; keywords are environment."""
    with ExitStack() as stack:

        def begin(*arguments: str, **environ: str) -> Command:
            return stack.enter_context(started(arguments, tmp_path, environ))

        yield begin


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A run folder that is not there yet."""
    return tmp_path / "run"

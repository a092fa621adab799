"""Real runs against real releases: each test gets a starter that leaves nothing running."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .command import Command, Measuring, measuring, started

Start = Callable[..., Command]
Measure = Callable[..., Measuring]
# What one complete run of a few endpoints gets; on a busy machine more is asked for.
_LIMIT_S = 70


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts ``perf-matrix`` with the arguments given, in the test's own folder; keywords are environment."""
    with ExitStack() as stack:

        def begin(*arguments: str, **environ: str) -> Command:
            return stack.enter_context(started(arguments, tmp_path, environ))

        yield begin


@pytest.fixture
def measure(tmp_path: Path) -> Iterator[Measure]:
    """Starts ``compare`` with the arguments given and waits for the first block."""
    with ExitStack() as stack:

        def begin(*arguments: str, scratch: Path = tmp_path) -> Measuring:
            return stack.enter_context(measuring(arguments, scratch, _LIMIT_S))

        yield begin


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A run folder that is not there yet."""
    return tmp_path / "run"

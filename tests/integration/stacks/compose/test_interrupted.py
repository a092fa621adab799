"""An interruption at any moment of a start leaves nothing, though the engine may be in the middle of making it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from perf_matrix.matrix.model import ARMS
from tests.integration.stacks.compose.backends import Lab, ask, start

pytestmark = pytest.mark.docker

# Seconds after the beginning: networks and volumes are made, then containers, then these are started.
MOMENTS = (0.05, 0.2, 0.4, 0.7, 1.0)


class InterruptionError(BaseException):
    """As the program's own, it is no Exception."""


@contextmanager
def interruption(seconds: float) -> Iterator[None]:
    """Interrupt the block after so long; whether it was done by then does not matter."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise InterruptionError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except InterruptionError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("moment", MOMENTS)
def test_while_postgres_is_started(lab: Lab, moment: float) -> None:
    # Stopping is a part of the backend, and so is the proof that nothing is left.
    with lab.backend() as backend:
        lab.prepare(backend)
        with interruption(moment):
            backend.start_postgres()


def test_while_stacks_are_started(lab: Lab, tmp_path: Path) -> None:
    with lab.running() as backend:
        for moment in MOMENTS:
            with interruption(moment):
                start(backend, tmp_path, database={"round_trip_ms": 1}).stop()
        stack = start(backend, tmp_path)
        assert [ask(stack, arm, "/rows")[0] for arm in ARMS] == ["1.1.1", "2.0.0"]
        with interruption(0.3):
            start(backend, tmp_path)

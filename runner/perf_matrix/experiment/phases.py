"""Where the wall clock goes: every stretch of a run is a phase, and the record keeps them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from perf_matrix.record.model import Phase

Keep = Callable[[Phase], None]


class Phases:
    """Times phases and hands each to ``keep`` when it is over; those before there is a record wait for it."""

    def __init__(self) -> None:
        self._waiting: list[Phase] = []
        self._keep: Keep = self._waiting.append

    def keep_with(self, keep: Keep) -> None:
        """From now on phases are kept by ``keep``, and those that waited are, too."""
        waiting, self._keep = self._waiting, keep
        for phase in waiting:
            keep(phase)

    def keep_no_longer(self) -> None:
        """The record is about to be closed: what comes now is not kept."""
        self._keep = lambda _phase: None

    @contextmanager
    def preparing(self, name: str) -> Iterator[None]:
        """A phase in which nothing is measured."""
        with self._phase(name, measuring=False):
            yield

    @contextmanager
    def measuring(self, name: str) -> Iterator[None]:
        """A phase in which requests are measured."""
        with self._phase(name, measuring=True):
            yield

    @contextmanager
    def _phase(self, name: str, *, measuring: bool) -> Iterator[None]:
        started_at, begin = time.time(), time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - begin
            self._keep(Phase(name=name, started_at=started_at, seconds=seconds, measuring=measuring))

"""The delay that a cell may have between its service and its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from perf_matrix.record.model import RoundTripCheck


class Delay(Protocol):
    """A delay of every round trip to the database, on unless it is switched off."""

    @property
    def asked_ms(self) -> float:
        """What was asked for."""

    def set_ms(self, milliseconds: float) -> None:
        """Change it for what the database answers from now on."""

    def check(self, epoch: int) -> RoundTripCheck:
        """Measure what it is, and leave it on."""


@contextmanager
def switched_off(delay: Delay) -> Iterator[None]:
    """No delay inside; afterwards it is what was asked for."""
    delay.set_ms(0.0)
    try:
        yield
    finally:
        delay.set_ms(delay.asked_ms)

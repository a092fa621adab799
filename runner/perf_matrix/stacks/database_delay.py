"""A relay before the databases of a stack, and what it really adds to a round trip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from perf_matrix.record.model import RoundTripCheck
from perf_matrix.stacks.round_trip import measure_round_trip


class Relay(Protocol):
    """A relay before the database, whoever runs it."""

    def set_delay(self, seconds: float) -> None:
        """Hold back by ``seconds`` what the server answers from now on."""

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""


@dataclass(frozen=True)
class DatabaseDelay:
    """A delay of ``asked_ms`` of every round trip, made by ``relay``.

    ``direct`` and ``relayed`` connect to a database that is not measured, past the relay and through it.
    """

    relay: Relay
    asked_ms: float
    direct: str
    relayed: str

    def set_ms(self, milliseconds: float) -> None:
        """Change it for what the database answers from now on."""
        self.relay.set_delay(milliseconds / 1000)

    def check(self, epoch: int) -> RoundTripCheck:
        """Measure a trivial statement without the relay, through it, and with the delay, which stays on."""
        direct_ms = measure_round_trip(self.direct)
        self.set_ms(0.0)
        relayed_ms = measure_round_trip(self.relayed)
        self.set_ms(self.asked_ms)
        return RoundTripCheck(
            epoch=epoch,
            asked_ms=self.asked_ms,
            direct_ms=direct_ms,
            relayed_ms=relayed_ms,
            delayed_ms=measure_round_trip(self.relayed),
        )

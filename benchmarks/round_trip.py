"""What the relay between a service and Postgres does: the delay that it makes, and what it costs.

    python benchmarks/round_trip.py

Times ``SELECT 1`` by turns without the relay and through it, at every delay, on one Postgres server, then
a large answer. Added: quantile through the relay minus the same quantile without it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
from tabulate import tabulate

from perf_matrix.cache import cache_root
from perf_matrix.lease import LEASE_VARIABLE, hold_lease
from perf_matrix.stacks.postgres import start_postgres
from perf_matrix.stacks.postgres_programs import find_postgres
from perf_matrix.stacks.relay import Relay, start_relay
from perf_matrix.stacks.round_trip import time_round_trips
from perf_matrix.tools import find_node

DELAYS_MS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
TURNS = 10
STATEMENTS = 100
ANSWER_MB = 200
ANSWER = "COPY (SELECT repeat('x', 999999) FROM generate_series(1, %s)) TO STDOUT"


@dataclass(frozen=True)
class Place:
    """A server, a relay to it, and how to connect to each of them."""

    relay: Relay
    direct: str
    relayed: str


@contextmanager
def started() -> Iterator[Place]:
    """Start a Postgres server and a relay to it, as a run does."""
    with tempfile.TemporaryDirectory() as registry, hold_lease(Path(registry)) as lease:
        environ = {"PATH": os.environ["PATH"], LEASE_VARIABLE: lease.id}
        server = start_postgres(find_postgres(cache_root(), find_node), lease.private, environ)
        relay = start_relay(
            "the relay",
            server.port,
            environ=environ,
            private=lease.private,
            log=lease.private / "relay.log",
        )
        yield Place(relay, server.url(), server.url(port=relay.port))
        relay.stop()
        server.stop()


def megabytes_per_s(conninfo: str) -> str:
    """How fast a large answer comes to a client that throws it away."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        begin = time.monotonic()
        with connection.cursor().copy(ANSWER, [ANSWER_MB]) as copy:
            received = sum(map(len, copy))
        assert received == ANSWER_MB * 1_000_000
        return f"{ANSWER_MB / (time.monotonic() - begin):.0f} MB/s"


def measured(place: Place, delay_ms: float) -> list[str]:
    """One row: what a delay adds to the median and to p95 of a round trip, and the large answer."""
    place.relay.set_delay(delay_ms / 1000)
    direct: list[float] = []
    relayed: list[float] = []
    for _ in range(TURNS):
        direct += time_round_trips(place.direct, STATEMENTS)
        relayed += time_round_trips(place.relayed, STATEMENTS)
    added = np.quantile(relayed, (0.5, 0.95)) - np.quantile(direct, (0.5, 0.95))
    return [f"{delay_ms:g} ms", *(f"{each:.2f} ms" for each in added), megabytes_per_s(place.relayed)]


def main() -> None:
    with started() as place:
        without = ["no relay", "", "", megabytes_per_s(place.direct)]
        rows = [without, *(measured(place, delay_ms) for delay_ms in DELAYS_MS)]
    headers = ["delay asked", "added, median", "added, p95", "large answer"]
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()

"""Which processors do what, where there are enough to keep the parts of a measurement apart."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

FEWEST = 4


@dataclass(frozen=True)
class CpuSets:
    """Processors of the load generator with the stand-ins, of the database, and of the proxies.

    Both arms share theirs, so that neither has the better ones: only one at a time is sent requests.
    """

    load: tuple[int, ...]
    database: tuple[int, ...]
    proxies: tuple[int, ...]


def share_out(cpus: Sequence[int]) -> CpuSets | None:
    """A quarter for the load, a quarter for the database, the rest for the proxies; None where there are too few."""
    if len(cpus) < FEWEST:
        return None
    quarter = len(cpus) // 4
    ordered = tuple(sorted(cpus))
    return CpuSets(
        load=ordered[:quarter], database=ordered[quarter : 2 * quarter], proxies=ordered[2 * quarter :]
    )


def usable_cpus() -> list[int]:
    """The processors that this process may use, where the system tells."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def confined_to(cpus: Sequence[int]) -> Iterator[None]:
    """This process, and what it starts inside, on these processors only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def written(cpus: Sequence[int]) -> str:
    """As the engine reads it: ``0,1``."""
    return ",".join(map(str, cpus))

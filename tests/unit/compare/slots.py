"""Slots of load for the tests of ``compare``: made up from a few words, or read from what was recorded."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from perf_matrix.compare.rounds import Round
from perf_matrix.matrix.model import ARMS, Arm
from perf_matrix.record.model import LoadSlot, MemorySample, RunRecord, SoakSlot

from .records import record

RECORDED = Path(__file__).parents[2] / "data" / "load-slots.csv.gz"
RATE = 14.0
SECONDS = 8.0


def slot(
    arm: Arm, number: int = 0, latencies: dict[str, list[float]] | None = None, *, epoch: int = 1, **more: Any
) -> LoadSlot:
    """A slot of 112 requests due, of which 30 to 'chat' are answered in 20 ms unless told."""
    latencies = {"chat": [20.0] * 30} if latencies is None else latencies
    given = {"started_at": 0.0, "seconds": SECONDS, "rate": RATE, "due": 112, "dropped": 0}
    return LoadSlot(epoch=epoch, round=number, arm=arm, latencies_ms=latencies, **(given | more))


def dropped(base: Sequence[int], head: Sequence[int]) -> list[Round]:
    """Rounds in which the arms dropped so many requests, of 100 that were due in each slot."""
    return [
        Round(slot("base", n, due=100, dropped=there), slot("head", n, due=100, dropped=here))
        for n, (there, here) in enumerate(zip(base, head, strict=True))
    ]


def failing(base: Sequence[int], head: Sequence[int], sent: int = 40, name: str = "chat") -> list[LoadSlot]:
    """Slots in which so many of ``sent`` requests to an endpoint failed, half of the rounds in each of two epochs."""
    return [
        slot(arm, n, {name: [20.0] * (sent - count)}, epoch=1 + 2 * n // len(counts), failed={name: count})
        for arm, counts in zip(ARMS, (base, head), strict=True)
        for n, count in enumerate(counts)
    ]


def drawn_slots(
    *,
    count: int = 8,
    effect: float = 1.0,
    spread: float = 0.1,
    seed: int = 1,
    name: str = "chat",
    size: int = 40,
) -> list[LoadSlot]:
    """Made-up latencies around 20 ms in two epochs; each round has a level of its own that both arms share."""
    rng = np.random.default_rng(seed)
    levels = 20 * np.exp(rng.normal(0, 0.3, count))
    return [
        slot(
            arm,
            n,
            {name: (level * factor * np.exp(rng.normal(0, spread, size))).tolist()},
            epoch=1 + 2 * n // count,
        )
        for n, level in enumerate(levels)
        for arm, factor in zip(ARMS, (1.0, effect), strict=True)
    ]


def soaked(
    arm: Arm, megabytes: Sequence[float], *, requests_per_sample: float = 100.0, **more: Any
) -> SoakSlot:
    """A soak with a sample of the memory every 10 s, the first one at once."""
    samples = [
        MemorySample(at_s=10.0 * n, requests=requests_per_sample * n, memory_bytes=round(1e6 * size))
        for n, size in enumerate(megabytes)
    ]
    given = {"seconds": 10.0 * max(1, len(samples) - 1), "memory": samples}
    found = slot(arm).model_dump()
    return SoakSlot(**(found | given | more))


@cache
def recorded_slots() -> dict[tuple[int, str], dict[str, list[float]]]:
    """(round, arm) -> latencies in ms by endpoint; arms A and A2 are one version, B is a later one."""
    slots: defaultdict[tuple[int, str], defaultdict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    with gzip.open(RECORDED, "rt") as file:
        for row in csv.DictReader(file):
            name = row["endpoint"].replace("_", "-")
            slots[int(row["round"]), row["arm"]][name].append(float(row["latency_ms"]))
    return {key: dict(latencies) for key, latencies in slots.items()}


def recorded_load(base: str, head: str, **more: Any) -> RunRecord:
    """The recorded slots of two of the arms, in two epochs of twelve rounds."""
    slots = [
        slot(arm, number, recorded_slots()[number, name], epoch=1 + number // 12)
        for number in range(24)
        for arm, name in zip(ARMS, (base, head), strict=True)
    ]
    names = sorted(slots[0].latencies_ms)
    return record(slots=slots, endpoints=names, **more)

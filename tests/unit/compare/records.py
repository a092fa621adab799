"""Records for the tests of ``compare``: made up from a few words, or read from what was recorded."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from perf_matrix.matrix.model import Arm, Cell, Endpoint, MatrixFile, Request
from perf_matrix.record.model import (
    CellRecord,
    HostInfo,
    PairedBlock,
    Presence,
    QueryWindow,
    RunInfo,
    RunRecord,
    StatementCount,
    SubjectInfo,
)

RECORDED = Path(__file__).parents[2] / "data" / "paired-requests.csv.gz"
HOST = HostInfo(
    system="Linux",
    machine="x86_64",
    cpu_model="",
    cpus=2,
    memory_bytes=0,
    python="3.11",
    user_is_root=False,
)


def endpoint(name: str) -> Endpoint:
    return Endpoint(name=name, request=Request(path=f"/{name}"))


def block(
    base: Sequence[float],
    head: Sequence[float],
    *,
    number: int = 0,
    epoch: int = 1,
    name: str = "chat",
    **more: Any,
) -> PairedBlock:
    return PairedBlock(
        epoch=epoch,
        endpoint=name,
        block=number,
        started_at=float(number),
        base_ms=list(base),
        head_ms=list(head),
        head_first=[False] * len(base),
        **more,
    )


def blocks(
    base: Sequence[float], head: Sequence[float], *, name: str = "chat", size: int = 10, epochs: int = 2
) -> list[PairedBlock]:
    """Whole blocks of ``size`` pairs in order, the first share of them in epoch 1, the next in epoch 2 …"""
    count = len(base) // size
    return [
        block(
            base[n * size : (n + 1) * size],
            head[n * size : (n + 1) * size],
            number=n,
            epoch=1 + n * epochs // count,
            name=name,
        )
        for n in range(count)
    ]


def drawn(  # made-up latencies around 20 ms
    *,
    name: str = "chat",
    count: int = 12,
    effect: float = 1.0,
    spread: float = 0.1,
    seed: int = 1,
    epochs: int = 2,
) -> list[PairedBlock]:
    rng = np.random.default_rng(seed)
    base = 20 * np.exp(rng.normal(0, spread, count * 10))
    head = 20 * effect * np.exp(rng.normal(0, spread, count * 10))
    return blocks(base.tolist(), head.tolist(), name=name, epochs=epochs)


def probe(
    name: str, arm: Arm, *, epoch: int = 1, present: bool = True, failures: Iterable[str] = ()
) -> Presence:
    return Presence(
        epoch=epoch,
        endpoint=name,
        arm=arm,
        status=200 if present else 404,
        present=present,
        failures=list(failures),
        latency_ms=20.0,
    )


def windows(name: str, arm: Arm, statements: dict[str, int], *, evicted: bool = False) -> list[QueryWindow]:
    """Two warm windows in which every request issues the statements so many times."""
    return [
        QueryWindow(
            epoch=epoch,
            endpoint=name,
            arm=arm,
            kind="warm",
            requests=requests,
            seconds=1.0,
            statements=[
                StatementCount(text=text, calls=calls * requests, rows=0, exec_ms=0.1)
                for text, calls in statements.items()
            ],
            evicted=evicted,
        )
        for epoch, requests in ((1, 4), (2, 7))
    ]


def asked(name: str, base: dict[str, int], head: dict[str, int]) -> list[QueryWindow]:
    return [*windows(name, "base", base), *windows(name, "head", head)]


def record(
    found: Iterable[PairedBlock] = (),
    *,
    endpoints: Sequence[str] = ("chat",),
    gate: dict[str, Any] | None = None,
    cells: Sequence[CellRecord] | None = None,
    specs: tuple[str, str] = ("litellm==1.80.5", "litellm==1.81.1"),
    **parts: Any,
) -> RunRecord:
    """A run of one cell, 'default', unless ``cells`` are given."""
    cells = (
        [CellRecord(cell=Cell(id="default", variants={}), blocks=list(found), **parts)]
        if cells is None
        else cells
    )
    settings = {"metrics": ["p50", "p95", "p99"]} | (gate or {})
    return RunRecord(
        info=RunInfo(
            perf_matrix="0.1.0",
            started_at=0.0,
            seed=1,
            subjects={
                "base": SubjectInfo(spec=specs[0], version=specs[0].split("==")[-1]),
                "head": SubjectInfo(spec=specs[1], version=specs[1].split("==")[-1]),
            },
            arguments=["a==1", "a==2"],
            matrix=MatrixFile.model_validate({"version": 1, "workload": "w.yml", "gate": settings}),
            endpoints=[endpoint(name) for name in endpoints],
            cells=[cell.cell for cell in cells],
            host=HOST,
        ),
        cells=list(cells),
    )


@cache
def recorded() -> dict[tuple[str, str], list[float]]:
    """(endpoint, arm) -> latencies in ms by pair; arms A and A2 are one version, B is a slower one."""
    rows: defaultdict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    with gzip.open(RECORDED, "rt") as file:
        for row in csv.DictReader(file):
            rows[row["endpoint"], row["arm"]][int(row["pair"])] = float(row["latency_ms"])
    return {key: [by_pair[pair] for pair in sorted(by_pair)] for key, by_pair in rows.items()}


def recorded_run(base: str, head: str, **more: Any) -> RunRecord:
    """The recorded pairs of two of the arms, in blocks of ten and two epochs."""
    names = sorted({name for name, _ in recorded()})
    dashed = {name: name.replace("_", "-") for name in names}
    found = [
        one
        for name in names
        for one in blocks(recorded()[name, base], recorded()[name, head], name=dashed[name])
    ]
    return record(found, endpoints=list(dashed.values()), **more)

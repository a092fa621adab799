"""Runs of a matrix with four cells, as the runners of a job matrix leave them: one cell each, unless told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perf_matrix.matrix.cells import unfold
from perf_matrix.matrix.model import Cell, Endpoint, MatrixFile, Request
from perf_matrix.record.alike import RunPart
from perf_matrix.record.model import (
    CellRecord,
    EpochEnd,
    EpochStart,
    HostInfo,
    Phase,
    RunInfo,
    RunRecord,
    SubjectInfo,
)
from tests.unit.compare.records import asked, drawn, probe

MATRIX = MatrixFile.model_validate(
    {
        "version": 1,
        "workload": "w.yml",
        "axes": {
            "callbacks": {"none": {}, "otel": {"env": {"OTEL": "1"}}},
            "workers": {"one": {}, "four": {"env": {"NUM_WORKERS": "4"}}},
        },
        "gate": {"metrics": ["queries", "p50"]},
    }
)
ONE, FOUR, OTEL_ONE, OTEL_FOUR = (cell.id for cell in unfold(MATRIX))
BASE = SubjectInfo(spec="litellm==1.80.5", version="1.80.5")
HEAD = SubjectInfo(spec="litellm==1.81.0", version="1.81.0")


def host(cpu_model: str = "Invented CPU 9000", cpus: int = 4) -> HostInfo:
    return HostInfo(
        system="Linux",
        machine="x86_64",
        cpu_model=cpu_model,
        cpus=cpus,
        memory_bytes=16 << 30,
        python="3.12.3",
        user_is_root=False,
    )


def endpoint(path: str = "/chat") -> Endpoint:
    return Endpoint(name="chat", request=Request(path=path))


def cell(cell_id: str, matrix: MatrixFile = MATRIX) -> Cell:
    return next(each for each in unfold(matrix) if each.id == cell_id)


def info(*cells: str, **more: Any) -> RunInfo:
    """What a runner that measured these cells says of its run."""
    chosen = [word for each in cells for word in ("--cell", each)]
    given: dict[str, Any] = {
        "perf_matrix": "0.1.0",
        "started_at": 1_764_000_000.0,
        "seed": 7,
        "subjects": {"base": BASE, "head": HEAD},
        "arguments": [BASE.spec, HEAD.spec, "--matrix", "m.yml", *chosen, "--time", "360s"],
        "matrix": MATRIX,
        "endpoints": [endpoint()],
        "known_endpoints": ["chat", "models"],
        "cells": [cell(each) for each in cells] if "cells" not in more else [],
        "host": host(),
        "tools": {"k6": "1.1.0", "postgres": "16.4"},
    }
    return RunInfo(**(given | more))


def part(name: str, *cells: str, unfinished: Sequence[str] = (), **more: Any) -> RunPart:
    return RunPart(Path("runs") / name, info(*cells, **more), frozenset(unfinished))


def measured(
    cell_id: str, *, effect: float = 1.0, statements: int = 3, seed: int = 1, matrix: MatrixFile = MATRIX
) -> CellRecord:
    """A cell that was measured to its end, in two epochs."""
    ready = {"base": 2.0, "head": 2.5}
    return CellRecord(
        cell=cell(cell_id, matrix),
        epochs_started=[
            EpochStart.model_validate(
                {"epoch": epoch, "started_at": 10 * epoch, "ready_s": ready, "measuring_from": 10 * epoch + 3}
            )
            for epoch in (1, 2)
        ],
        epochs_ended=[EpochEnd(epoch=epoch, ended_at=10 * epoch + 9) for epoch in (1, 2)],
        presence=[probe("chat", arm, epoch=epoch) for epoch in (1, 2) for arm in ("base", "head")],
        windows=asked("chat", {"SELECT 1": 3}, {"SELECT 1": statements}),
        blocks=drawn(count=40, spread=0.05, effect=effect, seed=seed),
    )


def run(*cells: CellRecord, seconds: float = 60.0, **more: Any) -> RunRecord:
    """The whole run of a runner; it prepared for as long as it measured."""
    phases = [
        Phase(name=name, started_at=1.0, seconds=seconds, measuring=measuring)
        for name, measuring in (("prepare the subjects", False), ("measure", True))
    ]
    ids = [each.cell.id for each in cells]
    given = {"cells": [each.cell for each in cells]} | more
    return RunRecord(info=info(*ids, **given), cells=list(cells), phases=phases)

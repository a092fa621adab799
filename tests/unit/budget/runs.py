"""Recorded runs of one version, made up from a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perf_matrix.matrix.model import Cell, Endpoint, MatrixFile, Request, Rows
from perf_matrix.record.model import (
    CellRecord,
    DataScale,
    EpochEnd,
    EpochStart,
    HostInfo,
    QueryWindow,
    RunInfo,
    RunRecord,
    StatementCount,
    SubjectInfo,
)

USERS = "SELECT id FROM users"
HOST = HostInfo(
    system="Linux", machine="x86_64", cpu_model="", cpus=2, memory_bytes=0, python="3.11", user_is_root=False
)
LOGIN = Endpoint(name="login", request=Request(method="POST", path="/login"))
PAGES = Endpoint(
    name="users",
    request=Request(path="/users"),
    rows=Rows(of="user", count="users.#", page_sizes=[25, 10]),
)
TEAMS = Endpoint(name="teams", request=Request(path="/teams"), rows=Rows(of="team", count="#"))


def windows(
    endpoint: Endpoint,
    calls: Sequence[int],
    *,
    rows: int | None = None,
    scale: DataScale = "first",
    page_size: int | None = None,
    text: str = USERS,
) -> list[QueryWindow]:
    """Warm windows of 4 and 7 requests in which the statement was called so many times for each request."""
    sizes = endpoint.rows.page_sizes if endpoint.rows else []
    return [
        QueryWindow(
            epoch=0,
            endpoint=endpoint.name,
            arm="head",
            kind="warm",
            requests=requests,
            seconds=1.0,
            statements=[StatementCount(text=text, calls=each * requests, rows=0, exec_ms=0.1)],
            evicted=False,
            scale=scale,
            page_size=page_size or (sizes[0] if sizes else None),
            rows=rows,
        )
        for requests, each in zip((4, 7), calls, strict=True)
    ]


def epochs(*scales: DataScale) -> dict[str, Any]:
    """The starts and ends of epochs that were finished."""
    starts = [
        EpochStart(epoch=n, started_at=0.0, ready_s={"head": 1.0}, measuring_from=1.0, scale=scale)
        for n, scale in enumerate(scales)
    ]
    ends = [EpochEnd(epoch=n, ended_at=2.0) for n in range(len(scales))]
    return {"epochs_started": starts, "epochs_ended": ends}


def cell(found: Sequence[QueryWindow] = (), name: str = "default", **more: Any) -> CellRecord:
    return CellRecord(cell=Cell(id=name, variants={}), windows=list(found), **more)


def run(*cells: CellRecord, endpoints: Sequence[Endpoint] = (LOGIN,), **more: Any) -> RunRecord:
    """A run that counts these endpoints on head, lists also with more data."""
    lists = [endpoint for endpoint in endpoints if endpoint.rows]
    info: dict[str, Any] = {
        "perf_matrix": "0.1.0",
        "started_at": 0.0,
        "seed": 1,
        "subjects": {"head": SubjectInfo(spec="litellm==1.81.0", version="1.81.0")},
        "instruments": ["queries"],
        "matrix": MatrixFile.model_validate({"version": 1, "workload": "w.yml"}),
        "endpoints": list(endpoints),
        "other_pages": [endpoint for endpoint in lists if endpoint.rows and endpoint.rows.page_sizes],
        "grown": lists,
        "cells": [each.cell for each in cells],
        "host": HOST,
    }
    return RunRecord(info=RunInfo(**(info | more)), cells=list(cells))

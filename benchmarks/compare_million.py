"""How long comparing 1,000,000 recorded requests takes, and how much memory.

    python benchmarks/compare_million.py

Writes a run folder of 16 endpoints and 500,000 pairs through the functions that record a run, then reads
and compares it in a process of its own, so that the peak memory is that of comparing alone.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np
from tabulate import tabulate

from perf_matrix.compare.compare import compare
from perf_matrix.matrix.model import Cell, Endpoint, MatrixFile, Request
from perf_matrix.record.folder import RunFolder
from perf_matrix.record.model import HostInfo, PairedBlock, RunInfo, SubjectInfo
from perf_matrix.record.read import read_run

ENDPOINTS = 16
REQUESTS = 1_000_000
PAIRS = 10
LIMIT_S = 5.0
LIMIT_MB = 500.0
MEGABYTE_OF_MAXRSS = 1 << 20 if sys.platform == "darwin" else 1 << 10


def _info() -> RunInfo:
    names = [f"endpoint-{number:02}" for number in range(ENDPOINTS)]
    subject = SubjectInfo(spec="service==1", version="1")
    return RunInfo(
        perf_matrix="benchmark",
        started_at=0.0,
        seed=1,
        subjects={"base": subject, "head": subject},
        arguments=["a==1", "a==2"],
        matrix=MatrixFile.model_validate(
            {"version": 1, "workload": "w.yml", "gate": {"metrics": ["p50", "p95", "p99"]}}
        ),
        endpoints=[Endpoint(name=name, request=Request(path=f"/{name}")) for name in names],
        cells=[Cell(id="default", variants={})],
        host=HostInfo(
            system="", machine="", cpu_model="", cpus=1, memory_bytes=0, python="", user_is_root=False
        ),
    )


def _blocks(info: RunInfo) -> Iterator[PairedBlock]:
    rng = np.random.default_rng(1)
    count = REQUESTS // 2 // PAIRS // ENDPOINTS
    for number in range(count):
        for endpoint in info.endpoints:
            base, head = np.round(20 * np.exp(rng.normal(0, 0.15, (2, PAIRS))), 6).tolist()
            before_base, before_head = np.round(1.2 * np.exp(rng.normal(0, 0.15, (2, PAIRS))), 6).tolist()
            yield PairedBlock(
                epoch=2 * number // count,
                endpoint=endpoint.name,
                block=number,
                started_at=float(number),
                base_ms=base,
                head_ms=head,
                head_first=rng.integers(0, 2, PAIRS).astype(bool).tolist(),
                control_ms={"base": before_base, "head": before_head},
            )


def _write(path: Path) -> None:
    info = _info()
    with RunFolder.create(path, info) as folder:
        for block in _blocks(info):
            folder.append("default", block)


def _read_and_compare(path: Path) -> tuple[float, float, float, int]:
    """Seconds of reading and of comparing, peak memory in MB, requests compared."""
    started = perf_counter()
    record = read_run(path)
    read = perf_counter()
    comparison = compare(record)
    done = perf_counter()
    paired = [one.paired for cell in comparison.cells for one in cell.endpoints]
    requests = sum(2 * one.pairs for one in paired if one)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE_OF_MAXRSS
    return read - started, done - read, peak, requests


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        _write(path)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            reading, comparing, peak, requests = alone.submit(_read_and_compare, path).result()
    rows = [
        ["requests", f"{requests:,}", ""],
        ["reading", f"{reading:.1f} s", ""],
        ["comparing", f"{comparing:.1f} s", ""],
        ["together", f"{reading + comparing:.1f} s", f"{LIMIT_S:g} s"],
        ["peak memory", f"{peak:.0f} MB", f"{LIMIT_MB:g} MB"],
    ]
    print(tabulate(rows, ["comparing a run", "measured", "limit"], tablefmt="github", disable_numparse=True))
    return int(reading + comparing > LIMIT_S or peak > LIMIT_MB)


if __name__ == "__main__":
    raise SystemExit(main())

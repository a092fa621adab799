"""Two versions of the demonstration service, measured and compared as the program does it."""

from __future__ import annotations

import io
import os
import random
import re
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from perf_matrix.compare.compare import compare
from perf_matrix.compare.model import Comparison
from perf_matrix.errors import InputError
from perf_matrix.experiment.cell import Bench, Plan, measure_cell
from perf_matrix.experiment.display import PlainDisplay
from perf_matrix.experiment.host import this_host
from perf_matrix.experiment.phases import Phases
from perf_matrix.lease import Lease
from perf_matrix.load.agent import Agent
from perf_matrix.load.find import find_k6
from perf_matrix.load.slot import LoadRunner
from perf_matrix.matrix.model import Arm, Cell, Endpoint, MatrixFile
from perf_matrix.queries.capture import open_counters
from perf_matrix.record.folder import RunFolder
from perf_matrix.record.model import CellRecord, RunInfo, SubjectInfo
from perf_matrix.record.read import read_run
from perf_matrix.stacks.postgres import PostgresServer
from perf_matrix.targets.base import Scale

from .stack import Starter, make_template
from .workload import PAGE_SIZES, SCALE, workload

_CELL = Cell(id="default", variants={})
_EPOCHS = 2
_ATTEMPTS = 3


def measure(
    postgres: PostgresServer,
    lease: Lease,
    out: Path,
    base_faults: Collection[str],
    head_faults: Collection[str],
    limit_s: float,
    second_scale: Scale | None = None,
) -> Comparison:
    """Measure both into the new run folder ``out``, in about ``limit_s`` seconds, and compare them.

    ``second_scale``: lists are measured at this one, too. Every setting of the gate is its default. Raises
    as ``measure_cell`` does.
    """
    make_template(postgres, "first", SCALE)
    if second_scale:
        make_template(postgres, "second", second_scale)
    with (
        RunFolder.create(out, _info(base_faults, head_faults, limit_s, second_scale)) as folder,
        open_counters(postgres.conninfo()) as counters,
        PlainDisplay(io.StringIO(), time.monotonic) as display,
    ):
        phases = Phases()
        phases.keep_with(folder.append_phase)
        bench = Bench(
            folder=folder,
            counters=counters,
            start_stack=Starter(postgres, lease, {"base": base_faults, "head": head_faults}),
            start_agent=_start_agent,
            make_load_runner=lambda urls, mix, log: LoadRunner(
                find_k6(os.environ), urls, mix, log, scratch=lease.private, environ=os.environ
            ),
            phases=phases,
            display=display,
            rng=random.Random(),  # noqa: S311
        )
        measure_cell(bench, Plan(_CELL, limit_s, _EPOCHS, 0, bool(second_scale), CellRecord(cell=_CELL)))
    return compare(read_run(out))


def measure_patiently(
    postgres: PostgresServer,
    lease: Lease,
    folder: Path,
    head_faults: Collection[str],
    limit_s: float,
    second_scale: Scale | None = None,
) -> Comparison:
    """Measure against the clean service, in a new run folder inside ``folder``.

    Where the machine is so busy that the limit is refused, what the refusal asks for is given instead.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return measure(postgres, lease, folder / f"run-{attempt}", [], head_faults, limit_s, second_scale)
        except InputError as error:
            refusal = re.search(r"the shortest that works here is about (\d+)s", str(error))
            if refusal is None:
                raise
            limit_s = float(refusal[1])
    raise AssertionError("the machine is too busy: every limit was refused")


def _start_agent(urls: Mapping[Arm, str], control: str | None, endpoints: list[Endpoint], log: Path) -> Agent:
    return Agent.start(find_k6(os.environ), urls, endpoints, log, control=control)


def _info(
    base_faults: Collection[str], head_faults: Collection[str], limit_s: float, second_scale: Scale | None
) -> RunInfo:
    return RunInfo(
        perf_matrix="test",
        started_at=time.time(),
        seed=0,
        subjects={"base": _subject(base_faults), "head": _subject(head_faults)},
        matrix=MatrixFile(
            version=1,
            workload="demo.yml",
            scale=dict(SCALE),
            second_scale=dict(second_scale or {}),
            time=limit_s,
            epochs=_EPOCHS,
        ),
        endpoints=workload(),
        other_pages=[one for one in workload(page_size=PAGE_SIZES[1]) if one.rows and one.rows.page_sizes],
        grown=[one for one in workload(second_scale) if one.rows] if second_scale else [],
        cells=[_CELL],
        host=this_host(),
    )


def _subject(faults: Collection[str]) -> SubjectInfo:
    version = "+".join(faults) or "clean"
    return SubjectInfo(spec=f"demo=={version}", version=version)

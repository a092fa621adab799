from __future__ import annotations

from perf_matrix.matrix.model import Cell, MatrixFile
from perf_matrix.record.model import (
    CellRecord,
    EpochEnd,
    EpochStart,
    Fault,
    HostInfo,
    PairedBlock,
    Phase,
    Presence,
    QueryWindow,
    RunInfo,
    RunRecord,
    SubjectInfo,
)
from perf_matrix.record.progress import progress


def block(epoch: int, endpoint: str, number: int) -> PairedBlock:
    return PairedBlock(
        epoch=epoch, endpoint=endpoint, block=number, started_at=0, base_ms=[], head_ms=[], head_first=[]
    )


def start(epoch: int) -> EpochStart:
    return EpochStart(epoch=epoch, started_at=0, ready_s={"base": 1, "head": 1}, measuring_from=2)


def record(cell: CellRecord, phases: list[Phase]) -> RunRecord:
    subject = SubjectInfo(spec="service==1.0", version="1.0")
    info = RunInfo(
        perf_matrix="0.1.0",
        started_at=0,
        seed=1,
        subjects={"base": subject, "head": subject},
        arguments=["a==1", "a==2"],
        matrix=MatrixFile(version=1, workload="proxy.yml"),
        endpoints=[],
        cells=[cell.cell],
        host=HostInfo(
            system="", machine="", cpu_model="", cpus=1, memory_bytes=1, python="", user_is_root=False
        ),
    )
    return RunRecord(info=info, cells=[cell], phases=phases)


def test_nothing_yet() -> None:
    found = progress(record(CellRecord(cell=Cell(id="a=b", variants={"a": "b"})), []))
    cell = found.cells["a=b"]
    assert (found.spent_s, found.measuring_s) == (0, 0)
    assert (cell.next_epoch, cell.blocks, cell.next_block, cell.faulty) == (0, {}, {}, False)


def test_an_interrupted_second_epoch() -> None:
    cell = CellRecord(
        cell=Cell(id="default", variants={}),
        epochs_started=[start(0), start(1)],
        epochs_ended=[EpochEnd(epoch=0, ended_at=9)],
        presence=[Presence(epoch=1, endpoint="chat", arm="head", status=404, present=False, latency_ms=1)],
        windows=[
            QueryWindow(
                epoch=1,
                endpoint="chat",
                arm="base",
                kind=kind,
                requests=1,
                seconds=1,
                statements=[],
                evicted=False,
            )
            for kind in ("cold", "warm", "warm")
        ]
        + [
            QueryWindow(
                epoch=0,
                endpoint=None,
                arm="head",
                kind="idle",
                requests=0,
                seconds=1,
                statements=[],
                evicted=False,
            )
        ],
        blocks=[block(0, "chat", 0), block(0, "chat", 1), block(0, "login", 0), block(1, "chat", 2)],
        faults=[Fault(at=3, message="died")],
    )
    phases = [
        Phase(name="start", started_at=0, seconds=20, measuring=False),
        Phase(name="pairs", started_at=20, seconds=4.5, measuring=True),
    ]
    found = progress(record(cell, phases))
    assert (found.spent_s, found.measuring_s) == (24.5, 4.5)
    one = found.cells["default"]
    assert (sorted(one.epochs_started), sorted(one.epochs_finished), one.next_epoch) == ([0, 1], [0], 2)
    assert one.blocks == {(0, "chat"): 2, (0, "login"): 1, (1, "chat"): 1}
    assert one.next_block == {"chat": 3, "login": 1}
    assert one.warm_windows == {(1, "chat", "base"): 2}
    assert one.cold_windows == {(1, "chat", "base")}
    assert one.idle_windows == {(0, "head"): 1}
    assert one.present == {(1, "chat", "head")}
    assert one.faulty

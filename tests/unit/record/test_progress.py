from __future__ import annotations

from perf_matrix.matrix.model import Cell
from perf_matrix.record.model import CellRecord, DataScale, EpochEnd, EpochStart
from perf_matrix.record.progress import Progress, progress

CELL = Cell(id="default", variants={})


def start(epoch: int, scale: DataScale = "first") -> EpochStart:
    ready_s = {"base": 1.0, "head": 1.0}
    return EpochStart.model_validate(
        {"epoch": epoch, "started_at": 0, "ready_s": ready_s, "measuring_from": 2, "scale": scale}
    )


def end(epoch: int) -> EpochEnd:
    return EpochEnd(epoch=epoch, ended_at=9)


def test_nothing_yet() -> None:
    assert progress(CellRecord(cell=CELL)) == Progress(0, second_scale_finished=False, next_epoch=0)


def test_an_interrupted_epoch_is_neither_finished_nor_started_again() -> None:
    cell = CellRecord(cell=CELL, epochs_started=[start(0), start(1)], epochs_ended=[end(0)])
    assert progress(cell) == Progress(1, second_scale_finished=False, next_epoch=2)


def test_the_second_scale_is_no_epoch_of_the_first() -> None:
    started = [start(0), start(1, "second"), start(2, "second")]
    cut = CellRecord(cell=CELL, epochs_started=started, epochs_ended=[end(0)])
    assert progress(cut) == Progress(1, second_scale_finished=False, next_epoch=3)
    whole = CellRecord(cell=CELL, epochs_started=started, epochs_ended=[end(0), end(2)])
    assert progress(whole) == Progress(1, second_scale_finished=True, next_epoch=3)

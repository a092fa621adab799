from __future__ import annotations

from perf_matrix.matrix.model import Arm, Cell, Endpoint, Load, MatrixFile, Request
from perf_matrix.record.model import (
    CellRecord,
    DataScale,
    EpochEnd,
    EpochStart,
    HostInfo,
    LoadSlot,
    RunInfo,
    SoakSlot,
    SubjectInfo,
)
from perf_matrix.record.progress import (
    Progress,
    is_finished,
    next_round,
    progress,
    rounds_left,
    soaks_left,
)

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


def info(*grown: Endpoint) -> RunInfo:
    """A run that only counts: one epoch, and the second scale where there are lists."""
    return RunInfo(
        perf_matrix="0.1.0",
        started_at=0.0,
        seed=1,
        subjects={"head": SubjectInfo(spec="litellm==1.81.0", version="1.81.0")},
        instruments=["queries"],
        matrix=MatrixFile.model_validate({"version": 1, "workload": "w.yml", "epochs": 2}),
        endpoints=[],
        grown=list(grown),
        cells=[CELL],
        host=HostInfo(
            system="", machine="", cpu_model="", cpus=1, memory_bytes=0, python="", user_is_root=False
        ),
    )


def test_a_cell_is_finished_when_it_has_all_epochs_of_the_run() -> None:
    begun = CellRecord(cell=CELL, epochs_started=[start(0)])
    ended = CellRecord(cell=CELL, epochs_started=[start(0)], epochs_ended=[end(0)])
    assert not is_finished(begun, info())
    assert is_finished(ended, info())
    paired = info().model_copy(update={"instruments": ["queries", "paired"]})
    assert not is_finished(ended, paired)


def test_a_cell_with_lists_is_finished_when_the_second_scale_is() -> None:
    lists = info(Endpoint(name="users", request=Request(path="/users")))
    first = CellRecord(cell=CELL, epochs_started=[start(0), start(1, "second")], epochs_ended=[end(0)])
    assert not is_finished(first, lists)
    both = first.model_copy(update={"epochs_ended": [end(0), end(1)]})
    assert is_finished(both, lists)


def slot(arm: Arm, number: int) -> LoadSlot:
    return LoadSlot(
        epoch=0, round=number, arm=arm, started_at=0, seconds=8, rate=1, due=8, dropped=0, latencies_ms={}
    )


def test_a_round_that_was_cut_short_is_taken_again_under_another_number() -> None:
    load, slots = Load(slots=4), [slot("head", 0), slot("base", 0), slot("base", 1)]
    assert (rounds_left(load, slots), next_round(slots)) == (3, 2)
    slots += [slot("base", 2), slot("head", 2)]
    assert (rounds_left(load, slots), next_round(slots)) == (2, 3)


def test_no_round_is_left_where_there_are_all_or_more() -> None:
    slots = [slot(arm, number) for number in range(5) for arm in ("base", "head")]
    assert rounds_left(Load(slots=5), slots) == 0
    assert rounds_left(Load(slots=4), slots) == 0
    assert (rounds_left(Load(slots=4), []), next_round([])) == (4, 0)


def test_a_soak_that_was_finished_is_not_left() -> None:
    load, done = Load(soak="1m"), SoakSlot(**dict(slot("base", 0)))
    assert soaks_left(load, []) == ["base", "head"]
    assert soaks_left(load, [done]) == ["head"]
    assert soaks_left(Load(), []) == []


def test_a_run_is_loaded_where_it_has_the_instrument() -> None:
    matrix = info().matrix.model_copy(update={"load": Load(slots=4)})
    counted = info().model_copy(update={"matrix": matrix})
    assert counted.load is None
    assert counted.model_copy(update={"instruments": ["queries", "paired", "load"]}).load == Load(slots=4)

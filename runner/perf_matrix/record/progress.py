"""How far a cell came: what an interrupted run need not do again.  (Pure.)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from perf_matrix.matrix.model import ARMS, Arm, Load
from perf_matrix.record.model import CellRecord, LoadSlot, RunInfo, SoakSlot


@dataclass(frozen=True)
class Progress:
    """What was recorded of one cell."""

    epochs_finished: int
    """At the first scale."""
    second_scale_finished: bool
    next_epoch: int
    """The number of the epoch to start after an interruption: none is started twice."""


def progress(cell: CellRecord) -> Progress:
    """Tell how far a cell came."""
    ended = {end.epoch for end in cell.epochs_ended}
    finished = [start.scale for start in cell.epochs_started if start.epoch in ended]
    return Progress(
        epochs_finished=finished.count("first"),
        second_scale_finished="second" in finished,
        next_epoch=max((start.epoch for start in cell.epochs_started), default=-1) + 1,
    )


def is_finished(cell: CellRecord, info: RunInfo) -> bool:
    """Whether every epoch was finished that the run has for a cell, at each data scale.

    A fault is forgiven where a resumed run has measured to the end all the same.
    """
    done = progress(cell)
    return done.epochs_finished >= info.epochs and (done.second_scale_finished or not info.grown)


def rounds_left(load: Load, slots: Iterable[LoadSlot]) -> int:
    """How many rounds a cell still lacks where it has these slots: one without the other arm's does not count."""
    arms = Counter(slot.round for slot in slots)
    return max(0, load.slots - sum(count == len(ARMS) for count in arms.values()))


def next_round(slots: Iterable[LoadSlot]) -> int:
    """The number of the round to begin next: a round that was cut short is taken again under another one."""
    return max((slot.round for slot in slots), default=-1) + 1


def soaks_left(load: Load, soaks: Iterable[SoakSlot]) -> list[Arm]:
    """The arms that still lack their soak; none where there is no soak."""
    done = {soak.arm for soak in soaks}
    return [arm for arm in ARMS if arm not in done] if load.soak else []

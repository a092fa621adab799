"""How far a run came: what an interrupted one need not do again.  (Pure.)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from perf_matrix.matrix.model import Arm
from perf_matrix.record.model import CellRecord, Phase, QueryWindow, RunRecord


@dataclass(frozen=True)
class CellProgress:
    """What was recorded for one cell. Counts of what was not recorded are absent, not 0."""

    cell_id: str
    epochs_started: frozenset[int]
    epochs_finished: frozenset[int]
    blocks: Mapping[tuple[int, str], int]  # (epoch, endpoint) -> paired blocks
    next_block: Mapping[str, int]  # endpoint -> number for its next block, over the whole run
    warm_windows: Mapping[tuple[int, str, Arm], int]  # (epoch, endpoint, arm) -> windows
    cold_windows: frozenset[tuple[int, str, Arm]]
    idle_windows: Mapping[tuple[int, Arm], int]
    present: frozenset[tuple[int, str, Arm]]  # first requests that were sent, whatever came of them
    faulty: bool

    @property
    def next_epoch(self) -> int:
        """Return the number of the epoch to start after an interruption: none is started twice."""
        return max(self.epochs_started, default=-1) + 1


@dataclass(frozen=True)
class Progress:
    """What was recorded for all cells, by id, and the seconds that it took."""

    cells: Mapping[str, CellProgress]
    spent_s: float
    measuring_s: float


def progress(record: RunRecord) -> Progress:
    """Tell how far a run came."""
    return Progress(
        cells={cell.cell.id: _cell_progress(cell) for cell in record.cells},
        spent_s=_seconds(record.phases),
        measuring_s=_seconds(phase for phase in record.phases if phase.measuring),
    )


def _cell_progress(cell: CellRecord) -> CellProgress:
    windows = cell.windows
    return CellProgress(
        cell_id=cell.cell.id,
        epochs_started=frozenset(start.epoch for start in cell.epochs_started),
        epochs_finished=frozenset(end.epoch for end in cell.epochs_ended),
        blocks=Counter((block.epoch, block.endpoint) for block in cell.blocks),
        next_block=_next_blocks(cell),
        warm_windows=Counter(_keys(windows, "warm")),
        cold_windows=frozenset(_keys(windows, "cold")),
        idle_windows=Counter((window.epoch, window.arm) for window in windows if window.kind == "idle"),
        present=frozenset((first.epoch, first.endpoint, first.arm) for first in cell.presence),
        faulty=bool(cell.faults),
    )


def _next_blocks(cell: CellRecord) -> dict[str, int]:
    following: dict[str, int] = {}
    for block in cell.blocks:
        following[block.endpoint] = max(following.get(block.endpoint, 0), block.block + 1)
    return following


def _keys(windows: Iterable[QueryWindow], kind: str) -> Iterable[tuple[int, str, Arm]]:
    return (
        (window.epoch, window.endpoint, window.arm)
        for window in windows
        if window.kind == kind and window.endpoint is not None
    )


def _seconds(phases: Iterable[Phase]) -> float:
    return sum(phase.seconds for phase in phases)

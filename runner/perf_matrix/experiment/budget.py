"""How much must be measured at least, and how the time of a cell is shared out.  (Pure.)"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from perf_matrix.errors import InputError
from perf_matrix.matrix.model import ARMS, Load
from perf_matrix.record.model import LoadSlot, SoakSlot
from perf_matrix.record.progress import rounds_left, soaks_left

PAIRS_PER_BLOCK = 10
# Below eight blocks an arm no exact test can reach a strict level after correction.
BLOCKS_PER_ENDPOINT = 8

# A limit of so many seconds: as short as can be. Every endpoint gets its blocks, and nothing is measured beyond them.
LEAST = 0.001

# Assumed before anything was started, and on the low side: a limit that is refused on these grounds is
# hopeless anywhere. What is really needed is known after the first windows, and checked again then.
_START_S = 12.0
_WINDOWS_S_PER_ENDPOINT = 0.5
_REQUEST_S = 0.004
# After another start one window of each endpoint tells whether its count is the same; it was two or more before.
_LATER_WINDOWS = 2 / 3
# Around each slot of load: what went before it settles, k6 starts and ends, the database is asked.
_AROUND_SLOT_S = 2.0
# Limits are named in whole steps of this.
_STEP_S = 5
# Writing, stopping, and the block that is under way when the time is over.
_SLACK = 1.1


@dataclass(frozen=True)
class Costs:
    """What measuring takes here: seconds for a start of the stack, for the windows, and per request pair."""

    start_s: float
    windows_s: float
    pair_s: Mapping[str, float]
    blocks_per_round: int
    """2 where each block is followed by one without the delay before the database."""
    second_scale_s: float
    """One more start, with the windows of the lists; 0 where there is no second scale."""
    load_s: float
    """All slots that are still to come; 0 where nothing is measured under load."""


def assumed_costs(endpoints: list[str], lists: int, load_s: float) -> Costs:
    """What to assume before the first start; ``lists`` of the endpoints have a second scale."""
    windows_s = _WINDOWS_S_PER_ENDPOINT * len(endpoints)
    return Costs(
        start_s=_START_S,
        windows_s=windows_s,
        pair_s=dict.fromkeys(endpoints, 2 * _REQUEST_S),
        blocks_per_round=1,
        second_scale_s=second_scale_s(_START_S, windows_s, len(endpoints), lists),
        load_s=load_s,
    )


def second_scale_s(start_s: float, windows_s: float, endpoints: int, lists: int) -> float:
    """What the second scale takes where ``windows_s`` is what the windows of all endpoints took."""
    return start_s + windows_s * lists / endpoints if lists else 0.0


def load_s(load: Load | None, slots: Iterable[LoadSlot], soaks: Iterable[SoakSlot]) -> float:
    """What the load takes that is still to come, where a cell has these slots and soaks; 0 without load."""
    if load is None:
        return 0.0
    rounds_s = rounds_left(load, slots) * len(ARMS) * (load.slot + _AROUND_SLOT_S)
    return rounds_s + len(soaks_left(load, soaks)) * ((load.soak or 0.0) + _AROUND_SLOT_S)


def counting_s(costs: Costs) -> float:
    """What it takes where nothing but statements is counted."""
    return costs.start_s + costs.windows_s + costs.second_scale_s


def shortest_limit_s(costs: Costs, epochs: int) -> float:
    """The shortest limit in which every endpoint gets its blocks, in whole five seconds."""
    blocks = rounds_per_epoch(epochs) * epochs * costs.blocks_per_round
    # One lead-in pair goes before the pairs of each block.
    pairs_s = blocks * (PAIRS_PER_BLOCK + 1) * sum(costs.pair_s.values())
    windows_s = costs.windows_s * (1 + (epochs - 1) * _LATER_WINDOWS)
    needed = epochs * costs.start_s + windows_s + pairs_s + costs.second_scale_s
    # No slack for the load: each slot is as long as it was ordered.
    return float(math.ceil((_SLACK * needed + costs.load_s) / _STEP_S) * _STEP_S)


def refuse_if_too_short(limit_s: float, costs: Costs, epochs: int) -> None:
    """Raise InputError, with the shortest limit that works, where ``limit_s`` is less than that, and not LEAST."""
    if limit_s == LEAST:
        return
    shortest = shortest_limit_s(costs, epochs)
    if limit_s < shortest:
        endpoints = "1 endpoint" if len(costs.pair_s) == 1 else f"{len(costs.pair_s)} endpoints"
        blocks = f"{BLOCKS_PER_ENDPOINT} blocks of {PAIRS_PER_BLOCK} pairs for each of {endpoints}"
        load = f", and for {costs.load_s:.0f}s of load" if costs.load_s else ""
        raise InputError(
            f"time: {limit_s:.0f}s is too short for {blocks} over {epochs} epochs{load}: "
            f"the shortest that works here is about {shortest:.0f}s. "
            "Write a longer time: in the matrix file or as --time, or choose fewer --endpoints."
        )


def rounds_per_epoch(epochs: int) -> int:
    """How many blocks each endpoint gets in each epoch at least."""
    return math.ceil(BLOCKS_PER_ENDPOINT / epochs)


def rounds_of_epoch(rounds: int, epochs: int, number: int) -> int:
    """How many of a cell's ``rounds`` of load epoch ``number`` of ``epochs`` gets, counted from 0: an even share."""
    return rounds * (number + 1) // epochs - rounds * number // epochs


def epoch_ends_at(now: float, cell_ends_at: float, epochs_left: int) -> float:
    """When an epoch that starts now has to be over: the time that is left, shared out evenly."""
    return now + (cell_ends_at - now) / epochs_left

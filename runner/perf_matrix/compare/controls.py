"""The control: requests straight to the upstream stand-in, which go to neither arm and so must not differ.

One goes right before each request to an arm. The arms' order within a pair is random, so what goes before
base's second request comes after head's answer, and the other way round. Where head goes on working after it
has answered, the control before base's requests is slow, and so are base's requests, by no fault of
base: that latency comparison would blame the wrong arm, or hide what head costs. It is invalid.

Each block gives a median before base's requests and one before head's; their ratios are compared as those of
latencies are: Hodges-Lehmann estimate, exact interval. The control has moved where the whole interval is
beyond what could matter to the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from math import exp, log1p

import numpy as np

from perf_matrix.compare import signed_rank
from perf_matrix.compare.blocks import MAX_UNITS, MIN_PAIRS, RESOLUTION_MS, FloatArray
from perf_matrix.compare.hodges_lehmann import interval, units_needed
from perf_matrix.compare.latency import smallest_that_matters
from perf_matrix.compare.model import Control
from perf_matrix.matrix.model import ARMS, Arm, Gate
from perf_matrix.record.model import PairedBlock

ALPHA = 0.001
"""Chance that equal controls have an interval beside 1: a false alarm throws every latency of a cell away."""
SHARE_OF_MIN_EFFECT_MS = 0.1
"""Of ``gate.min_effect_ms``: what slows a control by that slows a request ten times as long by all of it."""
_FIFTH = 5


def control(blocks: Iterable[PairedBlock], gate: Gate) -> Control | None:
    """Whether the control moved over ``blocks``, of one endpoint or of many; None where none was recorded."""
    found = sorted((block for block in blocks if _is_controlled(block)), key=_place)
    if not found:
        return None
    base, head = (_median(found, [arm]) for arm in ARMS)
    ratios = _log_ratios(found)
    around = interval(ratios, 1 - ALPHA)
    matters = smallest_that_matters(base, head, _finer(gate))
    enough = around.confidence >= 1 - ALPHA
    moved = enough and max(around.low, -around.high) > log1p(matters)
    return Control(
        base=base,
        head=head,
        ratio=exp(around.estimate),
        ci=(exp(around.low), exp(around.high)),
        confidence=around.confidence,
        p_value=_p_value(ratios),
        matters=matters,
        blocks=len(found),
        requests=sum(len(block.base_ms) for block in found),
        drift=_drift(found),
        moved=moved,
        note=_moved(base, head, around.estimate) if moved else "" if enough else _too_few(len(found)),
    )


def _is_controlled(block: PairedBlock) -> bool:
    return min(len(block.control_ms.get(arm, [])) for arm in ARMS) >= MIN_PAIRS


def _place(block: PairedBlock) -> tuple[int, float, str, int]:
    """The order in which blocks were taken, whichever endpoint they are of."""
    return block.epoch, block.started_at, block.endpoint, block.block


def _log_ratios(blocks: Sequence[PairedBlock]) -> FloatArray:
    """log(head/base) of each block's medians; of very many blocks, means of as many neighbours each."""
    base, head = (np.log(_medians([block.control_ms[arm] for block in blocks])) for arm in ARMS)
    units = np.array_split(head - base, min(len(blocks), MAX_UNITS))
    return np.array([unit.mean() for unit in units], dtype=np.float64)


def _medians(blocks: Sequence[Sequence[float]]) -> FloatArray:
    """The median of each block; those of one length are worked out together, since there may be very many."""
    medians = np.empty(len(blocks))
    sizes = np.array([len(block) for block in blocks])
    for size in np.unique(sizes):
        places = np.flatnonzero(sizes == size).tolist()
        medians[places] = np.median(np.array([blocks[place] for place in places]), axis=1)
    found: FloatArray = np.maximum(medians, RESOLUTION_MS)
    return found


def _median(blocks: Sequence[PairedBlock], arms: Sequence[Arm]) -> float:
    times = chain.from_iterable(block.control_ms[arm] for block in blocks for arm in arms)
    return max(float(np.median(np.fromiter(times, np.float64))), RESOLUTION_MS)


def _finer(gate: Gate) -> Gate:
    return gate.model_copy(update={"min_effect_ms": SHARE_OF_MIN_EFFECT_MS * gate.min_effect_ms})


def _p_value(log_ratios: FloatArray) -> float:
    """Two-sided: it may be either arm that disturbs."""
    return min(1.0, 2 * min(signed_rank.p_greater(log_ratios), signed_rank.p_greater(-log_ratios)))


def _drift(blocks: Sequence[PairedBlock]) -> float | None:
    """The control's median in the last fifth of the blocks over that in the first; None for fewer than five."""
    fifth = len(blocks) // _FIFTH
    return _median(blocks[-fifth:], ARMS) / _median(blocks[:fifth], ARMS) if fifth else None


def _moved(base: float, head: float, log_ratio: float) -> str:
    disturbing = "head" if log_ratio < 0 else "base"
    return (
        f"the control moved: {base:.3g} ms before base's requests, {head:.3g} ms before head's: {disturbing} slows"
        " down what follows it; times are invalid, counts are not"
    )


def _too_few(have: int) -> str:
    return (
        f"{have} blocks; at least {units_needed(1 - ALPHA)} are needed to see the control move: raise --time"
    )

"""The soak: does an arm's memory grow with the requests, and head's faster than base's?

The slope is the Theil-Sen estimate, the median of the slopes between every two samples: a garbage collection that
frees much at once, or one late sample, hardly moves it. The first part of the slot is not looked at: caches
and pools fill then, whatever the version. Nothing is decided by it: samples that follow each other resemble each
other, so the interval is narrower than it ought to be, and one process's memory is one observation.

Source: P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", Journal of the American
Statistical Association 63 (1968) 1379-1389.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import theilslopes

from perf_matrix.compare.latency import confidence
from perf_matrix.compare.model import Both, Soak
from perf_matrix.compare.rounds import sent
from perf_matrix.matrix.model import ARMS, Arm, Gate
from perf_matrix.record.model import MemorySample, SoakSlot

WARM_UP = 0.2
"""Share of the slot that is left out at its beginning."""
LEAST_SAMPLES = 10
"""With fewer after the warm-up there is no slope to show."""
MATTERS = 0.01
"""Growth over the soak by less than this share of the memory is not worth a word."""
_THOUSAND = 1_000
_MEGABYTE = 1e6


@dataclass(frozen=True)
class _Growth:
    """Bytes per 1,000 requests, with the ends of the interval."""

    slope: float
    low: float
    high: float


def compare_soaks(slots: Sequence[SoakSlot], gate: Gate) -> Soak | None:
    """Both arms' last soak; None where there is not one of each."""
    last: dict[Arm, SoakSlot] = {slot.arm: slot for slot in slots}
    if set(last) != set(ARMS):
        return None
    base, head = last["base"], last["head"]
    level = confidence(gate)
    there, here = _growth(base, level), _growth(head, level)
    return Soak(
        seconds=base.seconds,
        requests=Both(base=sent(base), head=sent(head)),
        growth=Both(base=there and there.slope, head=here and here.slope),
        base_ci=(there.low, there.high) if there else None,
        head_ci=(here.low, here.high) if here else None,
        confidence=level,
        start_bytes=Both(base=_at(base.memory[:1]), head=_at(head.memory[:1])),
        end_bytes=Both(base=_at(base.memory[-1:]), head=_at(head.memory[-1:])),
        note=_too_few() if there is None or here is None else _leak(there, here, head),
    )


def _growth(slot: SoakSlot, level: float) -> _Growth | None:
    later = [sample for sample in slot.memory if sample.at_s >= WARM_UP * slot.seconds]
    requests = np.array([sample.requests for sample in later]) / _THOUSAND
    if len(np.unique(requests)) < LEAST_SAMPLES:
        return None
    found = theilslopes(np.array([float(sample.memory_bytes) for sample in later]), requests, alpha=level)
    return _Growth(float(found.slope), float(found.low_slope), float(found.high_slope))


def _at(samples: Sequence[MemorySample]) -> float | None:
    return samples[0].memory_bytes if samples else None


def _too_few() -> str:
    return f"too few samples of the memory: it takes {LEAST_SAMPLES} of each arm after the warm-up, a longer soak"


def _leak(base: _Growth, head: _Growth, slot: SoakSlot) -> str:
    """Words where head's memory surely grows, and faster than base's, and by what matters."""
    more = head.slope - base.slope
    in_all = more * slot.memory[-1].requests / _THOUSAND
    if head.low <= max(base.high, 0.0) or in_all < MATTERS * slot.memory[0].memory_bytes:
        return ""
    return (
        f"head's memory grows by {more / _MEGABYTE:.3g} MB more for 1,000 requests than base's:"
        " it may leak; a longer soak tells"
    )

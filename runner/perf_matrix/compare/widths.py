"""Where more blocks help most: what the schedule asks while it measures."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log1p

from perf_matrix.compare import significance
from perf_matrix.compare.blocks import MIN_UNITS, RULES, LatencyMetric, both_quantiles, units
from perf_matrix.compare.hodges_lehmann import interval
from perf_matrix.compare.latency import SHOWN_UNITS, confidence, smallest_that_matters
from perf_matrix.matrix.model import Gate
from perf_matrix.record.model import PairedBlock


def planned_blocks(endpoints: int, gate: Gate) -> int:
    """The fewest blocks per endpoint with which a difference can be found in spite of drift.

    With fewer, only Mann-Whitney U can reach the corrected level, and drift from block to block blinds
    it. ``endpoints`` counts those of every cell of the run.
    """
    tests = endpoints * len(set(RULES) & set(gate.metrics))
    blocks = MIN_UNITS
    while tests and significance.critical_average(blocks, gate.alpha / tests) is None:
        blocks += 1
    return blocks


def interval_width(blocks: Sequence[PairedBlock], metric: LatencyMetric, gate: Gate) -> float:
    """Half the interval's width over the smallest change that matters: below 1, equal arms would pass.

    ``blocks`` are one endpoint's. Infinite where they are too few for an interval; the half width itself
    where every change matters. It depends on the spread only, never on which arm looks slower: measuring
    until a difference shows would find one.
    """
    compared = units(blocks, metric)
    if len(compared) < SHOWN_UNITS:
        return inf
    found = interval(compared.log_ratios, confidence(gate))
    matters = smallest_that_matters(*both_quantiles(blocks, RULES[metric].level), gate)
    return (found.high - found.low) / 2 / (log1p(matters) or 1.0)

"""A latency measured and decided, as the comparison has it."""

from __future__ import annotations

from math import exp

from perf_matrix.compare.holm import PValues
from perf_matrix.compare.latency import Latency
from perf_matrix.compare.model import Quantile, Verdict


def quantile(latency: Latency, adjusted: PValues | None, verdict: Verdict, note: str) -> Quantile:
    """The quantile with its verdict; ``adjusted`` is None where it is in no family."""
    return Quantile(
        base=latency.base,
        head=latency.head,
        ratio=exp(latency.interval.estimate),
        ci=(exp(latency.interval.low), exp(latency.interval.high)),
        confidence=latency.interval.confidence,
        p_value=latency.p_u,
        p_paired=latency.p_paired,
        p_adjusted=adjusted.worse if adjusted else None,
        p_faster_adjusted=adjusted.better if adjusted else None,
        gated=latency.gated,
        delta=latency.delta,
        matters=latency.matters,
        noise_floor=latency.noise,
        units=len(latency.units),
        epoch_ratios=[exp(epoch) for epoch in latency.epochs],
        verdict=verdict,
        note=note,
    )

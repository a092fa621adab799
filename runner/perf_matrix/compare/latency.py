"""One latency quantile of one endpoint, measured and then decided.

Measuring needs only the endpoint's own blocks; deciding also needs the p-values adjusted over the whole
run. Thresholds are compared in logarithms, so that swapping the arms mirrors everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log1p

from perf_matrix.compare import mann_whitney, signed_rank
from perf_matrix.compare.blocks import (
    MIN_UNITS,
    RULES,
    LatencyMetric,
    Stretch,
    Units,
    both_quantiles,
    pair_count,
    units,
)
from perf_matrix.compare.hodges_lehmann import Interval, estimates, interval
from perf_matrix.compare.holm import PValues
from perf_matrix.compare.model import Verdict
from perf_matrix.compare.noise import noise_floor
from perf_matrix.compare.significance import p_values
from perf_matrix.matrix.model import Gate

SHOWN_UNITS = 6
"""With fewer units there is no interval worth showing."""
MIN_EPOCHS = 2
"""A difference must survive a fresh start of the stack."""


@dataclass(frozen=True)
class Latency:
    """What the blocks say about one quantile. Times in ms; ``interval`` and ``epochs`` in log-ratios."""

    metric: LatencyMetric
    base: float
    head: float
    pairs: int
    units: Units
    interval: Interval
    epochs: list[float]
    p_u: float
    """Mann-Whitney U of head being slower."""
    p_paired: float
    """Signed-rank of head being slower."""
    p: PValues
    noise: float
    matters: float
    """The smallest relative change that matters to the gate, however noisy the run."""
    gated: bool

    @property
    def delta(self) -> float:
        """The smallest relative change that counts as found: what matters, and more than noise."""
        return max(self.matters, self.noise)

    @property
    def limit(self) -> float:
        """The log-ratio that a change must surely exceed to be found."""
        return log1p(self.delta)

    @property
    def harmless(self) -> float:
        """The log-ratio that a slowdown must surely stay below to pass; noise does not raise it."""
        return log1p(self.matters)


def confidence(gate: Gate) -> float:
    """Of every interval: each end is looked at alone, so each may be wrong with probability alpha."""
    return 1 - 2 * gate.alpha


def measure(blocks: Sequence[Stretch], metric: LatencyMetric, gate: Gate) -> Latency | None:
    """The blocks of one endpoint, measured; None where they are too few to show an interval."""
    compared = units(blocks, metric)
    if len(compared) < SHOWN_UNITS:
        return None
    base, head = both_quantiles(blocks, RULES[metric].level)
    pairs = pair_count(blocks)
    gated = metric in gate.metrics and pairs >= RULES[metric].requests
    return replace(measure_units(compared, base, head, gate), metric=metric, pairs=pairs, gated=gated)


def measure_units(compared: Units, base: float, head: float, gate: Gate) -> Latency:
    """Units of any time in ms, measured as a median that is gated; ``base`` and ``head`` are the values shown."""
    return Latency(
        metric="p50",
        base=base,
        head=head,
        pairs=len(compared),
        units=compared,
        interval=interval(compared.log_ratios, confidence(gate)),
        epochs=[float(estimates(epoch)) for epoch in compared.per_epoch(compared.log_ratios)],
        p_u=mann_whitney.p_greater(compared.head, compared.base),
        p_paired=signed_rank.p_greater(compared.log_ratios),
        p=p_values(compared),
        noise=noise_floor(compared),
        matters=smallest_that_matters(base, head, gate),
        gated=True,
    )


def smallest_that_matters(base: float, head: float, gate: Gate) -> float:
    """The gate's own delta, without noise: relative, from the faster arm, so that it has no preferred arm."""
    return max(gate.min_effect, gate.min_effect_ms / min(base, head))


def decide(latency: Latency, adjusted: PValues, gate: Gate) -> Verdict:
    """The verdict of a gated quantile. The rules, in this order, are those of docs/STATISTICS.md."""
    if not can_decide(latency, gate):
        return "inconclusive"
    found = latency.interval
    if _holds(adjusted.worse, found.low, latency.epochs, latency, gate):
        return "regression"
    if _holds(adjusted.better, -found.high, [-epoch for epoch in latency.epochs], latency, gate):
        return "improvement"
    return "pass" if found.high < latency.harmless else "inconclusive"


def can_decide(latency: Latency, gate: Gate) -> bool:
    """Whether units and epochs are enough for any verdict at all."""
    enough = len(latency.units) >= MIN_UNITS and len(latency.epochs) >= MIN_EPOCHS
    return enough and latency.interval.confidence >= confidence(gate)


def _holds(p_value: float, bound: float, epochs: Sequence[float], latency: Latency, gate: Gate) -> bool:
    """Significant over the run, surely more than delta, and so again after each fresh start."""
    return p_value <= gate.alpha and bound > latency.limit and min(epochs) > latency.limit

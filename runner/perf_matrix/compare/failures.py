"""Answers that failed their checks: counted per arm, tested, decided.

The test is Fisher's exact one, one-sided; the family for Holm's correction is every endpoint at which
anything failed, since with no failure at all nothing can be found (R. E. Tarone, "A modified Bonferroni
method for discrete data", Biometrics 46 (1990) 515-522).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import fisher_exact

from perf_matrix.compare.blocks import pair_count
from perf_matrix.compare.holm import PValues
from perf_matrix.compare.model import Verdict
from perf_matrix.matrix.model import ARMS, Arm
from perf_matrix.record.model import PairedBlock, Presence

TOO_MANY = 0.10
"""When more than this share fails on both arms, what is left says little about either."""
EXAMPLES = 5


@dataclass(frozen=True)
class Failures:
    """Failed requests of one endpoint, per arm, out of ``requests`` sent to each."""

    base: int
    head: int
    requests: int
    broken: list[Arm]
    """Arms on which every first request after a start failed its checks."""
    answered: bool
    """At least one pair was answered as expected by both arms."""
    examples: list[str]

    @property
    def any(self) -> bool:
        """Whether anything failed at all."""
        return bool(self.base or self.head or self.broken)


def count_failures(blocks: Sequence[PairedBlock], probes: Sequence[Presence]) -> Failures:
    """The failures of one endpoint in its pairs and in its first requests after each start.

    A block does not say whether its failures on base and head belong to the same pairs; the smaller
    number of requests, in which they do, is taken.
    """
    words = [f for block in blocks for f in block.failures] + [f for probe in probes for f in probe.failures]
    return Failures(
        base=sum(block.failed.get("base", 0) for block in blocks),
        head=sum(block.failed.get("head", 0) for block in blocks),
        requests=pair_count(blocks) + sum(max(block.failed.values(), default=0) for block in blocks),
        broken=[arm for arm in ARMS if _broken(arm, probes)],
        answered=pair_count(blocks) > 0,
        examples=list(dict.fromkeys(words))[:EXAMPLES],
    )


def p_values(failures: Failures) -> PValues:
    """The p-values, not adjusted yet, of head failing more and of head failing less."""
    return PValues(
        worse=_p_more(failures.head, failures.base, failures.requests),
        better=_p_more(failures.base, failures.head, failures.requests),
    )


def decide_failures(failures: Failures, adjusted: PValues, alpha: float) -> Verdict:
    """Failing on both arms is a fault of the workload or the stack; on one arm, a finding."""
    if _failing_on_both(failures):
        return "invalid"
    if adjusted.worse <= alpha or (failures.broken == ["head"] and not failures.base):
        return "regression"
    if adjusted.better <= alpha or (failures.broken == ["base"] and not failures.head):
        return "improvement"
    return "pass"


def _failing_on_both(failures: Failures) -> bool:
    if not failures.answered:
        return len(failures.broken) == len(ARMS)
    return min(failures.base, failures.head) > TOO_MANY * failures.requests


def _broken(arm: Arm, probes: Sequence[Presence]) -> bool:
    own = [probe for probe in probes if probe.arm == arm]
    return bool(own) and all(probe.failures or not probe.present for probe in own)


def _p_more(failed: int, other_failed: int, requests: int) -> float:
    table = np.array([[failed, requests - failed], [other_failed, requests - other_failed]])
    return float(fisher_exact(table, alternative="greater").pvalue)

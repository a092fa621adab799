"""Failed answers: counted, tested, decided."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import fisher_exact

from perf_matrix.compare.failures import Failures, count_failures, decide_failures, p_values
from perf_matrix.compare.holm import NEVER
from perf_matrix.matrix.model import Arm
from perf_matrix.record.model import PairedBlock

from .records import block, probe


def failures(base: int, head: int, requests: int = 80, broken: list[Arm] | None = None) -> Failures:
    return Failures(
        base=base, head=head, requests=requests, broken=broken or [], answered=requests > 0, examples=[]
    )


def verdict(found: Failures) -> str:
    return decide_failures(found, p_values(found), 0.01)


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (0, 0, "pass"),
        (0, 3, "pass"),  # p = 0.12
        (0, 7, "regression"),  # p = 0.007
        (7, 0, "improvement"),
        (20, 20, "invalid"),  # a quarter fails on both
        (8, 8, "pass"),  # ten in a hundred is not more than that
    ],
)
def test_counts_decide(base: int, head: int, expected: str) -> None:
    assert verdict(failures(base, head)) == expected


def test_failing_at_every_start_is_decided_without_a_test() -> None:
    assert decide_failures(failures(0, 0, broken=["head"]), NEVER, 0.01) == "regression"
    assert decide_failures(failures(0, 0, broken=["base"]), NEVER, 0.01) == "improvement"
    assert decide_failures(failures(1, 0, broken=["head"]), NEVER, 0.01) == "pass"


def test_failing_everywhere_is_a_fault_of_the_workload() -> None:
    assert decide_failures(failures(0, 0, requests=0, broken=["base", "head"]), NEVER, 0.01) == "invalid"


def test_p_values_are_fishers_both_ways() -> None:
    found = p_values(failures(1, 9))
    assert found.worse == pytest.approx(
        fisher_exact(np.array([[9, 71], [1, 79]]), alternative="greater").pvalue
    )
    assert found.better == pytest.approx(
        fisher_exact(np.array([[1, 79], [9, 71]]), alternative="greater").pvalue
    )
    assert p_values(failures(0, 0, requests=0)) == NEVER


def test_counting_takes_failures_on_both_arms_as_the_same_pairs() -> None:
    found = count_failures([_failing(3, 1), _failing(0, 2)], [])
    assert (found.base, found.head, found.requests) == (3, 3, 10 + 3 + 10 + 2)
    assert found.examples == ["status 500"]


def test_an_arm_is_broken_when_no_start_answered_as_expected() -> None:
    probes = [
        probe("chat", "head", epoch=1, failures=["status 500"]),
        probe("chat", "head", epoch=2, present=False),
        probe("chat", "base", epoch=1, failures=["status 500"]),
        probe("chat", "base", epoch=2),
    ]
    assert count_failures([], probes).broken == ["head"]


def _failing(base: int, head: int) -> PairedBlock:
    return block([1.0] * 10, [1.0] * 10, failed={"base": base, "head": head}, failures=["status 500"])

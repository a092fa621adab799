from __future__ import annotations

import pytest

from perf_matrix.compare.model import Comparison
from perf_matrix.publish.outcome import Conclusion, FailOn, outcome
from tests.unit.report.builders import improvement, inconclusive, invalid, passed, regression


def undecided() -> Comparison:
    """One whose matrix file only warns of what stays undecided."""
    found = inconclusive()
    return found.model_copy(update={"gate": found.gate.model_copy(update={"inconclusive": "warn"})})


@pytest.mark.parametrize(
    ("comparison", "fail_on", "code", "conclusion"),
    [
        (passed(), "regression", 0, "success"),
        (improvement(), "inconclusive", 0, "success"),
        (regression(), "regression", 1, "failure"),
        (regression(), "inconclusive", 1, "failure"),
        (regression(), "never", 0, "neutral"),
        (invalid(), "regression", 3, "failure"),
        (invalid(), "never", 0, "neutral"),
        (undecided(), "regression", 0, "neutral"),
        (undecided(), "inconclusive", 4, "failure"),
        (undecided(), "never", 0, "neutral"),
        # Its matrix file asks for it.
        (inconclusive(), "regression", 4, "failure"),
    ],
)
def test_what_a_verdict_means_for_the_check(
    comparison: Comparison, fail_on: FailOn, code: int, conclusion: Conclusion
) -> None:
    found = outcome(comparison, fail_on, accepted=False)
    assert (found.exit_code, found.conclusion, found.fails) == (code, conclusion, code != 0)


def test_an_accepted_regression_passes() -> None:
    found = outcome(regression(), "regression", accepted=True)
    assert (found.exit_code, found.conclusion, found.verdict) == (0, "success", "regression")


def test_only_regressions_can_be_accepted() -> None:
    assert outcome(invalid(), "regression", accepted=True).exit_code == 3

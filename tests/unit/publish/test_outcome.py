from __future__ import annotations

import pytest

from perf_matrix.compare.model import Comparison
from perf_matrix.github.checks import Conclusion
from perf_matrix.publish.outcome import FailOn, outcome, verdict_to_show
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


def beside(other: Comparison) -> Comparison:
    """A regression in one cell, and what another comparison has in the others."""
    found = regression()
    return found.model_copy(update={"cells": [*found.cells, *other.cells], "gate": undecided().gate})


def test_who_accepts_a_regression_accepts_nothing_that_was_not_measured() -> None:
    found = outcome(beside(invalid()), "regression", accepted=True)
    assert (found.exit_code, found.conclusion) == (3, "failure")
    assert verdict_to_show(beside(invalid()), "regression") == "invalid"


def test_who_accepts_a_regression_leaves_open_what_is_undecided() -> None:
    assert outcome(beside(inconclusive()), "regression", accepted=True).exit_code == 0
    assert verdict_to_show(beside(inconclusive()), "regression") == "regression"
    assert outcome(beside(inconclusive()), "inconclusive", accepted=True).exit_code == 4
    assert verdict_to_show(beside(inconclusive()), "inconclusive") == "inconclusive"

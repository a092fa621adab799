"""What a verdict means for a check: does it fail, and with which exit code?  (Pure.)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perf_matrix.compare.model import Comparison, Verdict
from perf_matrix.report.exit_code import INVALID, NOTHING_REGRESSED, UNDECIDED, exit_code

if TYPE_CHECKING:
    from perf_matrix.github.checks import Conclusion

FailOn = Literal["regression", "inconclusive", "never"]


@dataclass(frozen=True)
class Outcome:
    """``verdict`` is the comparison's own; ``accepted``: a person has accepted the regression."""

    verdict: Verdict
    accepted: bool
    exit_code: int

    @property
    def fails(self) -> bool:
        """Whether the check fails on it."""
        return self.exit_code != NOTHING_REGRESSED

    @property
    def conclusion(self) -> Conclusion:
        """What a check run says. GitHub counts neutral as passing: it neither fails nor claims that all is well."""
        if self.fails:
            return "failure"
        undecided = self.verdict in ("inconclusive", "invalid") or (
            self.verdict == "regression" and not self.accepted
        )
        return "neutral" if undecided else "success"


def outcome(comparison: Comparison, fail_on: FailOn, *, accepted: bool) -> Outcome:
    """The outcome of a comparison.

    ``regression`` also fails on what is invalid, since a cell that was not measured is not green, and on what the
    matrix file says that it fails on. ``never`` fails on nothing.
    """
    return Outcome(comparison.verdict, accepted, _exit_code(comparison, fail_on, accepted=accepted))


def verdict_to_show(comparison: Comparison, fail_on: FailOn) -> Verdict:
    """The verdict that a comment is remembered by: ``regression`` only where to accept it would let the check pass."""
    if comparison.verdict != "regression":
        return comparison.verdict
    others: dict[int, Verdict] = {INVALID: "invalid", UNDECIDED: "inconclusive"}
    return others.get(_without_regressions(comparison, fail_on), "regression")


def _exit_code(comparison: Comparison, fail_on: FailOn, *, accepted: bool) -> int:
    if fail_on == "never":
        return NOTHING_REGRESSED
    if comparison.verdict == "regression" and accepted:
        return _without_regressions(comparison, fail_on)
    if fail_on == "inconclusive" and comparison.verdict == "inconclusive":
        return UNDECIDED
    return exit_code(comparison)


def _without_regressions(comparison: Comparison, fail_on: FailOn) -> int:
    """What is left to fail on: who accepts a regression accepts nothing that was not measured."""
    if "invalid" in _verdicts(comparison):
        return INVALID
    fails_undecided = fail_on == "inconclusive" or comparison.gate.inconclusive == "fail"
    return UNDECIDED if fails_undecided and "inconclusive" in _verdicts(comparison) else NOTHING_REGRESSED


def _verdicts(comparison: Comparison) -> set[Verdict]:
    cells = {cell.verdict for cell in comparison.cells}
    return cells | {endpoint.verdict for cell in comparison.cells for endpoint in cell.endpoints}

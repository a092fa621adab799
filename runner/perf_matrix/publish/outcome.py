"""What a verdict means for a check: does it fail, and with which exit code?  (Pure.)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perf_matrix.compare.model import Comparison, Verdict
from perf_matrix.report.exit_code import NOTHING_REGRESSED, UNDECIDED, exit_code

FailOn = Literal["regression", "inconclusive", "never"]
Conclusion = Literal["success", "failure", "neutral"]


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


def _exit_code(comparison: Comparison, fail_on: FailOn, *, accepted: bool) -> int:
    if fail_on == "never" or (comparison.verdict == "regression" and accepted):
        return NOTHING_REGRESSED
    if fail_on == "inconclusive" and comparison.verdict == "inconclusive":
        return UNDECIDED
    return exit_code(comparison)

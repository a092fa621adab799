"""The exit code that a comparison deserves."""

from __future__ import annotations

from perf_matrix.compare.model import Comparison

NOTHING_REGRESSED = 0
REGRESSED = 1
INVALID = 3
UNDECIDED = 4


def exit_code(comparison: Comparison) -> int:
    """0 nothing regressed; 1 regression; 3 invalid; 4 inconclusive where the gate is set to fail on that."""
    if comparison.verdict == "regression":
        return REGRESSED
    if comparison.verdict == "invalid":
        return INVALID
    if comparison.verdict == "inconclusive" and comparison.gate.inconclusive == "fail":
        return UNDECIDED
    return NOTHING_REGRESSED

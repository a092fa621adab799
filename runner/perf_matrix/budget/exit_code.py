"""The exit code that the result of a check deserves."""

from __future__ import annotations

from typing import Literal

from perf_matrix.budget.check import BudgetResult, Verdict

_CODES: dict[Verdict, int] = {"within": 0, "over": 1, "not measured": 3}
_UNDECIDED = {"warn": 0, "fail": 4}


def exit_code(result: BudgetResult, inconclusive: Literal["warn", "fail"]) -> int:
    """0 within; 1 over; 3 a count failed; 4 undecided where the gate (``inconclusive``) says that this fails."""
    return _CODES.get(result.verdict, _UNDECIDED[inconclusive])

"""Does each endpoint keep to its budget? Counts are exact, or there is no answer but an upper bound."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from perf_matrix.budget.figures import SAME, figure
from perf_matrix.budget.model import Budget, EndpointBudget
from perf_matrix.queries.slope import N_PLUS_ONE

SLOPE_TOLERANCE = 0.05
"""Statements per row: a page whose last row is special bends a slope by less than this."""

Status = Literal["over", "not measured", "undecided", "under", "no budget", "within"]
WORST_FIRST: tuple[Status, ...] = ("over", "not measured", "undecided", "under", "no budget", "within")

Verdict = Literal["over", "not measured", "undecided", "within"]


@dataclass(frozen=True)
class Counted:
    """What one endpoint was seen to ask of the database; ``request`` is 'GET /user/list'.

    ``per_request`` is exact if ``stable``, else an upper bound or, where nothing could be counted, None;
    ``because`` says why. ``per_row`` is the slope in statements per ``row`` ('user'), None where there is none.
    """

    endpoint: str
    request: str
    per_request: float | None
    stable: bool = True
    because: str = ""
    per_row: float | None = None
    row: str = ""
    statements: Mapping[str, float] = field(default_factory=dict)  # canonical text -> calls per request

    @property
    def exact(self) -> bool:
        """Whether ``per_request`` is the count and not only a bound of it."""
        return self.stable and self.per_request is not None


@dataclass(frozen=True)
class Checked:
    """One endpoint against its budget, and the reasons for its status in words."""

    endpoint: str
    status: Status
    reasons: tuple[str, ...] = ()
    budget: EndpointBudget | None = None
    counted: Counted | None = None


@dataclass(frozen=True)
class BudgetResult:
    """Every endpoint that has a budget, was measured or is in the workload; the worst first."""

    endpoints: tuple[Checked, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of what decides.

        An endpoint that was left out of the measuring, has no budget, or is under it, decides nothing.
        """
        statuses = {each.status for each in self.endpoints if each.budget and each.counted}
        deciding: tuple[Verdict, ...] = ("over", "not measured", "undecided")
        return next((verdict for verdict in deciding if verdict in statuses), "within")


@dataclass(frozen=True)
class _Finding:
    status: Status
    reason: str


def check(budget: Budget, counted: Sequence[Counted], known: Collection[str]) -> BudgetResult:
    """Holds what was counted against the budget; ``known`` are the endpoints of the workload.

    Budgets of endpoints that are not known are for refuse_unknown, before anything is measured.
    """
    by_name = {each.endpoint: each for each in counted}
    names = sorted({*budget.endpoints, *by_name, *known})
    checked = [_checked(name, budget.endpoints.get(name), by_name.get(name)) for name in names]
    return BudgetResult(tuple(sorted(checked, key=lambda each: WORST_FIRST.index(each.status))))


def _checked(name: str, budget: EndpointBudget | None, counted: Counted | None) -> Checked:
    if budget is None:
        return Checked(name, "no budget", counted=counted)
    if counted is None:
        return Checked(name, "not measured", budget=budget)
    findings = list(_findings(budget, counted))
    status = min((each.status for each in findings), key=WORST_FIRST.index)
    return Checked(name, status, tuple(each.reason for each in findings if each.reason), budget, counted)


def _findings(budget: EndpointBudget, counted: Counted) -> Iterator[_Finding]:
    if counted.per_request is None:
        yield _Finding("not measured", counted.because or "it could not be counted")
        return
    yield _statements(budget, counted, counted.per_request)
    if counted.per_row is not None:
        yield _slope(budget, counted, counted.per_row)
    elif budget.per_row is not None:
        yield _Finding("within", "per_row was not checked: no slope was measured")


def _statements(budget: EndpointBudget, counted: Counted, measured: float) -> _Finding:
    said = f"{_statements_of(measured)} per request, budget {figure(budget.statements)}"
    over = measured > budget.statements + SAME
    if not counted.stable:
        because = f"not exact, at most {said}: {counted.because}"
        return _Finding("undecided" if over else "within", because)
    if over:
        return _Finding("over", said)
    return _Finding("under", said) if measured < budget.statements - SAME else _Finding("within", "")


def _slope(budget: EndpointBudget, counted: Counted, measured: float) -> _Finding:
    per = f"for each further {counted.row or 'row'}"
    if budget.per_row is None:
        said = f"{_statements_of(measured)} {per}, an N+1 that the budget does not allow"
        return _exceeded(counted, said) if measured >= N_PLUS_ONE - SAME else _Finding("within", "")
    said = f"{_statements_of(measured)} {per}, budget {figure(budget.per_row)}"
    more = measured - budget.per_row
    if more > SLOPE_TOLERANCE + SAME:
        return _exceeded(counted, said)
    return _Finding("under", said) if more < -SLOPE_TOLERANCE - SAME else _Finding("within", "")


def _exceeded(counted: Counted, said: str) -> _Finding:
    return _Finding("over", said) if counted.stable else _Finding("undecided", said)


def _statements_of(count: float) -> str:
    return "1 statement" if figure(count) == "1" else f"{figure(count)} statements"

"""Does each endpoint keep to its budget? Counts are exact, or there is no answer but an upper bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from perf_matrix.budget.counted import Counted, by_endpoint, heaviest, needed
from perf_matrix.budget.figures import figure
from perf_matrix.budget.model import Budget, EndpointBudget
from perf_matrix.queries.profile import SAME
from perf_matrix.queries.slope import N_PLUS_ONE, STEEPER

Status = Literal["over", "not measured", "undecided", "under", "no budget", "within"]
WORST_FIRST: tuple[Status, ...] = ("over", "not measured", "undecided", "under", "no budget", "within")

Verdict = Literal["over", "not measured", "undecided", "within"]


@dataclass(frozen=True)
class Checked:
    """One endpoint against its budget, and the reasons for its status in words.

    ``counted`` is the cell that decided the status; ``needed`` what a budget has to allow for every cell. Both are
    None where the endpoint was not to be measured.
    """

    endpoint: str
    status: Status
    reasons: tuple[str, ...] = ()
    budget: EndpointBudget | None = None
    counted: Counted | None = None
    needed: Counted | None = None


@dataclass(frozen=True)
class BudgetResult:
    """Every endpoint that has a budget or was to be measured; the worst first."""

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


@dataclass(frozen=True)
class _Judged:
    """One cell against the budget."""

    counted: Counted
    findings: tuple[_Finding, ...]

    @property
    def status(self) -> Status:
        return min((each.status for each in self.findings), key=WORST_FIRST.index)


def check(budget: Budget, counted: Sequence[Counted]) -> BudgetResult:
    """Holds what was counted against the budget: in every cell, of which the worst is an endpoint's status.

    ``counted`` has every endpoint that was to be measured, also where nothing could be counted. Budgets of
    endpoints that are not known are for refuse_unknown, before anything is measured.
    """
    cells = by_endpoint(counted)
    names = sorted({*budget.endpoints, *cells})
    checked = [_checked(name, budget.endpoints.get(name), cells.get(name, [])) for name in names]
    return BudgetResult(tuple(sorted(checked, key=lambda each: WORST_FIRST.index(each.status))))


def _checked(name: str, budget: EndpointBudget | None, cells: Sequence[Counted]) -> Checked:
    if not cells:
        return Checked(name, "not measured", budget=budget)
    if budget is None:
        return Checked(name, "no budget", counted=heaviest(cells), needed=needed(cells))
    worst = _worst(budget, cells)
    shown = heaviest(each.counted for each in worst)
    return Checked(name, worst[0].status, _reasons(worst), budget, shown, needed(cells))


def _worst(budget: EndpointBudget, cells: Sequence[Counted]) -> list[_Judged]:
    """The cells with the worst status; the budget can be lowered only to what all of them need together."""
    judged = [_judged(budget, each) for each in cells]
    status = min((each.status for each in judged), key=WORST_FIRST.index)
    if status == "under":
        return [_judged(budget, replace(needed(cells), cell=""))]
    return [each for each in judged if each.status == status]


def _judged(budget: EndpointBudget, counted: Counted) -> _Judged:
    return _Judged(counted, tuple(_findings(budget, counted)))


def _reasons(judged: Sequence[_Judged]) -> tuple[str, ...]:
    """Every reason once, with the cells that it holds in, where there are several."""
    cells: dict[str, list[str]] = {}
    for each in judged:
        for finding in each.findings:
            if finding.reason:
                cells.setdefault(finding.reason, []).append(each.counted.cell)
    return tuple(_in_cells(reason, names) for reason, names in cells.items())


def _in_cells(reason: str, cells: Sequence[str]) -> str:
    named = [cell for cell in cells if cell]
    return f"in {' and '.join(named)}: {reason}" if named else reason


def _findings(budget: EndpointBudget, counted: Counted) -> Iterator[_Finding]:
    if counted.per_request is None:
        yield _Finding("not measured", counted.because or "it could not be counted")
        return
    yield _statements(budget, counted, counted.per_request)
    if counted.per_row is not None:
        yield _slope(budget, counted, counted.per_row)
    elif budget.per_row is not None and not counted.no_slope:
        yield _Finding(
            "within", "per_row was not checked: the answer was counted with one number of rows only"
        )
    for why in counted.no_slope:
        yield _Finding("undecided", why)


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
    if more > STEEPER + SAME:
        return _exceeded(counted, said)
    return _Finding("under", said) if more < -STEEPER - SAME else _Finding("within", "")


def _exceeded(counted: Counted, said: str) -> _Finding:
    return _Finding("over", said) if counted.stable else _Finding("undecided", said)


def _statements_of(count: float) -> str:
    return "1 statement" if figure(count) == "1" else f"{figure(count)} statements"

"""The result of a check as a machine reads it: what ``budget check --json`` prints.

Everything that the text for a terminal shows is in it. Field names are fixed (schema version 1): add, do not
rename.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from perf_matrix.budget.check import BudgetResult, Checked, Status, Verdict
from perf_matrix.budget.counted import Counted
from perf_matrix.budget.entry import measured_entry
from perf_matrix.budget.model import EndpointBudget

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Reported(BaseModel):
    """Immutable; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StatementCalls(Reported):
    """One SQL statement of an endpoint."""

    statement: str
    per_request: Finite


class Allowed(Reported):
    """The entry of the budget file, as it was read."""

    statements: Finite
    per_row: Finite | None = Field(description="null where the entry says nothing about it.")
    note: str


class Measured(Reported):
    """What one request to an endpoint asked of the database, in the cell that decided."""

    statements: Finite | None = Field(
        description="Per request; an upper bound unless exact, null where it could not be counted."
    )
    exact: bool
    because: str = Field(default="", description="Why the count is not exact.")
    per_row: Finite | None = Field(default=None, description="More statements for each further row.")
    row: str = Field(default="", description="What one row is: 'user'.")
    cell: str = Field(default="", description="Empty where there is only one.")
    calls: list[StatementCalls] = Field(default=[], description="The statements, the most frequent first.")


class EndpointReport(Reported):
    """One endpoint against its budget; ``null`` stands for what it does not have."""

    endpoint: str
    request: str = Field(default="", description="'POST /v1/chat/completions'; empty where not measured.")
    status: Status
    reasons: list[str]
    budget: Allowed | None
    measured: Measured | None
    entry: str = Field(
        default="",
        description="The line of the budget file that allows just what was measured, in every cell.",
    )


class BudgetReport(Reported):
    """The whole of the output: every endpoint that has a budget or was to be measured, the worst first."""

    schema_version: Literal[1] = 1
    verdict: Verdict
    subject: str = Field(description="The version that was checked, as it was asked for.")
    source: str = Field(description="The budget file.")
    endpoints: list[EndpointReport]


def budget_report(result: BudgetResult, subject: str, source: str) -> BudgetReport:
    """Puts a result into the form that is printed; ``source`` is the name of the budget file."""
    return BudgetReport(
        verdict=result.verdict,
        subject=subject,
        source=source,
        endpoints=[_endpoint(each) for each in result.endpoints],
    )


def _endpoint(checked: Checked) -> EndpointReport:
    counted, needed = checked.counted, checked.needed
    return EndpointReport(
        endpoint=checked.endpoint,
        request=counted.request if counted else "",
        status=checked.status,
        reasons=list(checked.reasons),
        budget=_allowed(checked.budget) if checked.budget else None,
        measured=_measured(counted) if counted else None,
        entry=measured_entry(checked.budget, needed).line() if needed and needed.exact else "",
    )


def _allowed(budget: EndpointBudget) -> Allowed:
    return Allowed(statements=budget.statements, per_row=budget.per_row, note=budget.note)


def _measured(counted: Counted) -> Measured:
    return Measured(
        statements=counted.per_request,
        exact=counted.exact,
        because=counted.because,
        per_row=counted.per_row,
        row=counted.row,
        cell=counted.cell,
        calls=_calls(counted.statements),
    )


def _calls(statements: Mapping[str, float]) -> list[StatementCalls]:
    frequent_first = sorted(statements.items(), key=lambda item: (-item[1], item[0]))
    return [StatementCalls(statement=text, per_request=calls) for text, calls in frequent_first]

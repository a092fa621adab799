"""Budgets of endpoints that the workload does not have."""

from __future__ import annotations

import pytest

from perf_matrix.budget.read import parse_budget
from perf_matrix.budget.unknown import refuse_unknown
from perf_matrix.errors import InputError

FILE = parse_budget(
    "version: 1\nendpoints:\n  models: {statements: 0}\n  user-lst: {statements: 3}\n  zzz:\n    statements: 1\n",
    "perf-budget.yml",
)


def test_names_each_with_its_line_and_the_nearest_known_name() -> None:
    with pytest.raises(InputError) as caught:
        refuse_unknown(FILE, {"user-list", "models"})
    first, second = str(caught.value).splitlines()
    advice = "rename this entry, or remove it"
    assert first == (
        f"perf-budget.yml:4:3: the workload has no endpoint 'user-lst': {advice}; did you mean 'user-list'?"
    )
    assert second == (
        f"perf-budget.yml:5:3: the workload has no endpoint 'zzz': {advice}; known: models, user-list"
    )


def test_more_endpoints_than_budgets_are_no_error() -> None:
    refuse_unknown(FILE, ["models", "user-lst", "zzz", "another"])

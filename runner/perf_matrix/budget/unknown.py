"""Budgets of endpoints that the workload does not have."""

from __future__ import annotations

from collections.abc import Collection

from perf_matrix.budget.read import BudgetFile
from perf_matrix.matrix.nearest import hint
from perf_matrix.matrix.problems import Problem, input_error
from perf_matrix.matrix.yaml_tree import read_tree


def refuse_unknown(file: BudgetFile, known: Collection[str]) -> None:
    """Raises InputError for budgets of endpoints that the workload (``known``) does not have.

    Such a budget can never fail again: the endpoint was renamed, or it is gone. Needs no measurement.
    """
    keys = read_tree(file.text).keys
    unknown = [name for name in file.budget.endpoints if name not in known]
    if unknown:
        problems = [Problem(keys["endpoints", name], _unknown(name, known)) for name in unknown]
        raise input_error(file.source, problems)


def _unknown(name: str, known: Collection[str]) -> str:
    advice = "rename this entry, or remove it"
    return f"the workload has no endpoint {name!r}: {advice}; {hint(name, sorted(known))}"

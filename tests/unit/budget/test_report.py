"""The result of a check as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from perf_matrix.budget.check import check
from perf_matrix.budget.read import parse_budget
from perf_matrix.budget.report import BudgetReport, budget_report
from perf_matrix.budget.write import update

from . import samples

BUDGET = parse_budget(update(None, samples.BEFORE, samples.COMMAND).text, "perf-budget.yml").budget
REPORT = budget_report(check(BUDGET, samples.AFTER), samples.SUBJECT, "perf-budget.yml")


def test_an_endpoint_over_its_budget_has_both_counts_and_its_statements() -> None:
    worst = json.loads(REPORT.model_dump_json())["endpoints"][0]
    assert worst == {
        "endpoint": "user-list",
        "request": "GET /user/list",
        "status": "over",
        "reasons": [
            "28 statements per request, budget 3",
            "1 statement for each further user, an N+1 that the budget does not allow",
        ],
        "budget": {"statements": 3.0, "per_row": None, "note": ""},
        "measured": {
            "statements": 28.0,
            "exact": True,
            "because": "",
            "per_row": 1.0,
            "row": "user",
            "cell": "",
            "calls": [
                {"statement": samples.KEYS_OF_USER, "per_request": 25.0},
                {"statement": samples.KEY, "per_request": 1.0},
                {"statement": samples.USERS, "per_request": 1.0},
                {"statement": samples.COUNT, "per_request": 1.0},
            ],
        },
        "entry": "  user-list: {statements: 28, per_row: 1}            # GET /user/list; per user",
    }


def test_an_inexact_count_has_no_entry_to_copy() -> None:
    login = next(each for each in REPORT.endpoints if each.endpoint == "login")
    assert (login.status, login.entry) == ("undecided", "")


def test_the_entry_is_what_an_update_writes_and_keeps_the_note() -> None:
    file = parse_budget(
        "version: 1\nendpoints:\n  user-list: {statements: 3, note: why}\n", "perf-budget.yml"
    )
    report = budget_report(check(file.budget, [samples.N_PLUS_ONE]), "s", "perf-budget.yml")
    copied = parse_budget(f"version: 1\nendpoints:\n{report.endpoints[0].entry}\n", "perf-budget.yml")
    assert copied.budget == parse_budget(update(file, [samples.N_PLUS_ONE], "x").text, "b.yml").budget
    assert copied.budget.endpoints["user-list"].note == "why"


def test_a_report_can_be_read_back() -> None:
    text = REPORT.model_dump_json()
    assert BudgetReport.model_validate_json(text) == REPORT
    assert json.loads(text)["schema_version"] == 1


def test_the_entry_allows_what_every_cell_needs() -> None:
    cells = [
        replace(samples.USER_LIST, per_request=10.0, cell="a"),
        replace(samples.USER_LIST, per_request=9.0, per_row=1.0, cell="b"),
    ]
    report = budget_report(check(BUDGET, cells), "s", "perf-budget.yml")
    (found,) = (each for each in report.endpoints if each.measured)
    assert found.measured
    assert found.measured.cell == "a"
    assert "{statements: 10, per_row: 1}" in found.entry

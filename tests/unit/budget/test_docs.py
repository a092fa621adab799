"""docs/BUDGET.md: its samples are what the program writes, its tables have every key and status."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path

import pytest

from perf_matrix.budget.check import WORST_FIRST, check
from perf_matrix.budget.model import Budget, EndpointBudget
from perf_matrix.budget.read import parse_budget
from perf_matrix.budget.report import budget_report
from perf_matrix.budget.terminal import render_terminal
from perf_matrix.budget.unknown import refuse_unknown
from perf_matrix.budget.write import update
from perf_matrix.errors import InputError

from . import samples

TEXT = (Path(__file__).parents[3] / "docs" / "BUDGET.md").read_text(encoding="utf-8")
SAMPLES: dict[str, str] = dict(
    re.findall(r"^<!-- sample: ([a-z ]+) -->\n```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
)
FILE = parse_budget(update(None, samples.BEFORE, samples.COMMAND).text, "perf-budget.yml")


def test_the_new_file() -> None:
    assert SAMPLES["new file"] == FILE.text


def test_the_failure() -> None:
    result = check(FILE.budget, samples.AFTER)
    report = budget_report(result, samples.SUBJECT, FILE.source)
    assert SAMPLES["failure"] == render_terminal(report, samples.PRINTING)


def test_the_endpoint_that_is_gone() -> None:
    file = parse_budget("version: 1\nendpoints:\n  users-list: {statements: 3}\n", "perf-budget.yml")
    with pytest.raises(InputError) as caught:
        refuse_unknown(file, samples.KNOWN)
    assert SAMPLES["unknown"] == f"{caught.value}\n"


def test_the_lines_of_a_pull_request() -> None:
    after = update(FILE, [samples.N_PLUS_ONE], samples.COMMAND).text
    changed = list(difflib.unified_diff(FILE.text.splitlines(), after.splitlines(), n=0, lineterm=""))[3:]
    assert SAMPLES["diff"].splitlines() == changed


def test_the_entry_with_a_note_is_one() -> None:
    entry = next(line for line in TEXT.splitlines() if "note: " in line and line.startswith("  user-list"))
    assert parse_budget(f"version: 1\nendpoints:\n{entry}\n", "b.yml").budget.endpoints["user-list"].note


@pytest.mark.parametrize("key", [*Budget.model_fields, *EndpointBudget.model_fields])
def test_every_key_has_its_row(key: str) -> None:
    assert f"\n| `{key}` |" in TEXT


def test_the_statuses_have_their_rows_the_worst_first() -> None:
    rows = re.findall(r"^\| ([a-z ]+) \|", TEXT.split("| status |")[1], re.MULTILINE)
    assert tuple(rows) == WORST_FIRST


def test_the_limit_of_a_note_is_the_models() -> None:
    limit = json.dumps(EndpointBudget.model_json_schema()["properties"]["note"]["maxLength"])
    assert f"at most {limit} characters" in TEXT

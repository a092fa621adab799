"""A budget file on disk and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.budget.model import EndpointBudget
from perf_matrix.budget.read import parse_budget, read_budget
from perf_matrix.errors import InputError

ONE_LINE = (
    'version: 1\nendpoints:\n  user-list: {statements: 28, per_row: 1.5, note: "why"}  # GET /user/list\n'
)
BLOCK = """\
version: 1
endpoints:
  # the users page
  user-list:
    note: why
    statements: 28

    per_row: 1.5
"""


@pytest.mark.parametrize("text", [ONE_LINE, BLOCK])
def test_an_entry_may_be_laid_out_in_any_way(text: str) -> None:
    expected = {"user-list": EndpointBudget(statements=28, per_row=1.5, note="why")}
    assert parse_budget(text, "b.yml").budget.endpoints == expected


def test_a_file_without_endpoints_is_a_budget() -> None:
    assert parse_budget("version: 1\nendpoints: {}\n", "b.yml").budget.endpoints == {}


def test_reading_keeps_the_text_and_the_name(tmp_path: Path) -> None:
    path = tmp_path / "perf-budget.yml"
    path.write_text(ONE_LINE.replace("\n", "\r\n"), encoding="utf-8", newline="")
    file = read_budget(path)
    assert (file.source, file.text) == (str(path), ONE_LINE.replace("\n", "\r\n"))


def test_a_missing_file_says_how_to_write_one(tmp_path: Path) -> None:
    path = tmp_path / "perf-budget.yml"
    with pytest.raises(InputError) as caught:
        read_budget(path)
    assert str(caught.value) == (
        f"{path}: there is no such file; name another with --budget, or write one with `perf-matrix budget update`"
    )

"""One entry: its line, and that no count is made to look exact."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.budget.counted import Counted
from perf_matrix.budget.entry import Entry, measured_entry
from perf_matrix.budget.model import EndpointBudget
from perf_matrix.budget.read import parse_budget

notes = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize("counted", [Counted("a", "", 1.0, stable=False), Counted("a", "", None)])
def test_a_count_that_is_not_exact_makes_no_entry(counted: Counted) -> None:
    with pytest.raises(ValueError, match="not exact"):
        measured_entry(EndpointBudget(statements=1), counted)


def test_a_comment_keeps_two_blanks_before_it_however_long_the_entry_is() -> None:
    budget = EndpointBudget(statements=1, note="n" * 60)
    assert Entry("a", budget, "GET /a").line().endswith('"}  # GET /a')


@settings(deadline=None)
@given(
    st.from_regex(r"\A[a-z0-9][a-z0-9._-]{0,20}\Z"),
    st.integers(0, 10**6),
    st.none() | st.integers(0, 9),
    notes,
)
def test_a_line_says_what_the_entry_is(name: str, statements: int, per_row: int | None, note: str) -> None:
    values = {"statements": statements / 4, "per_row": per_row, "note": note}
    budget = EndpointBudget.model_validate({key: each for key, each in values.items() if each is not None})
    line = Entry(name, budget, "GET /").line()
    assert len(line.splitlines()) == 1
    assert parse_budget(f"version: 1\nendpoints:\n{line}\n", "b.yml").budget.endpoints == {name: budget}

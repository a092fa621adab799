"""What counts as over budget, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.budget.check import BudgetResult, Checked, Verdict, check
from perf_matrix.budget.counted import Counted
from perf_matrix.budget.exit_code import exit_code
from perf_matrix.budget.model import Budget, EndpointBudget

ALLOWED = EndpointBudget(statements=3)
WITH_SLOPE = EndpointBudget(statements=3, per_row=1)


def counted(per_request: float | None = 3.0, **more: Any) -> Counted:
    return Counted("user-list", "GET /user/list", per_request, **more)


def checked(budget: EndpointBudget, measured: Counted) -> BudgetResult:
    return check(Budget(version=1, endpoints={"user-list": budget}), [measured])


def outcome(budget: EndpointBudget, measured: Counted) -> tuple[str, tuple[str, ...]]:
    only = checked(budget, measured).endpoints[0]
    return only.status, only.reasons


def test_as_many_as_allowed_is_within() -> None:
    assert outcome(ALLOWED, counted()) == ("within", ())


def test_one_more_is_over() -> None:
    assert outcome(ALLOWED, counted(4.0)) == ("over", ("4 statements per request, budget 3",))


def test_fewer_is_under() -> None:
    assert outcome(ALLOWED, counted(1.0)) == ("under", ("1 statement per request, budget 3",))


def test_a_third_written_with_six_decimals_is_within() -> None:
    assert outcome(EndpointBudget(statements=0.333333), counted(1 / 3)) == ("within", ())


def test_an_inexact_count_over_the_budget_is_undecided() -> None:
    status, reasons = outcome(ALLOWED, counted(3.25, stable=False, because="it varied"))
    assert (status, reasons) == (
        "undecided",
        ("not exact, at most 3.25 statements per request, budget 3: it varied",),
    )


@pytest.mark.parametrize("bound", [3.0, 1.5])
def test_an_inexact_count_whose_bound_is_within_the_budget_is_within(bound: float) -> None:
    status, reasons = outcome(ALLOWED, counted(bound, stable=False, because="it varied"))
    assert status == "within"
    assert "not exact" in reasons[0]


def test_a_count_that_failed_is_not_measured_and_says_why() -> None:
    assert outcome(ALLOWED, counted(None, because="evicted")) == ("not measured", ("evicted",))


@pytest.mark.parametrize("slope", [0.0, 0.49])
def test_a_slope_below_half_a_statement_needs_no_budget(slope: float) -> None:
    assert outcome(ALLOWED, counted(per_row=slope, row="user")) == ("within", ())


@pytest.mark.parametrize("slope", [0.5, 2.0])
def test_an_n_plus_one_that_the_budget_does_not_name_is_over(slope: float) -> None:
    status, reasons = outcome(ALLOWED, counted(per_row=slope, row="user"))
    assert status == "over"
    assert reasons[0].endswith("statements for each further user, an N+1 that the budget does not allow")


@pytest.mark.parametrize(
    ("slope", "status"), [(1.05, "within"), (1.06, "over"), (0.95, "within"), (0.9, "under")]
)
def test_a_slope_may_differ_by_a_twentieth(slope: float, status: str) -> None:
    assert outcome(WITH_SLOPE, counted(per_row=slope))[0] == status


def test_a_steeper_slope_is_over_although_there_are_fewer_statements() -> None:
    assert outcome(WITH_SLOPE, counted(2.0, per_row=2.0, row="user")) == (
        "over",
        (
            "2 statements per request, budget 3",
            "2 statements for each further user, budget 1",
        ),
    )


def test_a_steep_slope_of_inexact_counts_is_undecided() -> None:
    assert outcome(WITH_SLOPE, counted(2.0, stable=False, because="x", per_row=2.0))[0] == "undecided"


def test_a_slope_that_was_not_to_be_measured_is_said() -> None:
    assert outcome(WITH_SLOPE, counted()) == (
        "within",
        ("per_row was not checked: the answer was counted with one number of rows only",),
    )


@pytest.mark.parametrize("budget", [ALLOWED, WITH_SLOPE])
def test_a_slope_that_could_not_be_measured_is_undecided_and_says_why(budget: EndpointBudget) -> None:
    assert outcome(budget, counted(no_slope=("no slope over the data: why",))) == (
        "undecided",
        ("no slope over the data: why",),
    )


def test_a_steep_slope_is_over_although_another_could_not_be_measured() -> None:
    assert outcome(ALLOWED, counted(per_row=1.0, row="user", no_slope=("why",))) == (
        "over",
        ("1 statement for each further user, an N+1 that the budget does not allow", "why"),
    )


def in_cells(budget: EndpointBudget, *cells: Counted) -> Checked:
    return check(Budget(version=1, endpoints={"user-list": budget}), cells).endpoints[0]


def test_a_cell_with_more_statements_does_not_hide_the_n_plus_one_of_another() -> None:
    flat = counted(10.0, per_row=0.0, row="user", cell="callbacks=none")
    steep = counted(9.0, per_row=1.0, row="user", cell="callbacks=otel")
    found = in_cells(EndpointBudget(statements=10), flat, steep)
    assert (found.status, found.counted) == ("over", steep)
    assert found.reasons == (
        "in callbacks=otel: 9 statements per request, budget 10",
        "in callbacks=otel: 1 statement for each further user, an N+1 that the budget does not allow",
    )


def test_a_bound_in_one_cell_does_not_hide_an_exact_count_in_another() -> None:
    unstable = counted(5.0, stable=False, because="it varied", cell="a")
    found = in_cells(ALLOWED, unstable, counted(4.0, cell="b"))
    assert (found.status, found.reasons) == ("over", ("in b: 4 statements per request, budget 3",))


def test_a_cell_that_could_not_be_counted_is_worse_than_one_that_is_within() -> None:
    found = in_cells(ALLOWED, counted(3.0, cell="a"), counted(None, because="evicted", cell="b"))
    assert (found.status, found.reasons) == ("not measured", ("in b: evicted",))


def test_what_holds_in_several_cells_is_said_once() -> None:
    found = in_cells(ALLOWED, counted(4.0, cell="a"), counted(4.0, cell="b"), counted(3.0, cell="c"))
    assert found.reasons == ("in a and b: 4 statements per request, budget 3",)


def test_a_budget_is_only_too_high_if_no_cell_needs_it() -> None:
    assert in_cells(ALLOWED, counted(3.0, cell="a"), counted(1.0, cell="b")).status == "within"
    assert in_cells(ALLOWED, counted(2.0, cell="a"), counted(1.0, cell="b")).reasons == (
        "2 statements per request, budget 3",
    )
    # The one has fewer statements, the other a gentler slope: together they need all of the budget.
    cells = counted(2.0, per_row=1.0, cell="a"), counted(3.0, per_row=0.0, cell="b")
    assert in_cells(WITH_SLOPE, *cells).status == "within"


def test_every_endpoint_is_listed_and_the_worst_comes_first() -> None:
    names = ["a-within", "b-left-out", "c-failed", "d-under", "e-undecided", "f-over"]
    budget = Budget(version=1, endpoints=dict.fromkeys(names, ALLOWED))
    measured = [
        Counted("a-within", "", 3.0),
        Counted("c-failed", "", None),
        Counted("d-under", "", 2.0),
        Counted("e-undecided", "", 4.0, stable=False),
        Counted("f-over", "", 4.0),
        Counted("g-new", "", 4.0),
    ]
    result = check(budget, measured)
    assert [(each.endpoint, each.status) for each in result.endpoints] == [
        ("f-over", "over"),
        ("b-left-out", "not measured"),
        ("c-failed", "not measured"),
        ("e-undecided", "undecided"),
        ("d-under", "under"),
        ("g-new", "no budget"),
        ("a-within", "within"),
    ]
    assert result.verdict == "over"


@pytest.mark.parametrize(
    ("measured", "verdict", "warn", "fail"),
    [
        (counted(3.0), "within", 0, 0),
        (counted(2.0), "within", 0, 0),
        (counted(4.0), "over", 1, 1),
        (counted(4.0, stable=False), "undecided", 0, 4),
        (counted(None), "not measured", 3, 3),
    ],
)
def test_the_verdict_has_its_exit_code(measured: Counted, verdict: Verdict, warn: int, fail: int) -> None:
    result = checked(ALLOWED, measured)
    assert (result.verdict, exit_code(result, "warn"), exit_code(result, "fail")) == (verdict, warn, fail)


def test_what_was_left_out_or_has_no_budget_decides_nothing() -> None:
    budget = Budget(version=1, endpoints={"left-out": ALLOWED})
    result = check(budget, [Counted("new", "", None), Counted("other", "", 99.0)])
    assert result.verdict == "within"


def test_what_was_chosen_and_could_not_be_counted_decides() -> None:
    budget = Budget(version=1, endpoints={"left-out": ALLOWED, "chosen": ALLOWED})
    result = check(budget, [Counted("chosen", "", None, stable=False, because="nothing was recorded of it")])
    assert (result.verdict, exit_code(result, "warn")) == ("not measured", 3)


@settings(deadline=None)
@given(allowed=st.integers(0, 50), measured=st.integers(0, 50), stable=st.booleans())
def test_only_more_statements_than_allowed_can_fail(*, allowed: int, measured: int, stable: bool) -> None:
    result = checked(EndpointBudget(statements=allowed), counted(float(measured), stable=stable))
    assert (exit_code(result, "fail") != 0) == (measured > allowed)
    assert (exit_code(result, "warn") == 1) == (measured > allowed and stable)

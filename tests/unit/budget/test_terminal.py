"""The result of a check as text. The whole of a failure is in docs/BUDGET.md, which test_docs.py compares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perf_matrix.budget.check import check
from perf_matrix.budget.counted import Counted
from perf_matrix.budget.model import Budget, EndpointBudget
from perf_matrix.budget.report import budget_report
from perf_matrix.budget.terminal import Printing, render_terminal

from . import samples


def rendered(budgets: dict[str, EndpointBudget], *counted: Counted) -> str:
    result = check(Budget(version=1, endpoints=budgets), counted)
    return render_terminal(budget_report(result, "litellm==1.81.0", "perf-budget.yml"), samples.PRINTING)


def test_within_budget() -> None:
    assert rendered({"models": EndpointBudget(statements=0)}, samples.MODELS) == (
        "WITHIN BUDGET: litellm==1.81.0 keeps to perf-budget.yml on 1 endpoint.\n"
        "\n"
        "endpoint    budget    measured    status\n"
        "----------  --------  ----------  --------\n"
        "models      0         0           within\n"
    )


def test_a_budget_of_nothing_that_was_measured_says_that_nothing_was_checked() -> None:
    text = rendered({"login": EndpointBudget(statements=0)}, samples.MODELS)
    assert text.splitlines()[0] == (
        "NOTHING CHECKED: perf-budget.yml has a budget for none of the endpoints that were measured."
    )
    assert text.splitlines()[-1] == "Not measured this time: login."


def test_a_count_that_failed_is_explained() -> None:
    text = rendered({"spend-logs": EndpointBudget(statements=3)}, samples.SPEND)
    assert text.startswith(
        "NOT MEASURED: the SQL statements of litellm==1.81.0 could not be counted on 1 of 1 endpoint."
    )
    assert "spend-logs (GET /spend/logs): not measured\n    in every window of requests some failed" in text
    assert "If this is intended" not in text


def test_an_inexact_count_within_the_budget_is_said() -> None:
    text = rendered({"login": EndpointBudget(statements=11)}, samples.UNSTABLE_LOGIN)
    assert "login       11        at most 11  within\n" in text
    assert "login: not exact, at most 11 statements per request, budget 11: UPDATE" in text


def test_endpoints_without_a_budget_are_a_warning_with_the_command_that_adds_them() -> None:
    text = rendered({"models": EndpointBudget(statements=0)}, samples.MODELS, samples.CHAT, samples.LOGIN)
    assert text.endswith(
        "Warning: no budget for chat-virtual-key, login. To add one:\n"
        "  perf-matrix budget update litellm==1.81.0 --endpoints chat-virtual-key,login\n"
    )


def test_for_many_endpoints_the_command_names_none() -> None:
    new = [replace(samples.LOGIN, endpoint=name) for name in "abcde"]
    text = rendered({"models": EndpointBudget(statements=0)}, samples.MODELS, *new)
    assert text.endswith(
        "Warning: no budget for a, b, c, d, e. To add one, and to renew every other entry:\n"
        "  perf-matrix budget update litellm==1.81.0\n"
    )


def test_the_figures_behind_a_long_reason_are_seen() -> None:
    unstable = replace(samples.UNSTABLE_LOGIN, because=f"SELECT {'x, ' * 900}: 6 calls in 4 requests")
    text = rendered({"login": EndpointBudget(statements=9)}, unstable)
    assert "SELECT x, x," in text
    assert "6 calls in 4 requests" in " ".join(text.split())
    assert len(text) < 2000


def test_a_cell_is_named_where_there_are_several() -> None:
    text = rendered(
        {"user-list": EndpointBudget(statements=28)}, replace(samples.N_PLUS_ONE, cell="workers=four")
    )
    assert "    in workers=four: 1 statement for each further user, an N+1" in text
    assert "  SQL statements per request in workers=four:\n" in text


def test_a_slope_that_could_not_be_measured_is_not_cured_by_an_entry() -> None:
    text = rendered(
        {"user-list": EndpointBudget(statements=3)}, replace(samples.USER_LIST, no_slope=("why",))
    )
    assert "user-list (GET /user/list): undecided\n    why\n" in text
    assert "If this is intended" not in text


def test_a_note_is_shown_where_its_budget_is_exceeded() -> None:
    text = rendered({"login": EndpointBudget(statements=9, note="until #12 is done")}, samples.LOGIN)
    assert "    its note: until #12 is done\n" in text
    assert '  login: {statements: 10, note: "until #12 is done"}  # POST /login\n' in text


def test_of_many_statements_the_most_frequent_are_shown() -> None:
    many = replace(
        samples.LOGIN, per_request=91.0, statements={f"SELECT {n}": float(n) for n in range(1, 14)}
    )
    lines = rendered({"login": EndpointBudget(statements=9)}, many).splitlines()
    shown = [line for line in lines if "  SELECT" in line]
    assert (shown[0], shown[-1], len(shown)) == ("    13  SELECT 13", "     2  SELECT 2", 12)
    assert "    and 1 more, which --json shows" in lines


@pytest.mark.parametrize("width", [60, 80, 120])
def test_sentences_keep_to_the_width(width: int) -> None:
    budget = Budget(version=1, endpoints={"login": EndpointBudget(statements=9)})
    unstable = replace(samples.UNSTABLE_LOGIN, because="a reason in words, " * 20)
    report = budget_report(check(budget, [unstable]), "litellm==1.81.0", "perf-budget.yml")
    text = render_terminal(report, Printing(width, str, samples.COMMAND))
    assert max(len(line) for line in text.splitlines()) <= width


def test_nothing_from_outside_reaches_the_terminal_unseen() -> None:
    hostile = Counted("login", "GET /\x1b[31m", 9.0, stable=False, because="\x1b]0;x\x07\nOVER", row="u\x1b")
    budget = EndpointBudget(statements=1, note="\x1b[2J")
    assert "\x1b" not in rendered({"login": budget}, hostile, replace(hostile, endpoint="b", per_row=1.0))

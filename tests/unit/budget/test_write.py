"""A budget file as `budget update` writes it: one line for each endpoint, and nothing touched that did not change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perf_matrix.budget.counted import Counted
from perf_matrix.budget.model import EndpointBudget
from perf_matrix.budget.read import BudgetFile, parse_budget
from perf_matrix.budget.write import update
from perf_matrix.errors import InputError, MeasurementError

from . import samples

NEW = """\
# SQL statements that each endpoint may issue per request. Checked by `perf-matrix budget check`, written by
# `perf-matrix budget update`; raise a number by hand or by updating, in the pull request that needs it.
# per_row: for each further row of the answer. note: why, in your own words. Updating keeps notes and comments.
# First written by: perf-matrix budget update litellm==1.81.0
version: 1
endpoints:
  chat-virtual-key: {statements: 2}                  # POST /v1/chat/completions
  login: {statements: 10}                            # POST /login
  user-list: {statements: 28, per_row: 1}            # GET /user/list; per user
"""

BY_HAND = """\
version: 1

endpoints:
  # --- lists ---
  user-list:          # the users page
    statements: 3     # as of May
    note: >
      one for the page,
      one for the total

  # --- chat ---
  chat-virtual-key: {note: "see #12", statements: 2} # cached since 1.80

# the end
"""


def file(text: str) -> BudgetFile:
    return parse_budget(text, "perf-budget.yml")


def updated(text: str, *counted: Counted) -> str:
    return update(file(text), counted, "another command").text


def changed_lines(before: str, after: str) -> list[str]:
    old, new = before.splitlines(), after.splitlines()
    assert len(old) == len(new)
    return [line for was, line in zip(old, new, strict=True) if was != line]


def test_a_new_file_has_one_sorted_line_for_each_endpoint() -> None:
    counted = [samples.N_PLUS_ONE, samples.LOGIN, samples.CHAT]
    assert update(None, counted, samples.COMMAND).text == NEW


def test_a_new_file_without_any_exact_count_is_refused_with_the_reasons() -> None:
    with pytest.raises(MeasurementError) as caught:
        update(None, [samples.SPEND], samples.COMMAND)
    assert str(caught.value) == (
        "no endpoint was counted exactly: no file is written\n"
        f"spend-logs: it gets no entry, since its count is not exact: {samples.SPEND.because}"
    )


def test_a_file_without_entries_can_be_added_to() -> None:
    header = NEW.split("endpoints:", maxsplit=1)[0]
    assert updated(f"{header}endpoints: {{}}\n", samples.N_PLUS_ONE, samples.LOGIN, samples.CHAT) == NEW


def test_of_several_cells_the_entry_allows_what_each_needs() -> None:
    cells = [
        replace(samples.N_PLUS_ONE, per_request=10.0, per_row=0.0, cell="a"),
        replace(samples.N_PLUS_ONE, per_request=9.0, per_row=1.0, cell="b"),
    ]
    assert "user-list: {statements: 10, per_row: 1} " in update(None, cells, "x").text


def test_an_inexact_count_in_one_cell_keeps_the_entry_unless_another_needs_more() -> None:
    unstable = replace(samples.UNSTABLE_LOGIN, per_request=11.0, cell="a")
    kept = update(file(NEW), [unstable, replace(samples.LOGIN, per_request=9.0, cell="b")], "x")
    assert kept.text == NEW
    assert kept.notes[0].startswith("login: its entry is kept as it was, since its count is not exact in a: ")
    more = update(file(NEW), [unstable, replace(samples.LOGIN, per_request=12.0, cell="b")], "x")
    assert (more.notes, "login: {statements: 12}" in more.text) == ((), True)


def test_a_slope_that_could_not_be_measured_is_said() -> None:
    result = update(file(NEW), [replace(samples.N_PLUS_ONE, per_row=None, no_slope=("no slope: why",))], "x")
    assert (result.text, result.notes) == (NEW, ("user-list: no slope: why",))


def test_the_same_counts_change_nothing() -> None:
    assert updated(NEW, samples.N_PLUS_ONE, samples.LOGIN, samples.CHAT) == NEW


def test_another_count_changes_one_line_and_its_comment_stays_in_its_column() -> None:
    after = updated(NEW, replace(samples.LOGIN, per_request=9.0))
    assert changed_lines(NEW, after) == ["  login: {statements: 9}                             # POST /login"]


def test_a_new_slope_changes_one_line() -> None:
    after = updated(NEW, replace(samples.LOGIN, per_row=0.333, row="team"))
    assert changed_lines(NEW, after) == ["  login: {statements: 10, per_row: 0.33}             # POST /login"]


def test_a_slope_that_is_gone_is_written_as_none_left() -> None:
    after = updated(NEW, replace(samples.N_PLUS_ONE, per_request=3.0, per_row=-0.01))
    assert changed_lines(NEW, after) == [
        "  user-list: {statements: 3, per_row: 0}             # GET /user/list; per user"
    ]


def test_a_slope_that_was_not_measured_stays() -> None:
    after = updated(NEW, replace(samples.N_PLUS_ONE, per_request=29.0, per_row=None))
    assert file(after).budget.endpoints["user-list"] == EndpointBudget(statements=29, per_row=1)


def test_a_new_endpoint_gets_its_line_in_its_place() -> None:
    after = updated(NEW, samples.MODELS, Counted("a", "GET /a", 1.0), Counted("z", "GET /z", 1.0))
    lines = after.splitlines()
    assert [line.split(":")[0].strip() for line in lines[6:]] == [
        "a", "chat-virtual-key", "login", "models", "user-list", "z"
    ]  # fmt: skip
    assert [line for line in lines if line not in NEW.splitlines()] == [
        "  a: {statements: 1}                                 # GET /a",
        "  models: {statements: 0}                            # GET /v1/models",
        "  z: {statements: 1}                                 # GET /z",
    ]


def test_a_file_laid_out_by_hand_keeps_its_layout() -> None:
    slower = [samples.N_PLUS_ONE, replace(samples.CHAT, per_request=12.0), samples.LOGIN]
    assert (
        updated(BY_HAND, *slower)
        == """\
version: 1

endpoints:
  # --- lists ---
  user-list:          # the users page
    statements: 28     # as of May
    per_row: 1
    note: >
      one for the page,
      one for the total

  # --- chat ---
  chat-virtual-key: {note: "see #12", statements: 12} # cached since 1.80

# the end
""".replace(
            "endpoints:\n", "endpoints:\n  login: {statements: 10}                            # POST /login\n"
        )
    )


def test_a_new_entry_comes_after_a_block_with_its_comments() -> None:
    text = "version: 1\nendpoints:\n    a:\n        statements: 1  # one\n    # about b\n    b: {statements: 1}\n"
    assert updated(text, Counted("aa", "GET /aa", 1.0)) == text.replace(
        "# one\n", "# one\n    aa: {statements: 1}                              # GET /aa\n"
    )


def test_a_file_without_a_newline_at_its_end() -> None:
    text = "version: 1\nendpoints:\n  a: {statements: 1}"
    assert updated(text, Counted("b", "GET /b", 1.0)) == (
        f"{text}\n  b: {{statements: 1}}                                 # GET /b"
    )


def test_a_file_of_windows_keeps_its_line_ends() -> None:
    after = updated(NEW.replace("\n", "\r\n"), samples.MODELS, replace(samples.CHAT, per_request=0.0))
    assert after.replace("\r\n", "") == after.replace("\r", "").replace("\n", "")
    assert "models" in after


def test_numbers_change_also_where_all_endpoints_are_between_braces() -> None:
    text = "{version: 1, endpoints: {a: {statements: 1}, b: {statements: 2}}}\n"
    assert updated(text, Counted("b", "GET /b", 3.0)) == text.replace("2", "3")


@pytest.mark.parametrize(
    "text", ["{version: 1, endpoints: {}}", "version: 1\nendpoints: {b: {statements: 2}}\n"]
)
def test_nothing_is_added_between_braces(text: str) -> None:
    with pytest.raises(
        InputError, match=r"^perf-budget\.yml:[12]:[0-9]+: an update cannot add a between braces; "
    ):
        updated(text, Counted("a", "GET /a", 3.0))


@pytest.mark.parametrize("value", ["&a {statements: 1}\n  c: *a", "{statements: &n 1}"])
def test_a_file_with_anchors_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"^perf-budget\.yml:3:[0-9]+: a file with anchors \(&\) or aliases"):
        updated(f"version: 1\nendpoints:\n  b: {value}\n", Counted("b", "GET /b", 3.0))


def test_an_inexact_count_keeps_the_old_entry_or_gets_none_and_both_are_said() -> None:
    inexact = [samples.UNSTABLE_LOGIN, samples.SPEND]
    result = update(file(NEW), inexact, "x")
    assert result.text == NEW
    assert result.notes == (
        "login: its entry is kept as it was, since its count is not exact: " + samples.UNSTABLE_LOGIN.because,
        "spend-logs: it gets no entry, since its count is not exact: " + samples.SPEND.because,
    )
    assert update(None, [*inexact, samples.CHAT], "x").notes[0].startswith("login: it gets no entry")


@pytest.mark.parametrize("name", ["on", "404", "1.5", "null"])
def test_a_name_that_yaml_would_not_read_as_text_is_quoted(name: str) -> None:
    text = update(None, [Counted(name, "GET /", 1.0)], "x").text
    assert list(file(text).budget.endpoints) == [name]
    assert updated(text, Counted(name, "GET /", 2.0)) == text.replace("statements: 1", "statements: 2")


def test_nothing_from_outside_can_break_a_comment() -> None:
    hostile = Counted("a", "GET /\n  b: {statements: 9}\u2028\x1b[31m", 1.0, per_row=1.0, row="x\ny")
    text = update(None, [hostile], "perf-matrix\nendpoints: {}").text
    assert file(text).budget.endpoints == {"a": EndpointBudget(statements=1, per_row=1)}
    assert text.count("\n") == 7

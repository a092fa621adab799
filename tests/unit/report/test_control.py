"""What a report says of the control, and of a run in which it moved."""

from __future__ import annotations

from perf_matrix.report import next_step, render_markdown, render_terminal
from perf_matrix.report.control import moved, unmoved

from .builders import (
    STATES,
    cell,
    comparison,
    direct,
    direct_moved,
    gate,
    not_comparable,
    quiet_rows,
    with_control,
)


def test_one_cell_that_did_not_move_is_told_in_full() -> None:
    (line,) = unmoved([("", with_control(cell(*quiet_rows()), direct()))])
    assert line == (
        "Control: 1,280 requests straight to the upstream stand-in before each arm's: 1.21 ms before base's,"
        " 1.20 ms before head's, -0.7% [-1.8%, +0.4%]: did not move (+3.1% for both from the first fifth of the run"
        " to the last)."
    )


def test_several_cells_that_did_not_move_are_one_line() -> None:
    cells = [(name, with_control(cell(), direct(ratio))) for name, ratio in (("a", 0.99), ("b", 1.012))]
    (line,) = unmoved(cells)
    assert line.startswith("Control in 2 cells: 2,560 requests")
    assert line.endswith("-1.0% to +1.2%: did not move.")


def test_without_a_control_nothing_is_said() -> None:
    cells = [("", cell(*quiet_rows()))]
    assert (list(unmoved(cells)), moved(cells)) == ([], [])


def test_a_cell_that_moved_stands_for_its_endpoints() -> None:
    rows = [not_comparable(row, direct_moved()) for row in quiet_rows()]
    first, *_ = lines = moved([("otel", with_control(cell(*rows), direct_moved()))])
    assert first.startswith("otel: 1,280 requests")
    assert len(lines) == 3, "one line, what it means, what to do"
    assert not list(unmoved([("otel", with_control(cell(*rows), direct_moved()))]))


def test_the_arm_that_slows_down_the_other_is_named() -> None:
    for ratio, words in (
        (0.8, "head's work after its answers slows down base."),
        (1.25, "base's work after"),
    ):
        assert words in moved([("", with_control(cell(), direct_moved(ratio)))])[0]


def test_the_next_step_is_another_machine() -> None:
    assert next_step(STATES["control-moved"]()).startswith(
        "run the same comparison again on a machine with more"
    )


def test_a_fault_is_mended_first() -> None:
    found = STATES["control-moved"]()
    broken = found.cells[0].model_copy(update={"fault": "the service ended"})
    assert next_step(found.model_copy(update={"cells": [broken]})).startswith("mend the cause named below")


def test_a_run_that_passed_by_its_counts_is_not_quiet_about_it() -> None:
    rows = [row.model_copy(update={"verdict": "pass"}) for row in map(not_comparable, quiet_rows())]
    found = comparison("pass", with_control(cell(*rows), direct_moved()), gate=gate(metrics=["queries"]))
    for text in (render_markdown(found), render_terminal(found, width=100, colour=False)):
        assert text.startswith(("**PASS", "PASS"))
        assert "The control moved: times of request pairs are invalid" in text
    assert "Nothing to do." not in render_markdown(found)

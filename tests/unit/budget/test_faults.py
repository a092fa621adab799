"""A run that broke off is refused with the reason; one that was resumed to its end is not."""

from __future__ import annotations

import pytest

from perf_matrix.budget.faults import refuse_faulty
from perf_matrix.errors import MeasurementError
from perf_matrix.record.model import Fault

from .runs import PAGES, cell, epochs, run

FAULT = Fault(at=1.0, message="The proxy was killed by SIGKILL.", log_tail=["starting", "ready"])
GO_ON = "perf-matrix run --resume DIR"


def test_the_message_and_the_log_of_a_part_that_died_are_told() -> None:
    with pytest.raises(MeasurementError) as caught:
        refuse_faulty(run(cell(faults=[FAULT])), GO_ON)
    assert str(caught.value) == (
        "the counting was not finished, go on with: perf-matrix run --resume DIR\n"
        "The proxy was killed by SIGKILL. The last lines of its log:\n  | starting\n  | ready"
    )
    assert caught.value.exit_code == 3


def test_a_fault_without_a_log_is_told_too() -> None:
    with pytest.raises(MeasurementError) as caught:
        refuse_faulty(run(cell(faults=[FAULT.model_copy(update={"log_tail": []})])), GO_ON)
    assert str(caught.value).endswith("\nThe proxy was killed by SIGKILL.")


def test_the_cell_is_named_where_there_are_several() -> None:
    record = run(cell(name="a", **epochs("first")), cell(name="b", faults=[FAULT]))
    with pytest.raises(MeasurementError, match="not finished in the cell b, go on"):
        refuse_faulty(record, GO_ON)


def test_a_run_that_lacks_its_second_scale_is_refused() -> None:
    with pytest.raises(MeasurementError, match="not finished"):
        refuse_faulty(run(cell(faults=[FAULT], **epochs("first")), endpoints=[PAGES]), GO_ON)


def test_a_run_that_was_resumed_to_its_end_is_not() -> None:
    refuse_faulty(run(cell(faults=[FAULT], **epochs("first", "second")), endpoints=[PAGES]), GO_ON)


def test_a_run_without_faults_is_not() -> None:
    refuse_faulty(run(cell()), GO_ON)

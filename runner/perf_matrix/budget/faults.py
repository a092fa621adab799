"""A run that broke off must not pass for one in which there was nothing to count.  (Pure.)"""

from __future__ import annotations

from perf_matrix.errors import MeasurementError, PartDiedError
from perf_matrix.record.model import CellRecord, RunRecord
from perf_matrix.record.progress import is_finished


def refuse_faulty(record: RunRecord, go_on: str) -> None:
    """Raises MeasurementError where a cell has a fault and was not measured to its end since.

    ``go_on`` is the command that measures the rest.
    """
    for cell in record.cells:
        if cell.faults and not is_finished(cell, record.info):
            raise _failure(cell, len(record.cells), go_on)


def _failure(cell: CellRecord, cells: int, go_on: str) -> MeasurementError:
    fault = cell.faults[-1]
    where = f" in the cell {cell.cell.id}" if cells > 1 else ""
    message = f"the counting was not finished{where}, go on with: {go_on}\n{fault.message}"
    return PartDiedError(message, fault.log_tail) if fault.log_tail else MeasurementError(message)

"""The plan of a run on many machines: the job matrix that ``perf-matrix plan --json`` prints.  (Pure.)"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from perf_matrix.errors import InputError
from perf_matrix.record.lines import reason


class _Job(BaseModel):
    """One job: of all that it has only the cell that it measures."""

    model_config = ConfigDict(frozen=True)

    cell: str


class _JobMatrix(BaseModel):
    model_config = ConfigDict(frozen=True)

    include: list[_Job] = Field(min_length=1)


def planned_cells(text: str, name: str) -> list[str]:
    """The cells of a plan, each once; ``name`` is what an InputError calls it."""
    try:
        plan = _JobMatrix.model_validate_json(text)
    except ValidationError as error:
        raise InputError(
            f"{name}: {reason(error)}. It must be what perf-matrix plan --json printed: "
            '{"include": [{"cell": "…"}]}'
        ) from error
    return list(dict.fromkeys(job.cell for job in plan.include))

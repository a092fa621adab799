"""What the runs say that measured a culprit and its parent side by side.  (Pure.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perf_matrix.bisect.readings import Counted, Estimated, counted, estimated, is_reading
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.compare.compare import compare
from perf_matrix.compare.model import EndpointComparison
from perf_matrix.record.model import RunRecord


@dataclass(frozen=True)
class Evidence:
    """Confirming runs: the comparison of parent (base) and culprit (head), their readings, the change in the code."""

    endpoints: Mapping[tuple[str, str], EndpointComparison]
    before: Mapping[Symptom, Counted]
    after: Mapping[Symptom, Counted]
    estimated: Mapping[Symptom, Estimated]
    diff: str

    def endpoint(self, symptom: Symptom) -> EndpointComparison | None:
        """How the symptom's endpoint compares."""
        return self.endpoints.get((symptom.cell, symptom.endpoint))

    def readings(self, symptom: Symptom) -> tuple[Counted, Counted] | None:
        """The exact readings of both; None where one of them has none."""
        before, after = self.before.get(symptom), self.after.get(symptom)
        if before is None or after is None or not all(is_reading(one, symptom) for one in (before, after)):
            return None
        return before, after


def evidence_of(records: Sequence[RunRecord]) -> Evidence:
    """Read the confirming runs of one culprit, in their order; of what several showed, the newest counts."""
    endpoints: dict[tuple[str, str], EndpointComparison] = {}
    before: dict[Symptom, Counted] = {}
    after: dict[Symptom, Counted] = {}
    differences: dict[Symptom, Estimated] = {}
    for record in records:
        cells = compare(record).cells
        endpoints |= {(cell.id, endpoint.name): endpoint for cell in cells for endpoint in cell.endpoints}
        before |= counted(record, "base")
        after |= counted(record, "head")
        differences |= estimated(record)
    return Evidence(endpoints, before, after, differences, records[-1].info.diff if records else "")

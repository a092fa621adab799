"""A history as the search sees it: numbered versions, and what is known of them by number.  (Pure.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perf_matrix.bisect.history.candidate import Candidate
from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.readings import Answer
from perf_matrix.bisect.symptom import Symptom


@dataclass(frozen=True)
class Line:
    """Versions in order, the good end first."""

    candidates: Sequence[Candidate]

    def __len__(self) -> int:
        return len(self.candidates)

    def spec(self, version: int) -> str:
        """How a version is written as a subject."""
        return self.candidates[version].spec

    def label(self, version: int) -> str:
        """How a version is called in tables and messages."""
        return self.candidates[version].label

    @property
    def good(self) -> str:
        """The spec of the good end."""
        return self.candidates[0].spec

    @property
    def bad(self) -> str:
        """The spec of the bad end."""
        return self.candidates[-1].spec

    def readings(self, knowledge: Knowledge, symptom: Symptom) -> Mapping[int, Answer]:
        """The exact values of a symptom, by version."""
        values = knowledge.values(symptom)
        return {
            version: values[each.spec] for version, each in enumerate(self.candidates) if each.spec in values
        }

    def skipped(self, knowledge: Knowledge, symptoms: Sequence[Symptom]) -> set[int]:
        """The versions that cannot tell: not to be measured, or measured without an exact value of a symptom."""
        skips = knowledge.skipped
        return {
            version
            for version, each in enumerate(self.candidates)
            if each.spec in skips or any(knowledge.doubt(symptom, each.spec) for symptom in symptoms)
        }

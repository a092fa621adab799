"""Everything that was measured so far, by version and symptom.  (Pure.)"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from perf_matrix.bisect.readings import (
    Answer,
    Counted,
    Estimated,
    counted,
    estimated,
    is_reading,
)
from perf_matrix.bisect.store import Skip, Trial
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.record.model import RunRecord

# So often a version is counted before it is passed over for not being exact.
_ATTEMPTS = 2


@dataclass(frozen=True)
class Comparison:
    """How ``head`` differs from ``base`` in one symptom, in one run."""

    base: str
    head: str
    estimated: Estimated


class Knowledge:
    """What the measurements say; versions go by their specs. Add each measurement once, in order."""

    def __init__(self) -> None:
        self._counts: defaultdict[Symptom, defaultdict[str, list[Counted]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._comparisons: defaultdict[Symptom, list[Comparison]] = defaultdict(list)
        self._compared: defaultdict[tuple[str, str], list[set[str]]] = defaultdict(list)
        self._runs: defaultdict[str, int] = defaultdict(int)
        self._failed: defaultdict[str, list[Skip]] = defaultdict(list)
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.starts = 0
        self.trials = 0

    def add(self, trial: Trial, record: RunRecord) -> None:
        """Take a measurement in."""
        self.trials += 1
        self._seconds[trial.purpose].append(trial.seconds)
        for arm, spec in trial.subjects.items():
            self._runs[spec] += 1
            # What could not be measured before, and can be now, is none to skip.
            self._failed.pop(spec, None)
            self.starts += record.info.epochs
            for symptom, one in counted(record, arm).items():
                self._counts[symptom][spec].append(one)
        if len(trial.subjects) > 1:
            base, head = trial.subjects["base"], trial.subjects["head"]
            if "paired" in record.info.instruments:
                self._compared[base, head].append({each.name for each in record.info.endpoints})
            for symptom, found in estimated(record).items():
                self._comparisons[symptom].append(Comparison(base, head, found))

    def skip(self, line: Skip) -> None:
        """Take in that a version cannot be measured."""
        self._failed[line.spec].append(line)

    @property
    def skipped(self) -> Mapping[str, Skip]:
        """The versions that cannot be measured, with the reason."""
        return {spec: lines[-1] for spec, lines in self._failed.items()}

    def runs(self, spec: str) -> int:
        """How many measurements a version was in."""
        return self._runs.get(spec, 0)

    @property
    def versions(self) -> int:
        """How many different versions were measured."""
        return len(self._runs)

    def usual_s(self, purpose: str) -> float | None:
        """What the last measurements for a purpose took; None where there was none."""
        seconds = self._seconds[purpose][-3:]
        return max(seconds) if seconds else None

    def values(self, symptom: Symptom) -> dict[str, Answer]:
        """The newest exact value of each version that has one."""
        return {
            spec: readings[-1].value
            for spec, found in self._counts[symptom].items()
            if (readings := [one for one in found if is_reading(one, symptom)])
        }

    def readings(self, symptom: Symptom, spec: str) -> list[Counted]:
        """Every exact reading of a symptom at a version, in order."""
        return [one for one in self._counts[symptom][spec] if is_reading(one, symptom)]

    def doubt(self, symptom: Symptom, spec: str) -> str:
        """Why a version has no exact value though it was measured twice; empty where it has one.

        A count that is not exact once may be so by chance: something in the background came at the wrong time.
        """
        found = self._counts[symptom][spec]
        return found[-1].because if len(found) >= _ATTEMPTS and not self.readings(symptom, spec) else ""

    def symptoms(self) -> list[Symptom]:
        """Every symptom that something was counted of."""
        return sorted(self._counts)

    def contradictions(self, symptom: Symptom) -> list[str]:
        """The versions whose readings were not the same every time."""
        return [
            spec
            for spec in self._counts[symptom]
            if len({one.value for one in self.readings(symptom, spec)}) > 1
        ]

    def is_beyond_comparing(self, symptom: Symptom, base: str, head: str) -> bool:
        """Whether two versions were compared twice or more and it never told anything of the symptom."""
        tried = [
            names for names in self._compared[base, head] if not symptom.endpoint or symptom.endpoint in names
        ]
        return len(tried) >= _ATTEMPTS and self.comparison(symptom, base, head) is None

    def comparisons(self, symptom: Symptom, base: str) -> list[Comparison]:
        """What versions were measured to be against ``base``, in order."""
        return [one for one in self._comparisons[symptom] if one.base == base]

    def comparison(self, symptom: Symptom, base: str, head: str) -> Comparison | None:
        """The newest of two versions side by side; None where there is none."""
        found = [one for one in self.comparisons(symptom, base) if one.head == head]
        return found[-1] if found else None

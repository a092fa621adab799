"""The probe of the search: measures versions, keeps what comes out, skips what cannot be measured."""

from __future__ import annotations

import time

from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.laboratory import COUNTING, Failed, Laboratory, Measurement
from perf_matrix.bisect.store import Purpose, Skip, Store, Trial
from perf_matrix.errors import MeasurementError, PartDiedError
from perf_matrix.record.model import RunRecord
from perf_matrix.record.read import read_run


class Prober:
    """Measures versions, by spec, into a store; ``host`` is the key of this machine."""

    def __init__(self, laboratory: Laboratory, store: Store, knowledge: Knowledge, host: str) -> None:
        self._laboratory = laboratory
        self._store = store
        self._knowledge = knowledge
        self._host = host

    def recall(self) -> int:
        """Take in what was measured on this machine before an interruption; returns how many measurements."""
        kept = 0
        for line in self._store.lines:
            if line.host != self._host:
                continue
            if isinstance(line, Skip):
                self._knowledge.skip(line)
            else:
                self._knowledge.add(line, read_run(self._store.run_folder(line)))
                kept += 1
        return kept

    def trials(self, purpose: Purpose) -> list[Trial]:
        """The measurements for a purpose that were made on this machine, in order."""
        return [
            line
            for line in self._store.lines
            if isinstance(line, Trial) and line.purpose == purpose and line.host == self._host
        ]

    def knowledge_of(self, purpose: Purpose) -> Knowledge:
        """What the measurements for a purpose alone say."""
        found = Knowledge()
        for trial in self.trials(purpose):
            found.add(trial, self.record(trial))
        return found

    def record(self, trial: Trial) -> RunRecord:
        """What a measurement recorded."""
        return read_run(self._store.run_folder(trial))

    def measure(self, purpose: Purpose, measurement: Measurement) -> Trial | None:
        """Measure one or two versions and keep the result; None where one of them had to be skipped.

        Of two, each is then tried alone, so that only what is at fault is skipped. Raises MeasurementError where
        no version is at fault.
        """
        found, seconds = self._timed(measurement)
        if isinstance(found, RunRecord):
            return self._keep(purpose, measurement, found, seconds)
        if len(set(measurement.subjects.values())) > 1:
            return self._try_alone(purpose, measurement)
        return self._skip_or_raise(purpose, measurement, found, seconds)

    def _timed(self, measurement: Measurement) -> tuple[RunRecord | Failed, float]:
        begin = time.monotonic()
        found = self._laboratory.measure(measurement, self._store.new_run())
        return found, time.monotonic() - begin

    def _keep(self, purpose: Purpose, measurement: Measurement, record: RunRecord, seconds: float) -> Trial:
        trial = Trial(
            run=self._store.next_run,
            purpose=purpose,
            subjects=dict(measurement.subjects),
            host=self._host,
            seconds=seconds,
        )
        self._store.keep(trial)
        self._knowledge.add(trial, record)
        return trial

    def _try_alone(self, purpose: Purpose, measurement: Measurement) -> Trial | None:
        """Count each version by itself; where both can be, the two of them once more."""
        for spec in dict.fromkeys(measurement.subjects.values()):
            alone = Measurement({"head": spec}, COUNTING, epochs=1, of=measurement.of)
            if self.measure("count", alone) is None:
                return None
        found, seconds = self._timed(measurement)
        if isinstance(found, Failed) and found.spec:
            # It answers alone, and ends when more is asked of it.
            self._skip(found.spec, found, seconds)
            return None
        if isinstance(found, Failed):
            raise _not_a_version(found)
        return self._keep(purpose, measurement, found, seconds)

    def _skip_or_raise(
        self, purpose: Purpose, measurement: Measurement, found: Failed, seconds: float
    ) -> Trial | None:
        """Skip the version where it is at fault; where something else is, try once more before giving up."""
        if not found.by_version:
            again, seconds = self._timed(measurement)
            if isinstance(again, RunRecord):
                return self._keep(purpose, measurement, again, seconds)
            found = again
        if not found.by_version:
            raise _not_a_version(found)
        (spec,) = set(measurement.subjects.values())
        self._skip(spec, found, seconds)
        return None

    def _skip(self, spec: str, found: Failed, seconds: float) -> None:
        line = Skip(spec=spec, reason=found.reason, log_tail=found.log_tail, host=self._host, seconds=seconds)
        self._store.keep(line)
        self._knowledge.skip(line)


def _not_a_version(found: Failed) -> MeasurementError:
    if found.log_tail:
        return PartDiedError(found.reason, found.log_tail)
    return MeasurementError(found.reason)

"""One step of git's own bisect: is this commit good, bad, or one to skip?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Literal

from perf_matrix.bisect.both_ends import LOOKING_LONGER, compare_ends
from perf_matrix.bisect.comparing import instruments_for, observations_of
from perf_matrix.bisect.ends import Wanted, find_symptoms
from perf_matrix.bisect.history.candidate import Candidate
from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.laboratory import COUNTING, Measurement
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.prober import Prober
from perf_matrix.bisect.readings import Answer
from perf_matrix.bisect.search.variances import merged
from perf_matrix.bisect.store import Purpose
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.errors import MeasurementError
from perf_matrix.experiment.display import Display
from perf_matrix.experiment.request import BackendChoice
from perf_matrix.matrix.model import Arm, GatedMetric
from perf_matrix.record.model import Instrument

# Both sides of the middle between the ends: so many standard deviations away from it is sure enough, since a wrong
# answer leads git astray for good. One in 740 is on the wrong side of it by chance.
_SURE = 3.0
_MOST_COMPARISONS = 8
_EPOCHS = 2
_MEGABYTE = 1e6

Verdict = Literal["good", "bad", "skip"]


@dataclass(frozen=True)
class Judgement:
    """What a commit is, and why in words."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class StepRequest:
    """What the user asked a step; see the options of a comparison. ``on``: what makes a commit bad."""

    on: Sequence[str]
    matrix: str
    cells: Sequence[str]
    endpoints: Sequence[str]
    metrics: Sequence[GatedMetric]
    backend: BackendChoice


class Stepper:
    """Judges commits between a good and a bad one; what it measured of the ends is measured once."""

    def __init__(
        self,
        ends: tuple[Candidate, Candidate],
        wanted: Wanted,
        prober: Prober,
        knowledge: Knowledge,
        display: Display,
    ) -> None:
        self._good, self._bad = ends
        self._wanted = wanted
        self._prober = prober
        self._knowledge = knowledge
        self._display = display

    def judge(self, commit: Candidate, instruments: Sequence[Instrument]) -> Judgement:
        """Measure a commit. ``instruments``: what the symptoms at the ends are looked for with.

        Raises MeasurementError where the ends do not differ or cannot be measured, or where the machine fails.
        """
        self._prober.recall()
        symptoms = self._symptoms(instruments)
        exact = [symptom for symptom in symptoms if symptom.is_exact]
        noisy = [symptom for symptom in symptoms if not symptom.is_exact]
        found = [*self._counted(commit, exact), *self._compared(commit, noisy)]
        # One bad symptom makes it bad, whatever cannot be told of the others.
        return min(found, key=lambda one: ("bad", "skip", "good").index(one.verdict))

    def _symptoms(self, instruments: Sequence[Instrument]) -> list[Symptom]:
        """What differs between the ends, each of them measured twice, once for all steps."""
        for these, epochs in ((COUNTING, 1), (instruments, 1 if instruments == COUNTING else _EPOCHS))[
            len(self._prober.trials("ends")) :
        ]:
            self._display.stage(f"measuring both ends, {self._good.label} and {self._bad.label}")
            self._measure_ends("ends", self._ends(these, epochs))
        both = self._ends(instruments, _EPOCHS)
        compared = compare_ends(both, self._wanted, self._prober, self._look_longer)
        ends = find_symptoms(
            self._prober.knowledge_of("ends"), self._good.spec, self._bad.spec, compared, self._wanted
        )
        if not ends.symptoms:
            raise MeasurementError(
                f"{self._good.label} and {self._bad.label} do not differ in {' or '.join(self._wanted.on)}: "
                "there is nothing to bisect. perf-matrix bisect --repo says what to try"
            )
        return ends.symptoms

    def _look_longer(self, longer: Measurement) -> None:
        self._display.stage(LOOKING_LONGER)
        self._measure_ends("longer", longer)

    def _ends(self, instruments: Sequence[Instrument], epochs: int) -> Measurement:
        return Measurement({"base": self._good.spec, "head": self._bad.spec}, instruments, epochs)

    def _measure_ends(self, purpose: Purpose, ends: Measurement) -> None:
        if self._prober.measure(purpose, ends) is None:
            spec, skip = next(iter(self._knowledge.skipped.items()))
            raise MeasurementError(f"{spec}, an end, cannot be measured: {skip.reason}")

    def _counted(self, commit: Candidate, symptoms: Sequence[Symptom]) -> Iterator[Judgement]:
        if not symptoms:
            return
        while self._lacks(commit, symptoms):
            self._display.stage(f"counting SQL statements of {commit.label}")
            self._prober.measure("count", Measurement({"head": commit.spec}, COUNTING, epochs=1, of=symptoms))
        yield from (self._judge_count(commit, symptom) for symptom in symptoms)

    def _lacks(self, commit: Candidate, symptoms: Sequence[Symptom]) -> bool:
        """Whether a count is missing that another run may show."""
        return commit.spec not in self._knowledge.skipped and any(
            commit.spec not in self._knowledge.values(symptom)
            and not self._knowledge.doubt(symptom, commit.spec)
            for symptom in symptoms
        )

    def _judge_count(self, commit: Candidate, symptom: Symptom) -> Judgement:
        skip = self._knowledge.skipped.get(commit.spec)
        values = self._knowledge.values(symptom)
        if skip is not None or commit.spec not in values:
            doubt = skip.reason if skip else self._knowledge.doubt(symptom, commit.spec)
            return Judgement("skip", f"{symptom.endpoint} cannot be told: {doubt}")
        good, bad, here = (values[spec] for spec in (self._good.spec, self._bad.spec, commit.spec))
        words = f"{symptom.endpoint}: {_shown(symptom, here)}, at the good end {_shown(symptom, good)}"
        return Judgement("bad" if _is_on_bad_side(good, bad, here) else "good", words)

    def _compared(self, commit: Candidate, symptoms: Sequence[Symptom]) -> Iterator[Judgement]:
        for symptom in symptoms:
            found = self._judge_level(commit, symptom)
            for _ in range(_MOST_COMPARISONS):
                if found is not None or commit.spec in self._knowledge.skipped:
                    break
                self._display.stage(f"comparing {commit.label} with {self._good.label}")
                subjects: dict[Arm, str] = {"base": self._good.spec, "head": commit.spec}
                measurement = Measurement(subjects, instruments_for([symptom]), epochs=1, of=[symptom])
                self._prober.measure("compare", measurement)
                found = self._judge_level(commit, symptom)
            yield found or Judgement("skip", self._why_not(commit, symptom))

    def _judge_level(self, commit: Candidate, symptom: Symptom) -> Judgement | None:
        """Good or bad where the commit is surely on one side of the middle between the ends; None where not."""
        line = Line((self._good, commit, self._bad))
        observations = observations_of(line, symptom, self._knowledge)
        at_bad = [one for one in observations if one.version == len(line) - 1]
        here = [one for one in observations if one.version == 1]
        if not here or not at_bad:
            return None
        level = merged(here)
        whole = sum(one.estimate for one in at_bad) / len(at_bad)
        away = (level.estimate - whole / 2) / sqrt(level.variance)
        if abs(away) < _SURE:
            return None
        words = f"{symptom.endpoint or symptom.cell}: {_level_shown(symptom, level.estimate)}"
        return Judgement("bad" if (away > 0) == (whole > 0) else "good", words)

    def _why_not(self, commit: Candidate, symptom: Symptom) -> str:
        skip = self._knowledge.skipped.get(commit.spec)
        doubt = skip.reason if skip else f"undecided after {_MOST_COMPARISONS} comparisons"
        return f"{symptom.endpoint} cannot be told: {doubt}"


def _is_on_bad_side(good: Answer, bad: Answer, here: Answer) -> bool:
    """Whether a value has left the good one in the direction of the bad one."""
    if good is None or bad is None or here is None:
        return here != good
    return here > good if bad > good else here < good


def _level_shown(symptom: Symptom, level: float) -> str:
    if symptom.metric == "errors":
        return f"{100 * level:.3g} % more of the requests fail than at the good end"
    if symptom.metric == "memory":
        return f"memory grows by {level / _MEGABYTE:.3g} MB more for 1,000 requests than at the good end"
    return f"{symptom.metric} is {exp(level):.3g} times that of the good end"


def _shown(symptom: Symptom, value: Answer) -> str:
    if value is None:
        return "not there"
    if symptom.metric == "answers":
        return "answers" if value else "does not answer as it should"
    return f"{value:g} SQL statement{'' if value == 1 else 's'} per request"

"""A whole bisect: the ends, the search, what merges brought in, the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log1p

import numpy as np

import perf_matrix
from perf_matrix.bisect.advice import advice
from perf_matrix.bisect.answer import (
    Requests,
    alike_result,
    symptom_result,
    unstable_result,
    versions_of,
)
from perf_matrix.bisect.asked import instruments_asked
from perf_matrix.bisect.both_ends import LOOKING_LONGER, compare_ends
from perf_matrix.bisect.closer import Closer
from perf_matrix.bisect.comparing import Aim
from perf_matrix.bisect.confirming import Diffs
from perf_matrix.bisect.counting import scan
from perf_matrix.bisect.ends import Ends, Wanted, changed_within, find_symptoms
from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.laboratory import COUNTING, LOADING, PAIRING, Laboratory, Measurement
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.model import (
    Bisection,
    BisectionState,
    Culprit,
    Spent,
    SymptomResult,
)
from perf_matrix.bisect.opening import Merged, Opener, diff_of, is_cut_short, shown_culprits
from perf_matrix.bisect.prober import Prober
from perf_matrix.bisect.searching import Found, Search
from perf_matrix.bisect.store import Purpose, Store
from perf_matrix.bisect.summaries import with_summaries
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.bisect.tools import Builder, Deadline, Tools
from perf_matrix.errors import MeasurementError
from perf_matrix.experiment.display import Display
from perf_matrix.matrix.model import Arm
from perf_matrix.record.model import Instrument, RunInfo

_RUNS_OF_ENDS = 2


@dataclass(frozen=True)
class Around:
    """What a bisect takes from outside. ``host``: the key of this machine.

    ``closer``: looks closer at culprits, given what each endpoint is asked.
    """

    laboratory: Laboratory
    diffs: Diffs
    merged: Merged
    closer: Callable[[Mapping[str, str]], Closer]
    builder: Builder
    display: Display
    host: str


class Bisecting:
    """One bisect over the history in ``store``."""

    def __init__(self, store: Store, around: Around, deadline: Deadline) -> None:
        self._store = store
        self._around = around
        self._line = Line(store.request.history.candidates)
        self._knowledge = Knowledge()
        self._prober = Prober(around.laboratory, store, self._knowledge, around.host)
        self._tools = Tools(self._prober, self._knowledge, deadline, around.display, around.builder)
        self._begin = time.monotonic()
        self._kept = 0

    def run(self) -> Bisection:
        """Search, and answer. Raises MeasurementError where an end cannot be measured, or the machine fails.

        What was measured until then is kept.
        """
        self._kept = self._prober.recall()
        info = self._measure_ends()
        if info is None:
            return self._answer(Ends([], [], []), None, None)
        wanted = Wanted(self._store.request.on)
        both = self._both(self._instruments())
        compared = compare_ends(both, wanted, self._prober, self._look_longer)
        # By these two runs alone: what later ones showed must not change the question of a resumed bisect.
        only_ends = self._prober.knowledge_of("ends")
        ends = find_symptoms(only_ends, self._line.good, self._line.bad, compared, wanted)
        if self._store.request.scan:
            ends = self._scanned(ends, wanted)
        found = self._search(info).search(self._line, ends.symptoms) if ends.symptoms else None
        return self._answer(ends, found, info)

    def _scanned(self, ends: Ends, wanted: Wanted) -> Ends:
        """The ends' symptoms, and what is not the same at every version though the ends are alike."""
        counted = [
            symptom
            for symptom in self._knowledge.symptoms()
            if wanted.allows(symptom) and symptom not in ends.unstable
        ]
        scan(self._line, counted, self._tools)
        specs = [candidate.spec for candidate in self._line.candidates]
        more = [one for one in changed_within(self._knowledge, specs, wanted) if one in counted]
        symptoms = list(dict.fromkeys([*ends.symptoms, *more]))
        return replace(ends, symptoms=symptoms, alike=[one for one in ends.alike if one not in symptoms])

    def _measure_ends(self) -> RunInfo | None:
        """Both ends twice: once counted, once with everything; None where time was over before."""
        for number in range(len(self._prober.trials("ends")), _RUNS_OF_ENDS):
            first = number == 0
            text = (
                f"measuring both ends, {self._line.label(0)} and {self._line.label(len(self._line) - 1)}, "
                f"for the {'first' if first else 'second'} time"
            )
            if not self._tools.begin("ends", text):
                return None
            self._measure_both("ends", self._both(COUNTING if first else self._instruments()))
        return self._prober.record(self._prober.trials("ends")[-1]).info

    def _look_longer(self, longer: Measurement) -> None:
        """Measure the ends for longer, if there is time for it."""
        least_s = self._around.laboratory.order(longer).matrix.time
        if self._tools.begin("longer", LOOKING_LONGER, least_s=least_s):
            self._measure_both("longer", longer)

    def _both(self, instruments: Sequence[Instrument]) -> Measurement:
        ends: dict[Arm, str] = {"base": self._line.good, "head": self._line.bad}
        return Measurement(ends, instruments, self._epochs(instruments))

    def _measure_both(self, purpose: Purpose, both: Measurement) -> None:
        trial = self._prober.measure(purpose, both)
        if trial is None:
            spec, skip = next(iter(self._knowledge.skipped.items()))
            which = "good" if spec == self._line.good else "bad"
            tail = "".join(f"\n  | {line}" for line in skip.log_tail)
            raise MeasurementError(
                f"the {which} end, {spec}, cannot be measured, so there is nothing to search between: "
                f"{skip.reason}{tail}"
            )

    def _epochs(self, instruments: Sequence[Instrument]) -> int:
        """As often as the matrix file says where latencies are compared."""
        if instruments == COUNTING:
            return 1
        measurement = Measurement({"base": self._line.good, "head": self._line.bad}, instruments, epochs=2)
        order = self._around.laboratory.order(measurement)
        return order.matrix.epochs

    def _instruments(self) -> Sequence[Instrument]:
        """What the findings are looked for with: what shows them, and the load where the matrix file has one."""
        request = self._store.request
        if set(request.metrics) == {"queries"}:
            return COUNTING
        if request.on:
            return instruments_asked(request.on)
        ends = Measurement({"base": self._line.good, "head": self._line.bad}, (), epochs=2)
        return LOADING if self._around.laboratory.order(ends).matrix.load else PAIRING

    def _search(self, info: RunInfo) -> Search:
        request = self._store.request
        aim = Aim(request.confidence, log1p(info.matrix.gate.min_effect))
        return Search(self._tools, aim, self._around.diffs, self._random)

    def _random(self, observations: int) -> np.random.Generator:
        return np.random.default_rng([self._store.request.seed, observations])

    def _answer(self, ends: Ends, found: Found | None, info: RunInfo | None) -> Bisection:
        request, knowledge, line = self._store.request, self._knowledge, self._line
        requests = _requests(info)
        symptoms = [
            symptom_result(line, symptom, found, self._culprits(symptom, found, info), knowledge, requests)
            for symptom in ends.symptoms
            if found is not None
        ]
        symptoms += [unstable_result(line, one, knowledge, requests) for one in ends.unstable]
        symptoms += [alike_result(line, one, knowledge, requests) for one in ends.alike]
        state = _state(symptoms, timed_out=info is None)
        bisection = Bisection(
            state=state,
            kind=request.history.kind,
            good=request.good,
            bad=request.bad,
            versions=versions_of(line, knowledge),
            symptoms=symptoms,
            confidence=request.confidence,
            spent=self._spent(),
            advice=advice(state, request, str(self._store.path)),
            warnings=[
                *request.history.notes,
                *self._store.notes,
                *self._about_hosts(),
                *_about_undecided(ends),
            ],
            host=self._around.laboratory.host,
            tools=info.tools if info else {},
            backend=info.backend if info else "local",
            perf_matrix=perf_matrix.__version__,
            arguments=request.arguments,
        )
        return with_summaries(bisection)

    def _culprits(self, symptom: Symptom, found: Found, info: RunInfo | None) -> list[Culprit]:
        """The culprits with files, links and the next command; merges opened up where that was asked for."""
        closer = self._around.closer(_requests(info).by_endpoint)
        closed = [
            closer.look(culprit, symptom, self._line, diff_of(culprit, found))
            for culprit in shown_culprits(symptom, found)
        ]
        if info is None or not self._store.request.all_parents:
            return closed
        opener = Opener(self._search(info), self._around.merged, closer)
        return [opener.opened(culprit, symptom, self._line) for culprit in closed]

    def _spent(self) -> Spent:
        return Spent(
            seconds=time.monotonic() - self._begin,
            starts=self._knowledge.starts,
            versions=self._knowledge.versions,
            runs=self._knowledge.trials,
            kept=self._kept,
        )

    def _about_hosts(self) -> list[str]:
        elsewhere = sum(line.host != self._around.host for line in self._store.lines)
        if not elsewhere:
            return []
        return [f"{elsewhere} measurements were made on another machine and are not used"]


def _about_undecided(ends: Ends) -> list[str]:
    """What the ends could not tell: neither that it differs nor that it is alike."""
    if not ends.undecided:
        return []
    named = ", ".join(f"{symptom.endpoint}/{symptom.metric}" for symptom, _ in ends.undecided)
    tells = "perf-matrix compare of the ends with more --time tells"
    return [f"not decided at the ends, and so not searched for: {named}. {tells}"]


def _requests(info: RunInfo | None) -> Requests:
    return Requests(
        {each.name: f"{each.request.method} {each.request.path}" for each in info.endpoints} if info else {}
    )


def _state(symptoms: Sequence[SymptomResult], *, timed_out: bool) -> BisectionState:
    open_ = any(_is_open(symptom) for symptom in symptoms)
    if timed_out or open_:
        return "narrowed"
    if any(symptom.state in ("found", "explained") for symptom in symptoms):
        return "found"
    return "narrowed" if any(symptom.state == "unstable" for symptom in symptoms) else "not reproduced"


def _is_open(symptom: SymptomResult) -> bool:
    """Whether its culprits are not all known and confirmed. What was never exact at the ends is not searched for."""
    doubtful = symptom.state == "unstable" and bool(symptom.culprits)
    return symptom.state == "narrowed" or doubtful or any(map(is_cut_short, symptom.culprits))

"""One line of versions searched: counts first, then what only a comparison shows; every culprit confirmed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perf_matrix.bisect.comparing import Aim, Random, beliefs_of, compare_again, search_levels
from perf_matrix.bisect.confirming import Boundary, Diffs, confirm, confirm_again, confirmations, explained
from perf_matrix.bisect.counting import count_ends, search_counts
from perf_matrix.bisect.culprits import exact_culprit, noisy_culprit
from perf_matrix.bisect.evidence import Evidence, evidence_of
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.model import Culprit
from perf_matrix.bisect.search.exact import Change, change_points
from perf_matrix.bisect.search.noisy import Belief, BelievedChange
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.bisect.tools import Tools

# Confirming may contradict a count, which is then searched with the new value.
_ROUNDS = 3


@dataclass(frozen=True)
class Found:
    """What is known of a line's symptoms: the changes of exact ones, the beliefs of noisy ones.

    ``undecided``: time was over, or the confidence was not reached. ``explained``: latencies that the culprits of
    their endpoint's counts add up to. ``unconfirmed``: those of the undecided whose culprits are known, but were not
    measured afresh.
    """

    changes: Mapping[Symptom, Sequence[Change]]
    beliefs: Mapping[Symptom, Belief]
    evidences: Mapping[Boundary, Evidence]
    undecided: frozenset[Symptom]
    explained: frozenset[Symptom]
    unconfirmed: frozenset[Symptom] = frozenset()

    def culprits(self, symptom: Symptom) -> list[Culprit]:
        """Every culprit of a symptom that was found, in the order of the history."""
        if symptom.is_exact:
            changes = _resolved(self.changes.get(symptom, ()))
            return [exact_culprit(symptom, change, self.evidences) for change in changes]
        belief = self.beliefs.get(symptom)
        return [noisy_culprit(symptom, change, self.evidences) for change in belief.changes] if belief else []


@dataclass(frozen=True)
class Search:
    """Searches lines."""

    tools: Tools
    aim: Aim
    diffs: Diffs
    random: Random

    def search(self, line: Line, symptoms: Sequence[Symptom]) -> Found:
        """Find the culprits of each symptom, or come as near as the time allows."""
        exact = [symptom for symptom in symptoms if symptom.is_exact]
        noisy = [symptom for symptom in symptoms if not symptom.is_exact]
        counted = self._search_exact(line, exact, noisy) if exact else True
        changes = self._changes(line, exact)
        explained = self._explained(line, changes, noisy) if counted else frozenset[Symptom]()
        left = [symptom for symptom in noisy if symptom not in explained]
        certain = self._search_noisy(line, left) if left and counted else not left
        beliefs = beliefs_of(line, noisy, self.aim, self.tools.knowledge, self.random)
        unsure = [
            symptom
            for symptom in left
            if symptom not in beliefs or (not certain and beliefs[symptom].confidence < self.aim.confidence)
        ]
        open_ = [symptom for symptom in exact if self._is_open(line, symptom, changes[symptom])]
        undecided = frozenset([*unsure, *open_])
        known = {
            **{symptom: _boundaries(_resolved(changes[symptom])) for symptom in exact},
            **{symptom: _boundaries(beliefs[symptom].changes) for symptom in left if symptom in beliefs},
        }
        evidences = self._evidences(line)
        unconfirmed = frozenset(
            symptom
            for symptom, boundaries in known.items()
            if symptom not in undecided and not evidences.keys() >= boundaries
        )
        return Found(changes, beliefs, evidences, undecided | unconfirmed, explained, unconfirmed)

    def _search_exact(self, line: Line, exact: Sequence[Symptom], noisy: Sequence[Symptom]) -> bool:
        """Search, confirm, and search again where confirming showed other values; False where time was over."""
        tools = self.tools
        if not count_ends(line, exact, tools):
            return False
        for _ in range(_ROUNDS):
            if not search_counts(line, exact, tools):
                return False
            boundaries = self._counted(line, exact)
            if not confirm(line, boundaries, noisy, tools, self.diffs):
                return False
            if boundaries.keys() == self._counted(line, exact).keys():
                return True
        return True

    def _search_noisy(self, line: Line, noisy: Sequence[Symptom]) -> bool:
        """Search the levels, then confirm what is believed; False where time was over or the confidence not reached.

        What confirming contradicts is measured once more, both ways, and believed anew.
        """
        if not self._search_levels(line, noisy):
            return False
        contradicted = self._contradicted(line, noisy)
        for boundary, symptoms in contradicted.items():
            versions = [version for version in (boundary.parent, boundary.version) if version]
            if not compare_again(line, versions, symptoms, self.tools):
                return False
        return not contradicted or (
            self._search_levels(line, noisy)
            and confirm_again(line, self._contradicted(line, noisy), noisy, self.tools, self.diffs)
        )

    def _search_levels(self, line: Line, noisy: Sequence[Symptom]) -> bool:
        """Search, and confirm what was not confirmed yet."""
        certain = search_levels(line, noisy, self.aim, self.tools, self.random)
        return certain and confirm(line, self._believed(line, noisy), noisy, self.tools, self.diffs)

    def _believed(self, line: Line, noisy: Sequence[Symptom]) -> dict[Boundary, list[Symptom]]:
        beliefs = beliefs_of(line, noisy, self.aim, self.tools.knowledge, self.random)
        return _by_boundary({symptom: belief.changes for symptom, belief in beliefs.items()})

    def _contradicted(self, line: Line, noisy: Sequence[Symptom]) -> dict[Boundary, list[Symptom]]:
        """The boundaries at which measuring both sides afresh did not show the change."""
        beliefs = beliefs_of(line, noisy, self.aim, self.tools.knowledge, self.random)
        evidences = self._evidences(line)
        return _by_boundary(
            {
                symptom: [
                    change
                    for change in belief.changes
                    for confirmation in [noisy_culprit(symptom, change, evidences).confirmation]
                    if confirmation and not confirmation.agreed
                ]
                for symptom, belief in beliefs.items()
            }
        )

    def _changes(self, line: Line, exact: Sequence[Symptom]) -> dict[Symptom, list[Change]]:
        skipped = line.skipped(self.tools.knowledge, exact)
        return {
            symptom: change_points(line.readings(self.tools.knowledge, symptom), skipped, len(line))
            for symptom in exact
        }

    def _is_open(self, line: Line, symptom: Symptom, changes: Sequence[Change]) -> bool:
        """Whether changes are not narrowed down yet, or cannot be known of since an end has no value."""
        ends = {0, len(line) - 1}
        known = ends <= line.readings(self.tools.knowledge, symptom).keys()
        return not known or not all(each.resolved for each in changes)

    def _explained(
        self, line: Line, changes: Mapping[Symptom, Sequence[Change]], noisy: Sequence[Symptom]
    ) -> frozenset[Symptom]:
        return frozenset(
            symptom
            for symptom in noisy
            for boundaries in [_of_endpoint(changes, symptom)]
            if boundaries and explained(line, symptom, boundaries, self.tools.knowledge)
        )

    def _counted(self, line: Line, exact: Sequence[Symptom]) -> dict[Boundary, list[Symptom]]:
        """The symptoms whose counts changed, by where they did."""
        changes = self._changes(line, exact)
        return _by_boundary({symptom: _resolved(found) for symptom, found in changes.items()})

    def _evidences(self, line: Line) -> dict[Boundary, Evidence]:
        """The confirming runs of neighbours in the line."""
        numbers = {candidate.spec: number for number, candidate in enumerate(line.candidates)}
        prober = self.tools.prober
        pairs = {
            (trial.subjects["base"], trial.subjects["head"])
            for trial in prober.trials("confirm")
            if all(spec in numbers for spec in trial.subjects.values())
        }
        return {
            Boundary(numbers[parent], numbers[culprit]): evidence_of(
                [prober.record(trial) for trial in confirmations(prober, parent, culprit)]
            )
            for parent, culprit in pairs
        }


def _resolved(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.resolved]


def _boundaries(changes: Sequence[Change] | Sequence[BelievedChange]) -> set[Boundary]:
    return {Boundary.of(change) for change in changes}


def _by_boundary(
    changes: Mapping[Symptom, Sequence[Change]] | Mapping[Symptom, Sequence[BelievedChange]],
) -> dict[Boundary, list[Symptom]]:
    """The symptoms that changed, by where they did."""
    symptoms: defaultdict[Boundary, list[Symptom]] = defaultdict(list)
    for symptom, found in changes.items():
        for change in found:
            symptoms[Boundary.of(change)].append(symptom)
    return symptoms


def _of_endpoint(changes: Mapping[Symptom, Sequence[Change]], symptom: Symptom) -> list[Boundary]:
    """Where the counts of a latency's endpoint changed."""
    place = (symptom.cell, symptom.endpoint)
    counts = {
        other: _resolved(found) for other, found in changes.items() if (other.cell, other.endpoint) == place
    }
    return sorted(_by_boundary(counts))

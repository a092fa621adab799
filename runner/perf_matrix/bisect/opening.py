"""Opening merge commits that turn out to be culprits: what they merged is searched, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from perf_matrix.bisect.answer import versions_of
from perf_matrix.bisect.closer import Closer
from perf_matrix.bisect.confirming import Boundary
from perf_matrix.bisect.history.candidate import History
from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.model import Culprit, Opened
from perf_matrix.bisect.searching import Found, Search
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.bisect.tools import Deadline

_MERGE = 2
_SAME = 1e-9

Merged = Callable[[str], Sequence[History]]
"""What a merge commit, by its hash, brought in."""


def shown_culprits(symptom: Symptom, found: Found) -> list[Culprit]:
    """The culprits of a symptom that an answer shows: none of a latency that is explained, or not decided yet."""
    if symptom.is_exact:
        return found.culprits(symptom)
    unsure = symptom in found.undecided and symptom not in found.unconfirmed
    return [] if unsure or symptom in found.explained else found.culprits(symptom)


def diff_of(culprit: Culprit, found: Found) -> str:
    """The change in the code at a culprit, as its confirmation kept it; empty where there is none."""
    evidence = found.evidences.get(Boundary(culprit.parent, culprit.version))
    return evidence.diff if evidence else ""


def is_cut_short(culprit: Culprit) -> bool:
    """Whether the commits that a merge brought in were not searched to the end, at any depth: resuming goes on."""
    opened = culprit.opened
    return opened is not None and (opened.cut_short or any(map(is_cut_short, opened.culprits)))


@dataclass(frozen=True)
class _Part:
    """A stretch of a merged history, searched. ``why_open``: why it was not searched to the end."""

    culprits: Sequence[Culprit]
    line: Line
    why_open: str
    cut_short: bool


@dataclass(frozen=True)
class Opener:
    """Opens merges with ``search``. ``merged``: what one brought in. ``closer``: looks closer at what is found."""

    search: Search
    merged: Merged
    closer: Closer

    def opened(self, culprit: Culprit, symptom: Symptom, line: Line) -> Culprit:
        """A merge commit with the culprits among what it merged, theirs opened up in turn; others as they are.

        A tag is left closed, also where it is a merge: what its tag before it lacks is more than that merge.
        """
        commit = line.candidates[culprit.version].commit
        if self.closer.kind != "commits" or commit is None or commit.parents < _MERGE or culprit.suspects:
            return culprit
        self.search.tools.display.stage(f"opening the merge {line.label(culprit.version)}")
        return culprit.model_copy(update={"opened": self._inside(commit.sha, culprit, symptom)})

    def _inside(self, merge: str, culprit: Culprit, symptom: Symptom) -> Opened:
        """All branches that it merged, one after the other, each commit once."""
        histories = self.merged(merge)
        once = {candidate.spec: candidate for each in histories for candidate in each.candidates}
        whole = Line(tuple(once.values()))
        parts = [self._searched(line, symptom) for each in histories for line in _stretches(each)]
        placed = [_placed(each, part.line, whole) for part in parts for each in part.culprits]
        # Two branches may have commits in common.
        culprits = sorted({each.version: each for each in placed}.values(), key=lambda each: each.version)
        notes = [*_about(histories), *_about_finds(culprit, culprits, symptom, parts, histories)]
        return Opened(
            versions=versions_of(whole, self.search.tools.knowledge),
            culprits=culprits,
            note="; ".join(dict.fromkeys(notes)),
            cut_short=any(part.cut_short for part in parts),
        )

    def _searched(self, line: Line, symptom: Symptom) -> _Part:
        found = self.search.search(line, [symptom])
        culprits = [
            self.opened(self.closer.look(each, symptom, line, diff_of(each, found)), symptom, line)
            for each in shown_culprits(symptom, found)
        ]
        if symptom not in found.undecided:
            return _Part(culprits, line, why_open="", cut_short=False)
        tools = self.search.tools
        hopeless = _hopeless(line, symptom, tools.knowledge)
        return _Part(culprits, line, hopeless or _stopped_by(tools.deadline), cut_short=not hopeless)


def _stretches(history: History) -> list[Line]:
    """The history without the steps at which it took up what it was merged into: others made what changed there."""
    stretches: list[list[int]] = [[]]
    for number, candidate in enumerate(history.candidates):
        if candidate.spec in history.updates:
            stretches.append([])
        stretches[-1].append(number)
    return [Line(history.candidates[each[0] : each[-1] + 1]) for each in stretches if len(each) > 1]


def _placed(culprit: Culprit, line: Line, whole: Line) -> Culprit:
    """A culprit of ``line``, numbered as in ``whole``."""
    numbers = {candidate.spec: number for number, candidate in enumerate(whole.candidates)}
    update = {
        "version": numbers[line.spec(culprit.version)],
        "parent": numbers[line.spec(culprit.parent)],
        "suspects": [numbers[line.spec(suspect)] for suspect in culprit.suspects],
    }
    return culprit.model_copy(update=update)


def _hopeless(line: Line, symptom: Symptom, knowledge: Knowledge) -> str:
    """Why more time would not help: an end tells nothing of the symptom; empty where both do."""
    ends = (0, len(line) - 1)
    failing = [line.label(end) for end in ends if end in line.skipped(knowledge, [symptom])]
    if failing:
        return f"{' and '.join(failing)} cannot be measured, so that it was not searched through"
    if knowledge.is_beyond_comparing(symptom, line.good, line.bad):
        first, last = (line.label(end) for end in ends)
        return f"{first} and {last} cannot be compared, so that it was not searched through"
    return ""


def _stopped_by(deadline: Deadline) -> str:
    if deadline.ends_at is None:
        return "the confidence asked for was not reached"
    return "time was over before it was searched through"


def _about(histories: Sequence[History]) -> Iterator[str]:
    """What a reader must know of the merged commits, whatever was found among them."""
    for history in histories:
        yield from history.notes
        if updates := [one.label for one in history.candidates if one.spec in history.updates]:
            yield f"{', '.join(updates)} took up what it was merged into: what changed there is not of these commits"
    starts = {each.candidates[0].spec: each.candidates[0].label for each in histories}
    if starts_after := list(starts.values())[1:]:
        yield (
            f"it merged {len(histories)} branches, listed one after the other; {', '.join(starts_after)}, where a "
            "later one begins, was not merged"
        )


def _about_finds(
    merge: Culprit,
    culprits: Sequence[Culprit],
    symptom: Symptom,
    parts: Sequence[_Part],
    histories: Sequence[History],
) -> Iterator[str]:
    """What is left open of where the merge's change comes from."""
    why_open = [part.why_open for part in parts if part.why_open]
    if why_open:
        yield from why_open
    elif not histories:
        yield "it merged no commits of its own: it is in the merge itself"
    elif not parts:
        yield "among the commits that it merged there were no two neighbours to compare"
    elif not culprits:
        yield "none of the commits that it merged shows it by itself: it is in how they were put together"
    elif symptom.metric == "queries":
        yield from _about_their_sum(merge, culprits)


def _about_their_sum(merge: Culprit, culprits: Sequence[Culprit]) -> Iterator[str]:
    steps = [_step(each) for each in culprits]
    outside, known = _step(merge), [step for step in steps if step is not None]
    if outside is not None and len(known) == len(steps) and abs(sum(known) - outside) > _SAME:
        yield (
            f"the changes inside come to {sum(known):+g}, the merge to {outside:+g}: what it was merged into has "
            "some of it already, or they change one another"
        )


def _step(culprit: Culprit) -> float | None:
    before, after = culprit.before.value, culprit.after.value
    return None if before is None or after is None else after - before

"""The search over exact symptoms: counts of SQL statements, and whether an endpoint answers."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

from perf_matrix.bisect.laboratory import COUNTING, Measurement
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.search.exact import open_stretches
from perf_matrix.bisect.search.planning import likely_next, next_versions, scan_versions
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.bisect.tools import Tools
from perf_matrix.matrix.model import Arm

_AT_ONCE = 2


def count_ends(line: Line, symptoms: Sequence[Symptom], tools: Tools) -> bool:
    """Count the ends of a line that were not counted yet; False where there was no time."""
    known = [line.readings(tools.knowledge, symptom) for symptom in symptoms]
    skipped = line.skipped(tools.knowledge, symptoms)
    ends = [
        end
        for end in (0, len(line) - 1)
        if end not in skipped and any(end not in readings for readings in known)
    ]
    return not ends or _count(line, ends, symptoms, tools)


def search_counts(line: Line, symptoms: Sequence[Symptom], tools: Tools) -> bool:
    """Measure until every change of every symptom is between neighbours; False where time was over before."""
    while wanted := _wanted(line, symptoms, tools):
        if not _count(line, wanted, symptoms, tools):
            return False
    return True


def scan(line: Line, symptoms: Sequence[Symptom], tools: Tools) -> bool:
    """Measure every version; False where time was over before."""
    while wanted := _unscanned(line, symptoms, tools)[:_AT_ONCE]:
        if not _count(line, wanted, symptoms, tools):
            return False
    return True


def _wanted(line: Line, symptoms: Sequence[Symptom], tools: Tools) -> list[int]:
    readings = [line.readings(tools.knowledge, symptom) for symptom in symptoms]
    skipped = line.skipped(tools.knowledge, symptoms)
    wanted = next_versions(readings, skipped, len(line), at_most=_AT_ONCE)
    ahead = [version for each in wanted for version in likely_next(readings, skipped, len(line), each)]
    tools.builder.build([line.spec(version) for version in dict.fromkeys(ahead) if version not in wanted])
    return wanted


def _unscanned(line: Line, symptoms: Sequence[Symptom], tools: Tools) -> list[int]:
    readings = [line.readings(tools.knowledge, symptom) for symptom in symptoms]
    return scan_versions(readings, line.skipped(tools.knowledge, symptoms), len(line))


def _count(line: Line, versions: Sequence[int], symptoms: Sequence[Symptom], tools: Tools) -> bool:
    """Count one version, or two side by side; False where there is no time."""
    steps = _steps_left(line, symptoms, tools)
    names = " and ".join(line.label(version) for version in versions)
    text = f"counting SQL statements of {names} (at most {steps} more to start)"
    if not tools.begin("count", text, ceil(steps / _AT_ONCE)):
        return False
    # One version alone is head; of two, the arms say nothing about which is better.
    arms: Sequence[Arm] = ("base", "head") if len(versions) > 1 else ("head",)
    subjects = {arm: line.spec(version) for arm, version in zip(arms, versions, strict=True)}
    tools.prober.measure("count", Measurement(subjects, COUNTING, epochs=1, of=symptoms))
    return True


def _steps_left(line: Line, symptoms: Sequence[Symptom], tools: Tools) -> int:
    """How many versions plain bisection of every open stretch would still start."""
    skipped = line.skipped(tools.knowledge, symptoms)
    stretches = {
        stretch
        for symptom in symptoms
        for stretch in open_stretches(line.readings(tools.knowledge, symptom), skipped, len(line))
    }
    return sum(ceil(log2(len(stretch.inside(skipped)) + 1)) for stretch in stretches)

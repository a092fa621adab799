"""The command that finds the commit which brought a regression: `perf-matrix bisect` in a checkout.  (Pure.)"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator, Mapping, Sequence

from perf_matrix.compare.model import Comparison, Finding, Metric
from perf_matrix.subjects.revision import is_full_hash

_DIGITS = 12
# What a bisect calls the metric of a finding, where that is another: failed requests are all of them, or some. It
# sends too few requests for the tails of latencies.
_SYMPTOMS: Mapping[Metric, Sequence[str]] = {
    "errors": ("answers", "errors"),
    "load": ("errors",),
    "p95": ("p50",),
    "p99": ("p50",),
}
# Of more, nobody would read the command. Without a name a bisect takes all that regressed.
_MOST_NAMED = 8


def bisect_command(comparison: Comparison, arguments: Sequence[str]) -> str:
    """A command for a shell in the checkout; empty where nothing regressed, or where base or head is no commit.

    ``arguments``: those of the comparison, base and head first. All regressions are searched for at once.
    """
    commits = [subject.commit for subject in (comparison.subjects.base, comparison.subjects.head)]
    regressed = [each for each in comparison.findings if each.verdict == "regression" and each.endpoint]
    # People copy the command into a shell, and a comparison may come from a job that ran a stranger's code.
    if not regressed or not all(map(is_full_hash, commits)):
        return ""
    ends = [commit[:_DIGITS] for commit in commits]
    words = ["perf-matrix", "bisect", "--repo", ".", *ends, *_options(arguments), *_only(regressed)]
    return shlex.join(words)


def _options(arguments: Sequence[str]) -> list[str]:
    """The matrix file and how services are run: what a bisect needs of the comparison's options."""
    pairs = itertools.pairwise(arguments)
    return [
        word for option, value in pairs if option in ("--matrix", "--backend") for word in (option, value)
    ]


def _only(regressed: Sequence[Finding]) -> Iterator[str]:
    """What narrows a bisect down to the findings; counts alone take seconds for each commit, latencies minutes."""
    for cell in dict.fromkeys(each.cell for each in regressed):
        yield from ("--cell", cell)
    symptoms = list(dict.fromkeys(_symptoms(regressed)))
    if len(symptoms) <= _MOST_NAMED:
        for symptom in symptoms:
            yield from ("--on", symptom)
    if all(each.metric == "queries" for each in regressed):
        yield from ("--metrics", "queries")


def _symptoms(regressed: Sequence[Finding]) -> Iterator[str]:
    """The worst first; those of several findings more than once."""
    for each in regressed:
        yield from (f"{each.endpoint}/{name}" for name in _SYMPTOMS.get(each.metric, (each.metric,)))

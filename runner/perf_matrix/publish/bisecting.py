"""The command that finds the commit which brought a regression: git's own bisect, asking perf-matrix.  (Pure.)"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence

from perf_matrix.compare.model import Comparison, Finding
from perf_matrix.subjects.revision import is_full_hash

_DIGITS = 12
# Of a bisect, all but "good" and "bad" has to be skipped: a commit that does not build is not the culprit.
_SKIP_THE_REST = "s=$?; [ $s -le 1 ] || s=125; exit $s"


def bisect_command(comparison: Comparison, arguments: Sequence[str]) -> str:
    """A command for a shell in the checkout; empty where nothing regressed, or where base or head is no commit.

    ``arguments``: those of the comparison, base and head first. Only the first finding is asked for at each step.
    """
    commits = [subject.commit for subject in (comparison.subjects.base, comparison.subjects.head)]
    regressed = (each for each in comparison.findings if each.verdict == "regression" and each.endpoint)
    found = next(regressed, None)
    # People copy the command into a shell, and a comparison may come from a job that ran a stranger's code.
    if found is None or not all(map(is_full_hash, commits)):
        return ""
    base, head = (commit[:_DIGITS] for commit in commits)
    asked = ["perf-matrix", "compare", f"git:{base}", "git:HEAD", *_options(arguments), *_only(found)]
    step = f"{shlex.join(asked)}; {_SKIP_THE_REST}"
    return f"git bisect start {head} {base} && git bisect run sh -c {shlex.quote(step)}"


def _options(arguments: Sequence[str]) -> list[str]:
    """The matrix file and how services are run: what a single endpoint needs of the comparison's options."""
    pairs = itertools.pairwise(arguments)
    return [
        word for option, value in pairs if option in ("--matrix", "--backend") for word in (option, value)
    ]


def _only(found: Finding) -> list[str]:
    """What narrows a comparison down to one finding; SQL counts take a minute, latencies the matrix file's time."""
    counts = ["--metrics", "queries"] if found.metric == "queries" else []
    return ["--cell", found.cell, "--endpoints", found.endpoint, *counts]

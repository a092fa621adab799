"""Are the counts the same every time, and how long does counting alone take?

    python benchmarks/repeat_counts.py [TIMES]

Compares litellm==1.80.5 with litellm==1.81.0 by `--metrics queries` (16 endpoints, two data scales) TIMES times
(10 unless told) through the real command, each time after fresh starts on fresh databases, and prints the
counts of every endpoint on both arms, the slopes, whether any of them ever differed, and the seconds of each run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tabulate import tabulate

from perf_matrix.compare.model import Comparison, Line, Queries

SUBJECTS = ["litellm==1.80.5", "litellm==1.81.0"]
REGRESSED = 1
TIMES = 10

Figure = tuple[str, str]
"""What was counted, and the text of what was found."""


def measured(folder: Path) -> tuple[Comparison, float]:
    """Compare once into ``folder``; returns the comparison and its seconds."""
    command = [sys.executable, "-m", "perf_matrix", "compare", *SUBJECTS, "--metrics", "queries"]
    begin = time.monotonic()
    done = subprocess.run([*command, "--out", str(folder)], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    if done.returncode != REGRESSED:
        sys.exit(f"expected a regression (exit 1), got exit {done.returncode}:\n{done.stderr[-3000:]}")
    return Comparison.model_validate_json((folder / "comparison.json").read_text()), seconds


def figures(comparison: Comparison) -> Iterator[Figure]:
    """Every count of a comparison, in words."""
    for endpoint in comparison.cells[0].endpoints:
        if endpoint.queries:
            yield endpoint.name, counts(endpoint.queries)
            for slope in endpoint.queries.slopes:
                lines = f"{line(slope.base)} -> {line(slope.head)} per {slope.row}"
                yield f"{endpoint.name} over the {slope.over}", lines


def counts(queries: Queries) -> str:
    """Statements per request on both arms; what did not repeat within the run is marked."""
    return f"{queries.base:g} -> {queries.head:g}" + ("" if queries.stable else " (unstable)")


def line(found: Line | None) -> str:
    """A slope in words."""
    return "none" if found is None else f"{found.fixed:g} + {found.per_row:.2f}"


def main(times: int) -> None:
    """Print the tables; exit 1 where a figure differed between the runs."""
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    seconds = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(times):
            comparison, took_s = measured(Path(scratch) / str(number))
            seconds.append(took_s)
            print(f"run {number + 1} of {times}: {took_s:.0f} s", file=sys.stderr, flush=True)
            for what, found in figures(comparison):
                seen[what][found] += 1
    rows = [
        (what, found, f"{times_seen} of {times}")
        for what, all_of in seen.items()
        for found, times_seen in all_of.items()
    ]
    print(tabulate(rows, headers=["what", "base -> head", "seen"], disable_numparse=True))
    print(f"seconds: median {median(seconds):.0f}, longest {max(seconds):.0f} (aim < 120)")
    differing = [what for what, all_of in seen.items() if len(all_of) > 1]
    if differing:
        sys.exit(f"not the same in every run: {', '.join(differing)}")
    print(f"the same in all {times} runs")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TIMES)

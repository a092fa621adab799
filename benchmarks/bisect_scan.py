"""Does a bisect find what counting every release finds, and what does it save?

    python benchmarks/bisect_scan.py

Counts the SQL statements of two endpoints on every release from litellm==1.80.5 to litellm==1.81.3, two releases beside
each other by `perf-matrix compare`; then asks `perf-matrix bisect` for the same range, in a folder of its own, with
nothing known to it. Both run on the local backend, and every release was prepared before. Prints a table of the
releases and the times, in Markdown; exits with 1 where the two name different culprits.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tabulate import tabulate

from perf_matrix.bisect.history.releases import ReleaseChoice, release_history
from perf_matrix.bisect.model import Bisection
from perf_matrix.compare.model import Comparison
from perf_matrix.subjects.spec import Release
from perf_matrix.targets.registry import find_target

PACKAGE, GOOD, BAD = "litellm", "1.80.5", "1.81.3"
ENDPOINTS = ("chat-master-key", "chat-virtual-key")
OPTIONS = ("--endpoints", ",".join(ENDPOINTS), "--metrics", "queries", "--backend", "local")
SAME, REGRESSED = 0, 1

Counts = dict[str, dict[str, float]]
"""Statements per request: release -> endpoint -> count."""


@dataclass(frozen=True, order=True)
class Step:
    """A release that issues another number of statements than the one before it."""

    endpoint: str
    release: str
    before: float
    after: float

    def __str__(self) -> str:
        """As the table below shows it."""
        return f"{self.release} ({self.endpoint} {self.before:g} → {self.after:g})"


def perf_matrix(*arguments: str, expected: Sequence[int] = (SAME,)) -> float:
    """Run the command; returns its seconds."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "perf_matrix", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in expected:
        sys.exit(f"perf-matrix {' '.join(arguments)}: exit {done.returncode}\n{done.stderr[-3000:]}")
    return time.monotonic() - begin


def releases() -> list[str]:
    """The final releases of the range that the index offers, the oldest first."""
    ends = (Release(PACKAGE, GOOD), Release(PACKAGE, BAD))
    history = release_history(*ends, ReleaseChoice(), find_target(PACKAGE).refusal)
    return [candidate.label for candidate in history.candidates]


def spec(release: str) -> str:
    """How a release is written as a subject."""
    return f"{PACKAGE}=={release}"


def scan(versions: Sequence[str], root: Path) -> Counts:
    """Count every release, two at a time; one that is in two runs has to have the same counts in both."""
    counts: Counts = {}
    for number in range(0, len(versions), 2):
        start = min(number, len(versions) - 2)
        two = versions[start : start + 2]
        folder = root / str(number)
        perf_matrix("compare", *map(spec, two), *OPTIONS, "--out", str(folder), expected=(SAME, REGRESSED))
        for release, found in counted(folder, two):
            if counts.setdefault(release, found) != found:
                sys.exit(f"{release} was counted twice: {counts[release]}, {found}")
    return counts


def counted(folder: Path, two: Sequence[str]) -> Iterator[tuple[str, dict[str, float]]]:
    """What a comparison of two releases counted, by release."""
    comparison = Comparison.model_validate_json((folder / "comparison.json").read_text())
    queries = {each.name: each.queries for each in comparison.cells[0].endpoints}
    for release, arm in zip(two, ("base", "head"), strict=True):
        found = {name: getattr(each, arm) for name, each in queries.items() if each and each.stable}
        if missing := [name for name in ENDPOINTS if found.get(name) is None]:
            sys.exit(f"{release}: not counted on {', '.join(missing)}; see {folder}")
        yield release, found


def steps_of_scan(versions: Sequence[str], counts: Counts) -> list[Step]:
    """Every change between neighbours."""
    return sorted(
        Step(endpoint, release, counts[before][endpoint], counts[release][endpoint])
        for before, release in pairwise(versions)
        for endpoint in ENDPOINTS
        if counts[before][endpoint] != counts[release][endpoint]
    )


def steps_of_bisect(bisection: Bisection) -> list[Step]:
    """The culprits that it names; one that may be any of several releases is named with all of them."""
    found = []
    for symptom in bisection.symptoms:
        for culprit in symptom.culprits:
            places = (*culprit.suspects, culprit.version)
            release = " or ".join(bisection.versions[place].label for place in places)
            before, after = culprit.before.value, culprit.after.value
            if symptom.metric == "queries" and before is not None and after is not None:
                found.append(Step(symptom.endpoint, release, before, after))
    return sorted(found)


def table(versions: Sequence[str], counts: Counts, bisection: Bisection, named: Mapping[str, str]) -> str:
    """A row for each release; ``named``: whose culprit it is, by release."""
    runs = {version.label: version.runs for version in bisection.versions}
    rows = [
        (
            release,
            *(f"{counts[release][endpoint]:g}" for endpoint in ENDPOINTS),
            str(runs.get(release) or ""),
            named.get(release, ""),
        )
        for release in versions
    ]
    headers = [
        "release",
        *(f"`{endpoint}`" for endpoint in ENDPOINTS),
        "runs of the bisect",
        "culprit of",
    ]
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)


def named_by(scanned: Sequence[Step], bisected: Sequence[Step]) -> dict[str, str]:
    """Who calls a release a culprit."""
    who = {"the scan": scanned, "the bisect": bisected}
    return {
        step.release: " and ".join(
            name for name, found in who.items() if step.release in [each.release for each in found]
        )
        for step in (*scanned, *bisected)
    }


def main() -> None:
    """Print the tables; exit 1 where scan and bisect differ."""
    versions = releases()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        perf_matrix("prepare", *map(spec, versions), "--backend", "local")
        begin = time.monotonic()
        counts = scan(versions, root / "scan")
        scan_s = time.monotonic() - begin
        out = root / "bisect"
        bisect_s = perf_matrix("bisect", spec(GOOD), spec(BAD), *OPTIONS, "--out", str(out))
        bisection = Bisection.model_validate_json((out / "bisection.json").read_text())
    scanned, bisected = steps_of_scan(versions, counts), steps_of_bisect(bisection)
    print(table(versions, counts, bisection, named_by(scanned, bisected)))
    print()
    spent = bisection.spent
    rows = [
        ("scan", f"{len(versions)} of {len(versions)}", f"{scan_s:.0f} s", ", ".join(map(str, scanned))),
        (
            "bisect",
            f"{spent.versions} of {len(versions)}",
            f"{bisect_s:.0f} s",
            ", ".join(map(str, bisected)),
        ),
    ]
    headers = ["", "releases measured", "time", "culprits"]
    print(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))
    if scanned != bisected:
        sys.exit("the bisect and the scan name different culprits")


if __name__ == "__main__":
    main()

"""Asking for a bisect of the demonstration repository, and reading its answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from perf_matrix.bisect.model import Bisection, SymptomResult
from tests.demo_repository.demo import Demo
from tests.e2e.command import Ended, started

# A bisect measures 20 to 30 times; on a busy machine each takes longer.
LIMIT_S = 1800.0
NOT_FOUND = 4


def arguments_of(demo: Demo, *options: str, good: str = "", bad: str = "") -> list[str]:
    """What asks for a bisect of the demonstration repository, of all of its history unless told."""
    return arguments_between([good or demo.told.good, bad or demo.told.bad], demo, *options)


def arguments_between(what: Sequence[str], demo: Demo, *options: str) -> list[str]:
    """What asks for a bisect of ``what``: both ends, or a list of versions."""
    where = ("--repo", str(demo.repository.folder), "--matrix", str(demo.matrix), "--backend", "local")
    return ["bisect", *what, *where, "--json", *options]


def bisect(demo: Demo, scratch: Path, *options: str, good: str = "", bad: str = "") -> Ended:
    """Run a bisect to its end; nothing of it is left."""
    return run(arguments_of(demo, *options, good=good, bad=bad), demo, scratch)


def resume(out: Path, demo: Demo, scratch: Path, *options: str) -> Ended:
    """Go on with a bisect, to its end; nothing of it is left."""
    return run(["bisect", "--resume", str(out), "--json", *options], demo, scratch)


def run(arguments: Sequence[str], demo: Demo, scratch: Path) -> Ended:
    """Run a command to its end; nothing of it is left."""
    with started(arguments, scratch, demo.environ) as command:
        ended = command.end(LIMIT_S)
        assert command.left_behind() == []
    return ended


def answer_of(ended: Ended) -> Bisection:
    """What it printed on standard output."""
    assert ended.exit_code in (0, NOT_FOUND), ended.stderr
    return Bisection.model_validate_json(ended.stdout)


def culprits(found: Bisection) -> dict[tuple[str, str], list[str]]:
    """The hashes of the culprits, by endpoint and metric; symptoms that others explain are left out."""
    return {
        (one.endpoint, one.metric): [sha_of(found.versions[each.version].spec) for each in one.culprits]
        for one in found.symptoms
        if one.state == "found"
    }


def symptom(found: Bisection, endpoint: str, metric: str) -> SymptomResult:
    """The result of one of the symptoms."""
    return next(one for one in found.symptoms if (one.endpoint, one.metric) == (endpoint, metric))


def sha_of(spec: str) -> str:
    """The hash of a commit, of how it is written as a subject."""
    return spec.removeprefix("git:")


def kept(out: Path) -> list[str]:
    """The lines of the measurements that are kept."""
    file = out / "measurements.jsonl"
    return file.read_text().splitlines() if file.exists() else []


def trials(lines: Sequence[str]) -> list[str]:
    """Those of measurements; the others are of versions that cannot be measured."""
    return [line for line in lines if '"kind":"trial"' in line]

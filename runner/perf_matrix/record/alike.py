"""Whether runs of several machines are of one comparison: the same versions, asked the same things.  (Pure.)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perf_matrix.errors import InputError
from perf_matrix.record.model import Requests, RunInfo, SubjectInfo
from perf_matrix.record.shown import on_one_line, shown

# Requests name days, such as the last month: runners that start before and after midnight name others.
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LONG = 120
_BEFORE = 30


@dataclass(frozen=True)
class RunPart:
    """A run that is to be merged with others, as it was read from its folder."""

    folder: Path
    info: RunInfo
    unfinished: frozenset[str] = frozenset()
    """Cells that were not measured to their end, and have no fault that says why."""
    notes: tuple[str, ...] = ()
    """What was dropped while it was read."""


def refuse_differing(parts: Sequence[RunPart]) -> None:
    """Raise InputError, naming two folders and what differs, unless the runs are parts of one comparison.

    What is built or installed on each machine may differ: a cell is compared only within itself.
    """
    first = parts[0]
    known = _identity(first.info)
    for other in parts[1:]:
        told = _identity(other.info)
        for what in {**known, **told}:
            one, another = known.get(what, "not there"), told.get(what, "not there")
            if one != another:
                raise _differ(first, other, what, *_apart(one, another))


def shared_requests(info: RunInfo) -> Requests:
    """What is sent to the cells that have no data scale of their own."""
    return Requests(endpoints=info.endpoints, other_pages=info.other_pages, grown=info.grown)


def _identity(info: RunInfo) -> dict[str, str]:
    """What must be equal, by what it is called in a message."""
    return {
        "the version of perf-matrix": info.perf_matrix,
        **{arm: ", ".join(_resolved(subject)) for arm, subject in info.subjects.items()},
        "the backend": info.backend,
        "what was measured": ", ".join(info.instruments),
        **{f"the matrix file's {key}": value for key, value in _settings(info)},
        "the list of the workload's endpoints": ", ".join(info.known_endpoints),
        "the workload": _DATE.sub("DATE", shared_requests(info).model_dump_json()),
    }


def _resolved(subject: SubjectInfo) -> Iterator[str]:
    """What a version turned out to be. An image that was built is another one on each machine."""
    yield subject.spec
    yield f"version {subject.version}"
    if subject.commit:
        yield f"commit {subject.commit}"
    if subject.content:
        yield f"content {subject.content}"
    if subject.image and subject.spec.startswith("image:"):
        yield f"image {subject.image}"


def _settings(info: RunInfo) -> Iterator[tuple[str, str]]:
    for key in type(info.matrix).model_fields:
        yield key, info.matrix.model_dump_json(include={key})


def _apart(one: str, other: str) -> tuple[str, str]:
    """Both texts from shortly before where they part, if they are long."""
    if max(len(one), len(other)) <= _LONG:
        return one, other
    part = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    cut = max(0, part - _BEFORE)
    return (f"…{one[cut:]}", f"…{other[cut:]}") if cut else (one, other)


def _differ(one: RunPart, other: RunPart, what: str, there: str, here: str) -> InputError:
    return InputError(
        f"{on_one_line(one.folder)} and {on_one_line(other.folder)} cannot be merged: {what} is {shown(there)}"
        f" in the one and {shown(here)} in the other. Measure every cell with the same command, but for --cell"
    )

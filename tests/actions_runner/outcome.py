"""What a run of a workflow did, read from act's log: one JSON object a line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

StepPath = tuple[str, ...]
ANNOTATIONS = ("notice", "warning", "error")
_NOISE = "LocalRepositoryCache "
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\x07]")


@dataclass(frozen=True)
class Annotation:
    """A workflow command that annotates: ``properties`` are file, line, title and so on, as text."""

    level: str
    message: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """A step that ran. ``path``: the ids from the job's step to the one inside the composite action, a number
    where the step has no id. ``result``: ``success``, ``failure``, or empty where it was ended.
    """

    path: StepPath
    lines: tuple[str, ...]
    outputs: Mapping[str, str]
    annotations: tuple[Annotation, ...]
    summary: str
    result: str

    @property
    def text(self) -> str:
        """What it wrote."""
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Job:
    """A job that ran, or one cell of its matrix. Its result is ``failure`` also where an earlier cell failed."""

    id: str
    name: str
    matrix: Mapping[str, object]
    result: str
    steps: tuple[Step, ...]

    def step(self, *path: str) -> Step:
        """The step at this path; fails where it did not run."""
        found = next((step for step in self.steps if step.path == path), None)
        ran = ", ".join("/".join(step.path) for step in self.steps)
        assert found is not None, f"no step {'/'.join(path)} ran in {self.name}; these did: {ran}"
        return found

    def ran(self, *path: str) -> bool:
        """Whether the step at this path ran."""
        return any(step.path == path for step in self.steps)

    @property
    def summary(self) -> str:
        """The job's summary: that of its steps, one after the other."""
        return "".join(step.summary for step in self.steps)

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """The annotations of all steps."""
        return tuple(annotation for step in self.steps for annotation in step.annotations)


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    ``exit_code``: act's, 0 where no job failed. ``jobs``: those that ran, in the order in which they began.
    ``artifacts``: name to the archive on disk. ``log``: all that was said, for people.
    ``left_behind``: what the run's processes left running, in words.
    """

    exit_code: int
    jobs: tuple[Job, ...]
    artifacts: Mapping[str, Path]
    log: str
    left_behind: tuple[str, ...] = ()

    def job(self, id_: str, **matrix: object) -> Job:
        """The one job with this id and these values of the matrix; fails where there is none, or several."""
        found = [job for job in self.jobs_of(id_) if matrix.items() <= job.matrix.items()]
        assert len(found) == 1, f"{len(found)} jobs {id_} {matrix or ''} ran:\n{self.log}"
        return found[0]

    def jobs_of(self, id_: str) -> list[Job]:
        """Every cell of a job's matrix that ran, in the matrix's order; none where the job was skipped."""
        return sorted((job for job in self.jobs if job.id == id_), key=_number)


class Entry(BaseModel):
    """A line of the log, with the fields that are used here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    message: str = Field(alias="msg")
    level: str = ""
    job: str = ""
    job_id: str = Field("", alias="jobID")
    matrix: dict[str, object] = {}
    path: StepPath = Field((), alias="stepID")
    stage: str = ""
    raw: bool = Field(default=False, alias="raw_output")
    command: str = ""
    name: str = ""
    argument: str = Field("", alias="arg")
    properties: dict[str, str] = Field({}, alias="kvPairs")
    content: str = ""
    step_result: str = Field("", alias="stepResult")
    job_result: str = Field("", alias="jobResult")


def read_log(text: str) -> list[Entry]:
    """The entries of a log; without the last one where act was killed while writing it."""
    whole, _, _ = text.rpartition("\n")
    return [Entry.model_validate_json(line) for line in whole.split("\n") if line]


def jobs_in(entries: Iterable[Entry]) -> tuple[Job, ...]:
    """The jobs of a log, in the order in which they began."""
    of_jobs: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.job:
            of_jobs.setdefault(entry.job.strip(), []).append(entry)
    return tuple(_job(name, those) for name, those in of_jobs.items())


def for_people(entries: Iterable[Entry]) -> str:
    """The log as text; a heading where another step speaks."""
    said = (entry for entry in entries if not entry.message.startswith(_NOISE))
    blocks = groupby(said, lambda entry: (entry.job.strip(), entry.path))
    return "\n".join(
        "\n".join([f"== {job} {'/'.join(path)}".rstrip(), *(f"   {plain(one.message)}" for one in block)])
        for (job, path), block in blocks
    )


def plain(line: str) -> str:
    """A line without its end, colours and what else is meant for a terminal."""
    return _ESCAPE.sub("", line).rstrip("\n")


def _number(job: Job) -> int:
    # act puts it at the end of the name, where there are several.
    found = re.search(r"-(\d+)$", job.name)
    return int(found[1]) if found else 0


@dataclass
class _Draft:
    """A step while its entries are read."""

    lines: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    annotations: list[Annotation] = field(default_factory=list)
    summary: str = ""
    result: str = ""


def _job(name: str, entries: list[Entry]) -> Job:
    drafts: dict[StepPath, _Draft] = {}
    for entry in _without_echoes(entries):
        # Before any step runs, act looks at all of them.
        if entry.stage == "Main":
            _note(drafts.setdefault(entry.path, _Draft()), entry)
    result = next((entry.job_result for entry in entries if entry.job_result), "")
    steps = tuple(_step(path, draft) for path, draft in drafts.items())
    return Job(entries[0].job_id, name, entries[0].matrix, result, steps)


def _note(draft: _Draft, entry: Entry) -> None:
    if entry.raw:
        draft.lines.append(plain(entry.message))
    elif entry.command == "set-output":
        draft.outputs[entry.name] = entry.argument
    elif entry.command == "summary":
        draft.summary += entry.content
    elif entry.command in ANNOTATIONS:
        draft.annotations.append(Annotation(entry.command, entry.argument, entry.properties))
    elif entry.step_result:
        draft.result = entry.step_result


def _without_echoes(entries: Iterable[Entry]) -> list[Entry]:
    """Without the summaries that act reads twice: of the last step in a composite action, and as the action's own."""
    kept: list[Entry] = []
    last = None
    for entry in entries:
        if entry.command == "summary":
            if last is not None and _is_inside(last.path, entry.path) and last.content == entry.content:
                continue
            last = entry
        kept.append(entry)
    return kept


def _is_inside(inner: StepPath, outer: StepPath) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _step(path: StepPath, draft: _Draft) -> Step:
    return Step(
        path, tuple(draft.lines), draft.outputs, tuple(draft.annotations), draft.summary, draft.result
    )

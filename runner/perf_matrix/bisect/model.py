"""``bisection.json``: what a bisect answers. Every number that its reports show is in it.

Versions are numbered in the order of the history, from 0, the good end. Field names are fixed (schema
version 1): add, do not rename.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from perf_matrix.compare.model import Cause, ChangedStatement, Statement
from perf_matrix.record.model import HostInfo

SCHEMA_VERSION = 1

Finite = Annotated[float, Field(allow_inf_nan=False)]
Place = Annotated[int, Field(ge=0, description="Which version: its number in the history.")]

Metric = Literal["queries", "p50", "p95", "p99", "answers", "errors", "memory"]
"""``answers``: whether the endpoint answers as it should. ``errors``: failed requests, their share.
``memory``: its growth in a soak, in bytes per 1,000 requests. Latencies and the last two are compared with the good
end: a ratio, or a difference."""

VersionState = Literal["measured", "skipped", "not needed"]
SymptomState = Literal["found", "narrowed", "explained", "not reproduced", "unstable"]
Direction = Literal["worse", "better"]
BisectionState = Literal["found", "narrowed", "not reproduced"]


class Answered(BaseModel):
    """Immutable; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(Answered):
    """A measured number with its interval; an exact count has none. ``value`` is None where there is no such thing.

    queries: statements per request. p50, p95, p99: the ratio to the good end. answers: 1 it answers, 0 it does not;
    None where the version does not have the endpoint. errors: share of failed requests more than the good end.
    memory: bytes per 1,000 requests more than the good end.
    """

    value: Finite | None
    low: Finite | None = None
    high: Finite | None = None
    note: str = Field(default="", description="Why there is no number.")


class CommitInfo(Answered):
    """Who changed what for which reason, as the commit itself says."""

    sha: str
    title: str
    author: str = Field(description="'Ada Lovelace <ada@example.com>'")
    date: datetime
    url: str = Field(default="", description="Its page, where the checkout's remote has one.")
    parents: int = Field(default=1, description="2 or more: a merge commit.")


class Version(Answered):
    """One version of the history."""

    spec: str = Field(description="As a subject is written: 'litellm==1.81.0', 'git:1a2b3c4d…'.")
    label: str = Field(description="For tables and pictures: '1.81.0', '1a2b3c4d'.")
    state: VersionState
    reason: str = Field(default="", description="Why it was skipped.")
    log_tail: list[str] = Field(default=[], description="The last log lines of what did not start.")
    commit: CommitInfo | None = None
    runs: int = Field(default=0, description="Runs that measured it.")


class ChangedFile(Answered):
    """A file that differs between a culprit and its parent."""

    path: str
    added: int = Field(description="Lines.")
    removed: int
    because: list[str] = Field(
        default=[], description="Why it is thought to be concerned: 'names the table LiteLLM_TeamTable'."
    )
    url: str = ""


class Link(Answered):
    """Where to read more."""

    text: str
    url: str


class Latency(Answered):
    """What the latency did at a culprit, measured side by side with its parent: the p50's ratio with interval."""

    base_ms: Finite
    head_ms: Finite
    ratio: Finite
    ci: tuple[Finite, Finite]


class Confirmation(Answered):
    """The culprit and its parent measured once more, side by side on a fresh start."""

    agreed: bool
    before: Figure
    after: Figure
    p50: Latency | None = None
    note: str = Field(default="", description="What was different from before.")


class Culprit(Answered):
    """A change between two neighbours of the history that could be measured."""

    version: Place = Field(description="The first version that shows the new value.")
    parent: Place = Field(description="The last version before it that could be measured.")
    suspects: list[Place] = Field(
        default=[],
        description="Versions between the two, which could not be measured: it may be one of them.",
    )
    direction: Direction
    before: Figure
    after: Figure
    confidence: Finite = Field(
        description="1 for exact counts that agreed; else the posterior's probability."
    )
    confirmation: Confirmation | None = None
    added: list[Statement] = []
    removed: list[Statement] = []
    changed: list[ChangedStatement] = []
    slower: list[str] = Field(default=[], description="Statements that take the database longer.")
    causes: list[Cause] = []
    files: list[ChangedFile] = Field(default=[], description="The likeliest first.")
    more_files: int = Field(default=0, description="How many changed files are not listed.")
    links: list[Link] = []
    opened: Opened | None = Field(default=None, description="A merge commit: what it merged, searched too.")
    go_on: str = Field(default="", description="The command that looks closer, if there is one.")
    summary: str = Field(description="One line.")


class Stretch(Answered):
    """Versions in a row, both ends measured and alike, nothing between them measured."""

    first: Place
    last: Place


class Point(Answered):
    """What was measured of one symptom at one version."""

    version: Place
    figure: Figure
    runs: int


class Level(Answered):
    """What is believed of a noisy symptom at a version, measured or not: mean and 95 % credible interval."""

    version: Place
    mean: Finite
    low: Finite
    high: Finite


class SymptomResult(Answered):
    """One symptom: what differs between the ends, and which versions made it so."""

    cell: str
    endpoint: str
    request: str = Field(default="", description="'POST /v1/chat/completions'")
    metric: Metric
    exact: bool = Field(description="Counted, not estimated.")
    good: Figure
    bad: Figure
    state: SymptomState
    culprits: list[Culprit] = Field(default=[], description="In the order of the history.")
    candidates: list[Place] = Field(
        default=[], description="Where it was only narrowed down: versions that may be a culprit."
    )
    confidence: Finite = Field(description="That the culprits are these and no others.")
    points: list[Point] = []
    levels: list[Level] = []
    unseen: list[Stretch] = Field(
        default=[],
        description="Stretches that were not looked into, their ends being alike: a change and its opposite"
        " within one would not have been seen.",
    )
    note: str = Field(
        default="", description="What a reader must know: what explains it, why it is undecided."
    )
    summary: str = Field(description="One line.")


class Opened(Answered):
    """The history that a merge commit brought in, oldest first; the first version is where it branched off.

    Of several branches one is listed after the other, each version once.
    """

    versions: list[Version]
    culprits: list[Culprit]
    note: str = ""
    cut_short: bool = Field(
        default=False,
        description="Not searched to the end: time was over, or the confidence was not reached.",
    )


class Spent(Answered):
    """What it took."""

    seconds: Finite
    starts: int = Field(description="Versions started, counting each start.")
    versions: int = Field(description="Different versions measured.")
    runs: int
    kept: int = Field(default=0, description="Measurements that were there from before an interruption.")


class Bisection(Answered):
    """The whole of ``bisection.json``."""

    schema_version: Literal[1] = 1
    state: BisectionState
    kind: Literal["releases", "commits", "tags", "images", "list"]
    good: str = Field(description="As the user wrote it.")
    bad: str
    versions: list[Version]
    symptoms: list[SymptomResult]
    confidence: Finite = Field(description="What was asked for.")
    spent: Spent
    advice: list[str] = Field(
        default=[], description="What to try, where the ends are alike or time was over."
    )
    warnings: list[str] = []
    host: HostInfo
    tools: dict[str, str] = {}
    backend: Literal["local", "compose"] = "local"
    perf_matrix: str = ""
    arguments: list[str] = Field(
        default=[], description="What comes after `perf-matrix bisect` to do it again."
    )


Culprit.model_rebuild()

"""Everything that a run writes down, raw, before anything is concluded from it.

Times of requests are in milliseconds, moments in seconds since the epoch (UTC).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from perf_matrix.matrix.model import Arm, Cell, Endpoint, Load, MatrixFile

SCHEMA_VERSION = 1

Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Recorded(BaseModel):
    """Immutable; an unknown key is an error, since run folders come from other machines too."""

    # JSON has no word for infinity: a number that is none would be written and then not be read again.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SubjectInfo(Recorded):
    """One version under test, as it was resolved: ``spec`` is what the user wrote."""

    spec: str
    version: str
    engine: str = Field(
        default="", description="Which database client engine it ran on, where that is a choice."
    )
    commit: str = Field(default="", description="Of a checkout: the commit that was built.")
    source: str = Field(default="", description="Of a checkout: where it lay on that machine.")
    content: str = Field(default="", description="Of a folder: a digest of the files that were built.")
    image: str = Field(default="", description="Of a container: the image that ran, by digest.")
    packages: dict[str, str] = Field(default={}, description="Every installed distribution and its version.")


class HostInfo(Recorded):
    """Where it ran: enough to tell whether two runs may be compared by eye."""

    system: str
    machine: str
    cpu_model: str
    cpus: int
    memory_bytes: int
    python: str
    user_is_root: bool


Command = Literal["run", "compare", "budget"]
Backend = Literal["local", "compose"]
Instrument = Literal["queries", "paired", "load"]


class Requests(Recorded):
    """What is sent to a cell, filled in for its data scales; the names are those of every other cell."""

    endpoints: list[Endpoint] = Field(description="As they are sent at the first data scale.")
    other_pages: list[Endpoint] = Field(
        default=[], description="Those that page, with their other page size; same names."
    )
    grown: list[Endpoint] = Field(
        default=[], description="The lists, filled in for the second data scale; same names."
    )


class Merger(Recorded):
    """What a run knows of the runs that it was merged from, each measured on a runner of its own."""

    runners: int = Field(ge=1, description="Runs that cells were taken from.")
    hosts: dict[str, HostInfo] = Field(
        description="By cell: where it was measured. A cell without a result has none."
    )
    notes: list[str] = Field(default=[], description="What a reader must know of how they were merged.")


class RunInfo(Recorded):
    """``run.json``: written once, before anything is measured; or when finished runs are merged."""

    schema_version: Literal[1] = 1
    perf_matrix: str
    command: Command = "compare"
    started_at: float
    seed: int
    subjects: dict[Arm, SubjectInfo] = Field(description="One or both arms.")
    instruments: list[Instrument] = ["queries", "paired"]
    arguments: list[str] = Field(default=[], description="What comes after the command to run this again.")
    matrix: MatrixFile
    endpoints: list[Endpoint] = Field(description="As they are sent, filled in for the matrix file's scale.")
    known_endpoints: list[str] = Field(default=[], description="All that the workload has, chosen or not.")
    other_pages: list[Endpoint] = Field(
        default=[], description="Those that page, with their other page size; same names."
    )
    grown: list[Endpoint] = Field(
        default=[], description="The lists, filled in for the matrix file's second scale; same names."
    )
    own_requests: dict[str, Requests] = Field(
        default={}, description="By cell, for the cells that have a data scale of their own."
    )
    cells: list[Cell]
    backend: Backend = "local"
    host: HostInfo
    tools: dict[str, str] = {}
    diff: str = Field(default="", description="The change between the subjects, as a unified diff.")
    asked_epochs: int | None = Field(
        default=None, ge=1, description="Other than the matrix file's, where a search asked for it."
    )
    merged: Merger | None = Field(default=None, description="None where it was measured in one go.")

    @property
    def epochs(self) -> int:
        """How often the stack is started at the first data scale: counts need no repetition, being exact."""
        if "paired" not in self.instruments:
            return 1
        return self.asked_epochs or self.matrix.epochs

    @property
    def load(self) -> Load | None:
        """How it is measured under load; None where it is not."""
        return self.matrix.load if "load" in self.instruments else None

    def requests_of(self, cell_id: str) -> Requests:
        """What is sent to a cell: filled in for its own data scales, or else for the matrix file's."""
        shared = Requests(endpoints=self.endpoints, other_pages=self.other_pages, grown=self.grown)
        return self.own_requests.get(cell_id, shared)


DataScale = Literal["first", "second"]


class EpochStart(Recorded):
    """A fresh start of the stack: how long each arm took to be ready."""

    epoch: int
    started_at: float
    ready_s: dict[Arm, float]
    measuring_from: float
    scale: DataScale = "first"


class RoundTripCheck(Recorded):
    """What a trivial statement takes, in ms: without the relay, through it, through it with its delay."""

    epoch: int
    asked_ms: Milliseconds
    direct_ms: Milliseconds
    relayed_ms: Milliseconds
    delayed_ms: Milliseconds


class EpochEnd(Recorded):
    """An epoch that was finished as planned; an interrupted one has no such line."""

    epoch: int
    ended_at: float


class Presence(Recorded):
    """The first request of an endpoint to an arm in an epoch: is it there, does it answer as expected?"""

    epoch: int
    endpoint: str
    arm: Arm
    status: int = Field(description="HTTP status; 0 where no answer came.")
    present: bool
    failures: list[str] = Field(default=[], description="Checks that failed, in words.")
    latency_ms: Milliseconds


class StatementCount(Recorded):
    """One row of pg_stat_statements over a window: normalised text, calls, rows and execution time."""

    text: str
    calls: int = Field(ge=0)
    rows: int = Field(ge=0)
    exec_ms: Milliseconds


WindowKind = Literal["cold", "warm", "paired", "undelayed", "idle", "rest"]


class QueryWindow(Recorded):
    """What the database did for one arm while ``requests`` requests of one endpoint were answered.

    ``cold`` is the first request to the endpoint after a start, ``paired`` a block of pairs, ``undelayed`` one
    without the delay that the cell has before its database. ``idle`` and ``rest`` windows have
    no endpoint and no requests: before the first request, and while only the other arm was sent any. The
    windows of one arm and epoch follow each other without a gap, so that every statement is in exactly one.
    """

    epoch: int
    endpoint: str | None
    arm: Arm
    kind: WindowKind
    requests: int = Field(ge=0)
    seconds: float = Field(ge=0)
    statements: list[StatementCount]
    evicted: bool = Field(description="Statements were evicted meanwhile: the counts cannot be trusted.")
    failed_requests: int = 0
    scale: DataScale = "first"
    page_size: int | None = Field(default=None, description="None where the endpoint does not page.")
    rows: int | None = Field(default=None, description="Rows in every answer; None where they differed.")
    request_ms: Milliseconds | None = Field(default=None, description="Time of all requests together.")
    connections: int | None = Field(default=None, description="Open connections to the database at its end.")


class PairedBlock(Recorded):
    """Pairs of one request to both arms, back to back, in random order.

    ``base_ms[i]`` and ``head_ms[i]`` belong to the same pair; ``head_first[i]`` tells the order. Pairs in
    which either arm failed its checks are not in the lists but in ``failed``. ``control_ms`` are requests straight
    to the upstream stand-in, one right before each request to that arm: they must not differ.
    """

    epoch: int
    endpoint: str
    block: int = Field(description="Counts up per endpoint over the whole run.")
    started_at: float
    base_ms: list[Milliseconds]
    head_ms: list[Milliseconds]
    head_first: list[bool]
    failed: dict[Arm, int] = {}
    failures: list[str] = Field(default=[], description="The first few failures, in words.")
    control_ms: dict[Arm, list[Milliseconds]] = {}

    @model_validator(mode="after")
    def _same_length(self) -> PairedBlock:
        if not len(self.base_ms) == len(self.head_ms) == len(self.head_first):
            raise ValueError("base_ms, head_ms and head_first must have the same length")
        if any(len(before) != len(self.base_ms) for before in self.control_ms.values()):
            raise ValueError("control_ms must have a time for each pair")
        return self


class UndelayedBlock(PairedBlock):
    """A block taken without the delay that the cell has before its database: what the delay is measured by."""


class Usage(Recorded):
    """What an arm had used up to a moment: CPU time since its start, and its memory at that moment."""

    cpu_s: float = Field(ge=0)
    memory_bytes: int = Field(ge=0, description="Without file caches.")


class LoadSlot(Recorded):
    """A stretch in which requests of the weighted mix went to one arm at a constant rate, answered or not.

    A round has one slot of each arm, in random order, with the same requests in the same sequence.
    """

    epoch: int
    round: int = Field(description="Counts up over the whole run of the cell.")
    arm: Arm
    started_at: float
    seconds: float = Field(gt=0, description="For how long requests were due.")
    rate: float = Field(gt=0, description="Requests per second that were due.")
    due: int = Field(ge=0)
    dropped: int = Field(ge=0, description="Never sent: too many were in flight.")
    latencies_ms: dict[str, list[Milliseconds]] = Field(description="By endpoint; good answers only.")
    failed: dict[str, int] = {}
    failures: list[str] = Field(default=[], description="The first few failures, in words.")
    cpu_s: float | None = Field(default=None, ge=0, description="CPU time that the arm used.")
    peak_memory_bytes: int | None = Field(default=None, ge=0, description="Highest of the samples taken.")
    db_ms: Milliseconds | None = Field(default=None, description="Execution time of the arm's statements.")
    db_calls: int | None = Field(default=None, ge=0)


class TelemetrySeen(Recorded):
    """What the telemetry sink got during an epoch, from both arms."""

    epoch: int
    exports: int = Field(ge=0, description="Requests that came, those that could not be read among them.")
    rejected: int = Field(ge=0)
    spans: int = Field(ge=0)
    points: int = Field(ge=0, description="Data points of metrics.")
    records: int = Field(ge=0, description="Log records.")
    events: int = Field(ge=0, description="Of Langfuse's own batches.")


class MemorySample(Recorded):
    """The memory of an arm some seconds after its soak began, and how many requests were due by then."""

    at_s: float = Field(ge=0)
    requests: float = Field(ge=0)
    memory_bytes: int = Field(ge=0)


class SoakSlot(LoadSlot):
    """One longer slot, for what grows with the requests."""

    memory: list[MemorySample] = []


class Fault(Recorded):
    """Why a cell could not be measured to its end, with the last log lines of the part that died."""

    at: float
    message: str
    log_tail: list[str] = []


class Phase(Recorded):
    """A stretch of wall clock: what the run was doing. ``measuring`` phases are the useful ones."""

    name: str
    started_at: float
    seconds: float = Field(ge=0)
    measuring: bool


class CellRecord(Recorded):
    """Everything recorded for one cell, read back."""

    cell: Cell
    epochs_started: list[EpochStart] = []
    epochs_ended: list[EpochEnd] = []
    round_trips: list[RoundTripCheck] = []
    presence: list[Presence] = []
    windows: list[QueryWindow] = []
    blocks: list[PairedBlock] = []
    undelayed: list[UndelayedBlock] = []
    slots: list[LoadSlot] = []
    soaks: list[SoakSlot] = []
    telemetry: list[TelemetrySeen] = []
    faults: list[Fault] = []


class RunRecord(Recorded):
    """A whole run folder, read back. ``notes`` says what was dropped while reading (a torn last line)."""

    info: RunInfo
    cells: list[CellRecord]
    phases: list[Phase] = []
    notes: list[str] = []

"""``comparison.json``: the public interface. Every number that a report shows is in it.

Times are milliseconds, ratios are head/base, ``None`` stands where a thing was not measured.
Field names are fixed (schema version 1): add, do not rename.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from perf_matrix.matrix.model import Arm, GatedMetric
from perf_matrix.record.model import Backend, HostInfo, SubjectInfo

Verdict = Literal["regression", "improvement", "pass", "inconclusive", "invalid"]
Metric = Literal["queries", "p50", "p95", "p99", "errors", "load"]

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Compared(BaseModel):
    """Immutable; an unknown key is an error: a trusted workflow renders comparisons made elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Both(Compared):
    """A number for each arm."""

    base: Finite | None
    head: Finite | None


class Place(Compared):
    """A changed line of the diff that may be where a statement comes from."""

    file: str = Field(description="Path in the repository, as the diff names it.")
    line: int = Field(ge=1, description="Line number in the new file; in the old one for a removed line.")
    removed: bool = Field(default=False, description="The line was removed, not added.")
    text: str = Field(description="The changed line, without the space around it.")
    table: str = Field(description="The table of the statement that the line touches.")
    rule: str = Field(description="Why it is thought to touch the table, in words.")


Elsewhere = Literal["", "first request", "background", "deferred"]


class Statement(Compared):
    """An SQL statement that only one arm issues on every request, and how often."""

    statement: str
    per_request: Finite
    tables: list[str] = Field(default=[], description="The tables that it names, without their schema.")
    elsewhere: Elsewhere = Field(
        default="",
        description="How the other arm issues it: on the first request to the endpoint after a start only, in the"
        " background, later on behalf of the request (deferred), or not at all.",
    )
    places: list[Place] = Field(default=[], description="Where it may come from, the likeliest first.")


class ChangedStatement(Compared):
    """An SQL statement that both arms issue, a different number of times per request."""

    statement: str
    base: Finite
    head: Finite
    tables: list[str] = []
    places: list[Place] = []


class GrownStatement(Compared):
    """An SQL statement that names other columns on head than on base, and is the same one apart from that."""

    statement: str = Field(description="As head issues it.")
    per_request: Finite = Field(description="On head.")
    columns_added: list[str] = []
    columns_removed: list[str] = []


class SlowerStatement(Compared):
    """An SQL statement of both arms that takes the database longer on head: milliseconds for one call."""

    statement: str
    base_ms: Finite
    head_ms: Finite
    ratio: Finite = Field(description="Hodges-Lehmann estimate of head/base over the blocks.")
    ci: tuple[Finite, Finite] = Field(description="Confidence interval of the ratio.")
    p_adjusted: Finite = Field(description="Of head being slower, Holm-adjusted over the statements tested.")
    units: int
    extra_ms_per_request: Finite


class DeferredStatement(Compared):
    """A statement that is issued later on behalf of the request, as the counts prove."""

    statement: str
    per_request: Finite
    unit: Literal["calls", "rows"] = Field(description="What is proportional to the requests.")


class DeferredBoth(Compared):
    """What each arm does later on behalf of a request."""

    base: list[DeferredStatement] = []
    head: list[DeferredStatement] = []


class Line(Compared):
    """statements = fixed + per_row x rows, through the measured points (rows, statements per request)."""

    fixed: Finite
    per_row: Finite
    points: list[tuple[Finite, Finite]]
    statements: list[Statement] = Field(
        default=[], description="Those that multiply with the rows; per_request is per row here."
    )


class Slope(Compared):
    """Statements per request against the rows of the answer; 0.5 or more for each row is an N+1."""

    row: str = Field(description="What one row is: 'user'.")
    over: Literal["page size", "data scale"]
    base: Line | None
    head: Line | None
    verdict: Verdict
    note: str = Field(default="", description="Why there is no line, or that the N+1 is an old one.")


class Cost(Compared):
    """What head's statements cost more than base's, if each waits for one round trip to the database."""

    round_trip_ms: Finite
    extra_ms: Finite


class MeasuredCost(Compared):
    """The same, measured: with a real delay between service and database, and without, in ms per request."""

    round_trip_ms: Finite = Field(description="The delay as it was made.")
    expected_ms: Finite = Field(description="Difference of the statements' counts times the delay.")
    measured_ms: Finite = Field(description="How much more head's p50 grew than base's with the delay.")
    ci: tuple[Finite, Finite] | None = Field(default=None, description="Confidence interval of measured_ms.")
    confidence: Finite = Field(default=0.0, description="Of the interval, as attained with so many blocks.")
    round_trips: Both = Field(description="Growth of each arm's p50 with the delay, in round trips.")
    blocks: int


CauseKind = Literal[
    "n-plus-one",
    "extra-statement",
    "cache-lost",
    "made-synchronous",
    "slower-statement",
    "fewer-connections",
    "outside-database",
]


class Cause(Compared):
    """What explains an endpoint's regression, as far as the counts show it."""

    kind: CauseKind
    summary: str


class Queries(Compared):
    """SQL statements per request; transaction control (BEGIN, COMMIT …) is counted apart."""

    base: Finite | None
    head: Finite | None
    verdict: Verdict
    stable: bool = Field(description="Both arms' counts are exact: repeats agreed.")
    unstable_because: str = ""
    cold: Both = Field(
        default=Both(base=None, head=None),
        description="Statements of the first request to the endpoint after a start, without the background.",
    )
    cold_exact: bool = Field(
        default=True, description="Nothing was written during it that others may have left to be written."
    )
    per_row: Both | None = Field(default=None, description="The steepest of the slopes, for each arm.")
    rows: Both = Field(
        default=Both(base=None, head=None),
        description="Rows read or written by those statements, per request.",
    )
    db_ms: Both = Field(description="Execution time of those statements in the database, per request.")
    db_share: Both = Field(
        default=Both(base=None, head=None),
        description="db_ms over the request's time: 0.2 is a fifth. Above 1 where statements run side by side.",
    )
    transactions: Both = Both(base=None, head=None)
    added: list[Statement] = []
    removed: list[Statement] = []
    changed: list[ChangedStatement] = []
    grown: list[GrownStatement] = []
    slower: list[SlowerStatement] = []
    deferred: DeferredBoth = DeferredBoth()
    slopes: list[Slope] = []
    costs: list[Cost] = []
    measured_cost: MeasuredCost | None = None
    extra_ms_per_request: Finite | None = Field(
        default=None, description="What the difference costs at the stated database round trip."
    )
    round_trip_ms: Finite = 1.0


class Quantile(Compared):
    """One latency quantile: each arm's value over all requests, the ratio with its interval, the test."""

    base: Finite
    head: Finite
    ratio: Finite = Field(description="Hodges-Lehmann estimate of head/base over the blocks.")
    ci: tuple[Finite, Finite] = Field(description="Confidence interval of the ratio.")
    p_value: Finite | None = Field(description="Exact one-sided Mann-Whitney U of head being slower.")
    p_adjusted: Finite | None = Field(
        default=None,
        description="The smaller of p_value and p_paired, doubled, then Holm-adjusted over the gated family.",
    )
    gated: bool = True
    delta: Finite = Field(description="Smallest relative change that counts here, noise floor included.")
    noise_floor: Finite
    matters: Finite = Field(default=0.0, description="The same without the noise floor: below it is a pass.")
    confidence: Finite = Field(default=0.0, description="Of the interval, as attained with so many units.")
    p_paired: Finite | None = Field(
        default=None, description="Exact one-sided signed-rank test of head being slower."
    )
    p_faster_adjusted: Finite | None = Field(
        default=None, description="Like p_adjusted, of head being faster."
    )
    units: int = Field(default=0, description="Blocks compared, after merging where a block is too small.")
    epoch_ratios: list[Finite] = Field(
        default=[], description="The ratio after each fresh start of the stack."
    )
    verdict: Verdict
    note: str = Field(default="", description="Why it is not gated, or what would settle it.")


class Paired(Compared):
    """The paired instrument's result for one endpoint."""

    pairs: int
    blocks: int
    epochs: int
    p50: Quantile | None = None
    p95: Quantile | None = None
    p99: Quantile | None = None


class Errors(Compared):
    """Requests whose answer failed its checks, out of those sent, in the paired instrument."""

    base: int
    head: int
    requests: int = Field(description="Requests sent to each arm.")
    verdict: Verdict
    examples: list[str] = []


class Control(Compared):
    """Requests straight to the upstream stand-in, one right before each request to an arm of the paired blocks.

    They go to neither arm: where those before one arm's requests take longer, latencies cannot be compared.
    """

    base: Finite = Field(description="Median in ms of those before base's requests.")
    head: Finite = Field(description="Median in ms of those before head's requests.")
    ratio: Finite = Field(description="Hodges-Lehmann estimate of head/base over the blocks.")
    ci: tuple[Finite, Finite] = Field(description="Confidence interval of the ratio.")
    confidence: Finite = Field(description="Of the interval, as attained with so many blocks.")
    p_value: Finite = Field(description="Exact two-sided signed-rank test of a difference.")
    matters: Finite = Field(description="A relative difference up to this could not change a verdict.")
    blocks: int
    requests: int = Field(description="Before each arm's requests; as many again before the other's.")
    drift: Finite | None = Field(
        default=None,
        description="Last fifth of the blocks over the first fifth, both arms. It decides nothing.",
    )
    moved: bool = Field(description="The whole interval is beyond what matters: latencies are invalid.")
    note: str = Field(default="", description="What it means that it moved, or why that could not be seen.")


class EndpointLoad(Compared):
    """One endpoint under load; ``verdict`` is on the failed requests.

    The quantiles are shown and not gated; Holm's correction of theirs is over all of the run's under load.
    """

    slots: int = Field(
        description="Slots of each arm that the quantiles are from: neither arm dropped in them."
    )
    requests: Both = Field(description="Requests that were sent.")
    errors: Both = Field(description="Those whose answer failed its checks.")
    p50: Quantile | None = None
    p95: Quantile | None = None
    p99: Quantile | None = None
    verdict: Verdict
    note: str = Field(default="", description="Why it is undecided or invalid, and the cure.")
    missing: str = Field(default="", description="Which quantiles there are too few answers or rounds for.")


class EndpointComparison(Compared):
    """One endpoint in one cell."""

    name: str
    request: str = Field(description="'POST /v1/chat/completions'")
    verdict: Verdict
    missing_on: list[Arm] = Field(default=[], description="Arms that do not have this endpoint.")
    note: str = ""
    queries: Queries | None = None
    paired: Paired | None = None
    load: EndpointLoad | None = None
    errors: Errors | None = None
    causes: list[Cause] = []
    control: Control | None = Field(default=None, description="The control in this endpoint's own blocks.")


class RoundTrip(Compared):
    """The delay that was put between service and database, and what it was measured to be, in ms."""

    asked_ms: Finite
    direct_ms: Finite = Field(description="Median of a trivial statement without the relay.")
    relayed_ms: Finite = Field(description="The same through the relay, with no delay.")
    delayed_ms: Finite = Field(description="The same through the relay, with the delay.")


class CellLoad(Compared):
    """One cell under load, all endpoints together. ``verdict`` is on the dropped requests."""

    rate: Finite = Field(description="Requests that were due per second.")
    slot_s: Finite = Field(description="Seconds that one slot lasted.")
    rounds: int = Field(description="Pairs of slots, one of each arm.")
    invalid_rounds: int = Field(description="Those in which an arm dropped requests: no quantile uses them.")
    throughput: Both = Field(description="Good answers per second.")
    due: Both = Field(description="Requests that were to be sent.")
    requests: Both = Field(description="Requests that were sent.")
    errors: Both = Field(description="Those whose answer failed its checks.")
    dropped: Both = Field(description="Requests that were due and never sent: too many were in flight.")
    cpu_s_per_1000: Both = Field(description="CPU seconds of the service for 1,000 requests.")
    peak_memory_bytes: Both = Field(description="Highest memory of the service that was seen.")
    db_ms_per_1000: Both = Field(description="Execution time in the database for 1,000 requests.")
    verdict: Verdict
    note: str = Field(default="", description="What was dropped, and what would settle or cure it.")
    examples: list[str] = Field(default=[], description="The first few failures, in words, with their arm.")


class Soak(Compared):
    """A longer slot of each arm: how memory grows with the requests. It decides nothing."""

    seconds: Finite
    requests: Both = Field(description="Requests that were sent.")
    growth: Both = Field(description="Bytes per 1,000 requests: the Theil-Sen slope after the warm-up.")
    base_ci: tuple[Finite, Finite] | None = Field(default=None, description="Interval of base's growth.")
    head_ci: tuple[Finite, Finite] | None = Field(default=None, description="Interval of head's growth.")
    confidence: Finite = Field(description="Of both intervals.")
    start_bytes: Both = Field(description="Memory at the first sample.")
    end_bytes: Both = Field(description="Memory at the last sample.")
    note: str = Field(default="", description="What stands out, or why there is no growth to show.")


class Telemetry(Compared):
    """What the telemetry sink got in all epochs, from both arms."""

    exports: int
    rejected: int = Field(description="Exports that could not be read.")
    spans: int
    points: int = Field(description="Data points of metrics.")
    records: int = Field(description="Log records.")
    events: int = Field(description="Of Langfuse's own batches.")


class CellComparison(Compared):
    """One cell."""

    id: str
    variants: dict[str, str]
    verdict: Verdict
    endpoints: list[EndpointComparison]
    ready_s: Both = Both(base=None, head=None)
    connections: Both = Field(
        default=Both(base=None, head=None), description="Most database connections that were seen open."
    )
    round_trip: RoundTrip | None = None
    control: Control | None = Field(default=None, description="The control in the blocks of all endpoints.")
    load: CellLoad | None = None
    soak: Soak | None = None
    telemetry: Telemetry | None = None
    fault: str = ""
    log_tail: list[str] = []


class Finding(Compared):
    """One thing that changed, in one line: a regression, an improvement or an invalid result."""

    cell: str
    endpoint: str
    metric: Metric
    verdict: Verdict
    summary: str


class GateResult(Compared):
    """The rules that were applied, and the smallest effect that this run could have detected."""

    metrics: list[GatedMetric]
    alpha: Finite
    min_effect: Finite
    min_effect_ms: Finite
    inconclusive: Literal["warn", "fail"]
    tests: int = Field(description="Size of the family that Holm's correction was made over.")
    confidence: Finite
    detectable: dict[str, Finite] = Field(
        default={},
        description="'endpoint/metric' (prefixed 'cell/' where there are several) -> relative effect.",
    )


class Timings(Compared):
    """Where the wall clock went, in seconds; those of all runners together, which ran at the same time."""

    total_s: Finite
    measuring_s: Finite
    phases: dict[str, Finite] = {}
    runners: int = Field(
        default=1, ge=1, description="Machines that the cells were measured on, each cell on one."
    )


class Subjects(Compared):
    """The two versions compared."""

    base: SubjectInfo
    head: SubjectInfo


class Comparison(Compared):
    """The whole of ``comparison.json``."""

    schema_version: Literal[1] = 1
    verdict: Verdict
    backend: Backend = Field(default="local", description="Who ran the services.")
    subjects: Subjects
    findings: list[Finding]
    cells: list[CellComparison]
    gate: GateResult
    host: HostInfo
    hosts: dict[str, HostInfo] = Field(
        default={}, description="By cell: where it was measured, for cells that had runners of their own."
    )
    tools: dict[str, str]
    timings: Timings
    warnings: list[str] = []

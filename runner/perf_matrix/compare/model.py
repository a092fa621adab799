"""``comparison.json``: the public interface. Every number that a report shows is in it.

Times are milliseconds, ratios are head/base, ``None`` stands where a thing was not measured.
Field names are fixed (schema version 1): add, do not rename.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from perf_matrix.matrix.model import Arm, GatedMetric
from perf_matrix.record.model import HostInfo, SubjectInfo

Verdict = Literal["regression", "improvement", "pass", "inconclusive", "invalid"]
Metric = Literal["queries", "p50", "p95", "p99", "errors"]

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Compared(BaseModel):
    """Immutable; an unknown key is an error: a trusted workflow renders comparisons made elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Both(Compared):
    """A number for each arm."""

    base: Finite | None
    head: Finite | None


class Statement(Compared):
    """An SQL statement that only one arm issues, and how often per request."""

    statement: str
    per_request: Finite


class ChangedStatement(Compared):
    """An SQL statement that both arms issue, a different number of times per request."""

    statement: str
    base: Finite
    head: Finite


class Queries(Compared):
    """SQL statements per request; transaction control (BEGIN, COMMIT …) is counted apart."""

    base: Finite | None
    head: Finite | None
    verdict: Verdict
    stable: bool = Field(description="Both arms' counts are exact: repeats agreed.")
    unstable_because: str = ""
    cold: Both = Both(base=None, head=None)
    per_row: Both | None = None
    db_ms: Both
    transactions: Both = Both(base=None, head=None)
    added: list[Statement] = []
    removed: list[Statement] = []
    changed: list[ChangedStatement] = []
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


class EndpointComparison(Compared):
    """One endpoint in one cell."""

    name: str
    request: str = Field(description="'POST /v1/chat/completions'")
    verdict: Verdict
    missing_on: list[Arm] = Field(default=[], description="Arms that do not have this endpoint.")
    note: str = ""
    queries: Queries | None = None
    paired: Paired | None = None
    load: None = None
    errors: Errors | None = None


class CellComparison(Compared):
    """One cell."""

    id: str
    variants: dict[str, str]
    verdict: Verdict
    endpoints: list[EndpointComparison]
    ready_s: Both = Both(base=None, head=None)
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
    """Where the wall clock went, in seconds."""

    total_s: Finite
    measuring_s: Finite
    phases: dict[str, Finite] = {}


class Subjects(Compared):
    """The two versions compared."""

    base: SubjectInfo
    head: SubjectInfo


class Comparison(Compared):
    """The whole of ``comparison.json``."""

    schema_version: Literal[1] = 1
    verdict: Verdict
    subjects: Subjects
    findings: list[Finding]
    cells: list[CellComparison]
    gate: GateResult
    host: HostInfo
    tools: dict[str, str]
    timings: Timings
    warnings: list[str] = []

"""What a matrix file and a workload file say.

The models are the single source of both the validation and the published JSON Schema, so the
descriptions of the fields are written for somebody who is editing YAML.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from perf_matrix.matrix.quantities import DURATION_PATTERN, PERCENT_PATTERN, fraction, seconds

Arm = Literal["base", "head"]
ARMS: tuple[Arm, Arm] = ("base", "head")

GatedMetric = Literal["queries", "p50", "p95", "p99"]

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=64)]
Scalar = str | int | float | bool | None
Placeholder = Annotated[str, Field(pattern=r"^\$\{[A-Za-z_][A-Za-z0-9_.-]*\}$")]


def _whole(value: Any) -> Any:
    """Python calls True and 1.0 equal to 1, so a literal 1 would take them."""
    if isinstance(value, bool | float):
        raise ValueError("has to be the number 1")  # noqa: TRY004 - pydantic turns only ValueError into its error
    return value


def _unique(values: list[Any]) -> list[Any]:
    twice = sorted({str(value) for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is listed twice; once is enough")
    return values


Version = Annotated[Literal[1], BeforeValidator(_whole, json_schema_input_type=Literal[1])]

_Duration = Annotated[str, Field(pattern=DURATION_PATTERN)]
_Percent = Annotated[str, Field(pattern=PERCENT_PATTERN)]

Seconds = Annotated[
    float,
    BeforeValidator(seconds, json_schema_input_type=_Duration | Annotated[float, Field(gt=0, le=86_400)]),
]
Fraction = Annotated[
    float,
    BeforeValidator(fraction, json_schema_input_type=_Percent | Annotated[float, Field(ge=0, le=1)]),
]


class Strict(BaseModel):
    """Immutable; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class Request(Strict):
    """One HTTP request. ``${name}`` in any text is replaced by the target's variable of that name."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field(
        pattern=r"^/",
        description="Path from the root of the service, such as /v1/models.",
        examples=["/v1/models"],
    )
    query: dict[str, Scalar] = Field(
        default={}, description="Query parameters, encoded for you.", examples=[{"page": 1, "size": 25}]
    )
    headers: dict[str, str] = Field(
        default={}, description="Further headers; values are text.", examples=[{"x-request-id": "perf"}]
    )
    bearer: str | None = Field(
        default=None, description="Sent as 'Authorization: Bearer …'.", examples=["${master_key}"]
    )
    body: Any = Field(default=None, alias="json", description="Sent as a JSON body.")
    form: dict[str, str] | None = Field(
        default=None,
        description="Sent as a URL-encoded form; values are text.",
        examples=[{"username": "admin"}],
    )

    @model_validator(mode="after")
    def _one_body(self) -> Request:
        if self.body is not None and self.form is not None:
            raise ValueError("a request has one body: write either json or form")
        return self


class Bounds(Strict):
    """What a value in the answer must be. A count (``data.#``) is compared like any number."""

    equals: Scalar = None
    at_least: float | Placeholder | None = Field(
        default=None, description="A number, or the one variable that holds it.", examples=["${scale.users}"]
    )
    at_most: float | Placeholder | None = Field(
        default=None, description="A number, or the one variable that holds it.", examples=["${scale.users}"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> Bounds:
        if self.equals is None and self.at_least is None and self.at_most is None:
            raise ValueError("a check that nothing can fail; write equals, at_least or at_most")
        return self


class Expectation(Strict):
    """What an answer must be to count. An answer that is not this is an error, however fast it came."""

    status: int = Field(default=200, ge=100, le=599)
    values: dict[str, Scalar | Bounds] = Field(
        default={},
        alias="json",
        description="gjson paths in the JSON answer, such as users.# or data.0.id, and what they must be.",
        examples=[{"data.#": 50}],
    )
    contains: list[str] = Field(
        default=[], description="Texts that the body must contain.", examples=[["ok"]]
    )
    cookies: list[str] = Field(
        default=[], description="Names of cookies that the answer must set.", examples=[["token"]]
    )


PAGE_SIZE = "page_size"
"""The variable that holds the size of a page in the request of an endpoint that pages."""


class Rows(Strict):
    """What the rows of a list are, so that statements can be counted against them."""

    of: str = Field(
        pattern=r"^[a-z][a-z -]*$", max_length=40, description="What one row is.", examples=["user"]
    )
    count: str = Field(
        min_length=1, description="gjson path of how many rows the answer holds.", examples=["users.#"]
    )
    page_sizes: list[Annotated[int, Field(ge=1, le=10_000)]] = Field(
        default=[],
        max_length=2,
        description="Two sizes of a page, where the endpoint pages. ${page_size} in the request is the "
        "first one; statements are counted with the second one, too.",
        examples=[[25, 10]],
        json_schema_extra={"uniqueItems": True},
    )

    @model_validator(mode="after")
    def _two_sizes(self) -> Rows:
        if self.page_sizes and len(set(self.page_sizes)) == 1:
            raise ValueError(
                "page_sizes: one size shows no slope; write two different ones, such as [25, 10]"
            )
        return self


class Endpoint(Strict):
    """One row of the workload: a named request and what its answer must be."""

    name: Name = Field(description="Unique in the workload.", examples=["user-list"])
    description: str = ""
    request: Request = Field(examples=[{"path": "/v1/models"}])
    expect: Expectation = Expectation()
    rows: Rows | None = Field(
        default=None,
        description="For a list: what its rows are. An N+1 then shows as statements for each row.",
        examples=[{"of": "user", "count": "users.#", "page_sizes": [25, 10]}],
    )
    weight: float = Field(
        default=1.0, gt=0, description="Share of the mix under load, relative to the others."
    )

    @property
    def page_sizes(self) -> list[int]:
        """Both sizes of a page; none where the endpoint does not page."""
        return self.rows.page_sizes if self.rows else []


class Workload(Strict):
    """The requests that every cell is measured with."""

    version: Version = Field(description="Version of this file format.", examples=[1])
    endpoints: list[Endpoint] = Field(
        min_length=1,
        description="One row for each request.",
        examples=[[{"name": "models", "request": {"path": "/v1/models"}}]],
    )


class Database(Strict):
    """What lies between the service and its database."""

    round_trip_ms: float | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="A delay that every answer of the database is held back for, in ms; 0 for a relay "
        "without a delay. No relay unless told.",
        examples=[1],
    )


class Upstream(Strict):
    """How the upstream stand-in answers, where the service calls it."""

    latency_ms: float | None = Field(
        default=None,
        ge=0,
        le=60_000,
        description="Each answer takes so long, in ms; 0 unless told.",
        examples=[20],
    )
    jitter_ms: float | None = Field(
        default=None,
        ge=0,
        le=60_000,
        description="Drawn evenly from 0 to so many ms on top, from a fixed seed; none unless told.",
        examples=[5],
    )


class Sink(Strict):
    """How the telemetry sink answers."""

    delay_ms: float | None = Field(
        default=None,
        ge=0,
        le=60_000,
        description="Each export is answered so late, in ms; at once unless told.",
        examples=[200],
    )


class Patch(Strict):
    """What a variant changes of the stack.

    In ``config``, ``env`` and ``sql``, ``${upstream}``, ``${mcp}`` and ``${sink}`` stand for where the service
    reaches its stand-ins.
    """

    config: dict[str, Any] = Field(
        default={},
        description="Merged into the service's configuration: mappings key by key, lists as a whole.",
    )
    env: dict[str, str] = Field(
        default={}, description="Environment variables; values are text.", examples=[{"NUM_WORKERS": "4"}]
    )
    database: Database = Field(
        default=Database(),
        description="What lies between the service and its database.",
        examples=[{"round_trip_ms": 1}],
    )
    scale: dict[Name, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(
        default={},
        description="Seeded instead of what the matrix file's scale says.",
        examples=[{"models": 200}],
    )
    sql: list[str] = Field(
        default=[], description="Run on each arm's database after seeding, before the service starts."
    )
    upstream: Upstream = Upstream()
    sink: Sink = Sink()


class Gate(Strict):
    """What counts as a regression, and what an undecided result does to the exit code."""

    metrics: Annotated[list[GatedMetric], AfterValidator(_unique)] = Field(
        default=["queries", "p50", "p95"],
        min_length=1,
        description="What can fail the check; the rest is reported.",
        examples=[["queries", "p50", "p95"]],
        json_schema_extra={"uniqueItems": True},
    )
    alpha: float = Field(
        default=0.01, gt=0, lt=0.5, description="Chance of any false alarm in a run.", examples=[0.01]
    )
    min_effect: Fraction = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Smallest relative change that matters: 5% or 0.05.",
        examples=["5%"],
    )
    min_effect_ms: float = Field(
        default=1.0, ge=0, description="Smallest absolute change that matters, in ms.", examples=[1]
    )
    inconclusive: Literal["warn", "fail"] = Field(
        default="warn", description="What an undecided result does to the exit code.", examples=["warn"]
    )


class Load(Strict):
    """Load at a fixed arrival rate, in short slots that alternate between the arms."""

    slot: Seconds = Field(default=8.0, ge=1, le=600, description="Length of a slot: 8s.", examples=["8s"])
    slots: int = Field(default=8, ge=2, le=200, description="Slots of each arm.", examples=[8])
    rate: Annotated[float, Field(gt=0, le=10_000)] | Literal["auto"] = Field(
        default="auto",
        description="Requests per second; auto takes half of what base can answer one at a time.",
        examples=[10],
    )
    soak: Seconds | None = Field(
        default=None,
        ge=10,
        le=86_400,
        description="One longer slot for each arm at the end, which shows growing memory: 5m. None unless told.",
        examples=["5m"],
    )


class MatrixFile(Strict):
    """A matrix file: which configurations of the service to compare, with what, for how long."""

    version: Version = Field(description="Version of this file format.", examples=[1])
    target: Name | None = Field(
        default=None, description="The kind of system under test; the first one unless told."
    )
    workload: str = Field(
        pattern=r"^[^\x00-\x1f]+$",
        description="Workload file, relative to this file, or else the shipped one of that name.",
        examples=["workloads/proxy.yml"],
    )
    scale: dict[str, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(
        default={},
        description="How many rows of each kind the database is seeded with.",
        examples=[{"users": 50, "keys": 200}],
    )
    second_scale: dict[str, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(
        default={},
        description="Another scale that lists are measured at, too, to see what grows with the data; what is "
        "not named is as in scale. None unless told.",
        examples=[{"users": 100, "teams": 20}],
    )
    database: Database = Field(
        default=Database(),
        description="What lies between the service and its database, in every cell that says nothing else.",
        examples=[{"round_trip_ms": 1}],
    )
    round_trips_ms: Annotated[list[Annotated[float, Field(ge=0, le=1000)]], AfterValidator(_unique)] = Field(
        default=[0, 1, 5],
        min_length=1,
        json_schema_extra={"uniqueItems": True},
        description="Round trips to the database that extra statements are priced at, in ms.",
        examples=[[0, 1, 5]],
    )
    axes: dict[
        Name,
        Annotated[
            dict[Name, Patch],
            Field(
                min_length=1,
                description="Named variants of one axis, each a patch of the stack.",
                examples=[{"one": {"env": {"NUM_WORKERS": "1"}}}],
            ),
        ],
    ] = Field(
        default={},
        description="Dimensions of the matrix: every combination of their variants is a cell.",
        examples=[{"workers": {"one": {"env": {"NUM_WORKERS": "1"}}}}],
    )
    exclude: list[Annotated[dict[Name, Name], Field(min_length=1)]] = Field(
        default=[],
        description="Combinations to leave out, as GitHub's exclude does: what an entry names decides.",
        examples=[[{"callbacks": "prometheus", "workers": "four"}]],
    )
    include: list[Annotated[dict[Name, Name], Field(min_length=1)]] = Field(
        default=[],
        description="Combinations to add after exclude, as GitHub's include does: with the axes that the entry names.",
        examples=[[{"callbacks": "prometheus", "workers": "four"}]],
    )
    time: Seconds = Field(
        default=360.0, gt=0, le=86_400, description="Limit for one cell: 90s, 6m, 1h30m.", examples=["6m"]
    )
    epochs: int = Field(
        default=2,
        ge=2,
        le=10,
        description="Fresh starts of the stack that the blocks are spread over.",
        examples=[2],
    )
    load: Load | None = Field(
        default=None,
        description="Measure under load, too, within the time of the cell. Not unless told; {} for the defaults.",
        examples=[{"slot": "8s", "slots": 8}],
    )
    gate: Gate = Gate()


class Cell(Strict):
    """One combination of variants, with their patches merged in the order of the axes."""

    id: str = Field(description="'callbacks=none,workers=one', or 'default' where there are no axes.")
    variants: dict[str, str]
    patch: Patch = Patch()

"""What a matrix file and a workload file say.

The models are the single source of both the validation and the published JSON Schema, so the
descriptions of the fields are written for somebody who is editing YAML.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Arm = Literal["base", "head"]
ARMS: tuple[Arm, Arm] = ("base", "head")

GatedMetric = Literal["queries", "p50", "p95", "p99"]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=64)]
Scalar = str | int | float | bool | None


class Strict(BaseModel):
    """Immutable; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Request(Strict):
    """One HTTP request. ``${name}`` in any text is replaced by the target's variable of that name."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field(pattern=r"^/", description="Path from the root of the service, such as /v1/models.")
    query: dict[str, Scalar] = Field(default={}, description="Query parameters, encoded for you.")
    headers: dict[str, str] = {}
    bearer: str | None = Field(default=None, description="Sent as 'Authorization: Bearer …'.")
    body: Any = Field(default=None, alias="json", description="Sent as a JSON body.")
    form: dict[str, str] | None = Field(default=None, description="Sent as a URL-encoded form.")


class Bounds(Strict):
    """What a value in the answer must be. A count (``data.#``) is compared like any number."""

    equals: Scalar = None
    at_least: float | str | None = None
    at_most: float | str | None = None


class Expectation(Strict):
    """What an answer must be to count. An answer that is not this is an error, however fast it came."""

    status: int = Field(default=200, ge=100, le=599)
    values: dict[str, Scalar | Bounds] = Field(
        default={},
        alias="json",
        description="gjson paths in the JSON answer, such as 'users.#' or 'data.0.id', and what they must be.",
    )
    contains: list[str] = Field(default=[], description="Texts that the body must contain.")
    cookies: list[str] = Field(default=[], description="Names of cookies that the answer must set.")


class Endpoint(Strict):
    """One row of the workload: a named request and what its answer must be."""

    name: Name
    description: str = ""
    request: Request
    expect: Expectation = Expectation()
    weight: float = Field(default=1.0, gt=0, description="Share of the mix under load, relative to the others.")


class Workload(Strict):
    """The requests that every cell is measured with."""

    version: Literal[1]
    endpoints: list[Endpoint] = Field(min_length=1)


class Patch(Strict):
    """What a variant changes: a deep patch of the service's configuration and of its environment."""

    config: dict[str, Any] = {}
    env: dict[str, str] = {}


class Gate(Strict):
    """What counts as a regression, and what an undecided result does to the exit code."""

    metrics: list[GatedMetric] = Field(default=["queries", "p50", "p95"], min_length=1)
    alpha: float = Field(default=0.01, gt=0, lt=0.5, description="Chance of any false alarm in a run.")
    min_effect: float = Field(default=0.05, ge=0, description="Smallest relative change that matters: 5% or 0.05.")
    min_effect_ms: float = Field(default=1.0, ge=0, description="Smallest absolute change that matters, in ms.")
    inconclusive: Literal["warn", "fail"] = "warn"


class MatrixFile(Strict):
    """A matrix file: which configurations of the service to compare, with what, for how long."""

    version: Literal[1]
    target: str = Field(default="litellm", description="The kind of system under test.")
    workload: str = Field(description="Workload file, relative to this file.")
    scale: dict[str, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(
        default={}, description="How many rows of each kind the database is seeded with."
    )
    axes: dict[Name, Annotated[dict[Name, Patch], Field(min_length=1)]] = {}
    exclude: list[dict[Name, Name]] = Field(default=[], description="Combinations to leave out, as partial variants.")
    include: list[dict[Name, Name]] = Field(default=[], description="Whole combinations to add back or on top.")
    time: float = Field(default=360.0, gt=0, description="Limit for one cell: 90s, 6m, 1h30m.")
    epochs: int = Field(default=2, ge=2, le=10, description="Fresh starts of the stack that the blocks are spread over.")
    gate: Gate = Gate()


class Cell(Strict):
    """One combination of variants, with their patches merged in the order of the axes."""

    id: str = Field(description="'callbacks=none,workers=one', or 'default' where there are no axes.")
    variants: dict[str, str]
    patch: Patch = Patch()

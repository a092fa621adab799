"""What ``perf-budget.yml`` says.

As with matrix files, the models are the single source of the validation and of the published JSON Schema, so
the descriptions of the fields are written for somebody who is editing YAML.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from perf_matrix.matrix.model import Name, Strict, Version


def _given(value: Any) -> Any:
    """A key with nothing behind it looks like a budget and would be none."""
    if value is None:
        raise ValueError("write a number, such as 1, or remove the key")
    return value


def _no_default(schema: dict[str, Any]) -> None:
    """Null stands for a key that is left out; editors must not offer it."""
    del schema["default"]


class EndpointBudget(Strict):
    """What one request to the endpoint may ask of the database."""

    statements: float = Field(
        ge=0,
        description="SQL statements per request; BEGIN, COMMIT and the like are not counted.",
        examples=[2],
    )
    per_row: Annotated[
        float | None, BeforeValidator(_given, json_schema_input_type=Annotated[float, Field(ge=0)])
    ] = Field(
        default=None,
        ge=0,
        description="How many more SQL statements for each further row of the answer. Where it is left out, "
        "0.5 or more (an N+1) is over budget.",
        examples=[1],
        json_schema_extra=_no_default,
    )
    note: str = Field(
        default="",
        max_length=500,
        description="Why the endpoint may issue that many, in your own words.",
        examples=["one look-up per user until #123 is done"],
    )


class Budget(Strict):
    """A budget file: what each endpoint of the workload may ask of the database."""

    version: Version = Field(description="Version of this file format.", examples=[1])
    endpoints: dict[Name, Annotated[EndpointBudget, Field(examples=[{"statements": 3}])]] = Field(
        description="Endpoint, as the workload names it -> its budget.",
        examples=[{"user-list": {"statements": 3}}],
    )

"""What k6 may send and what must come back: endpoints, with everything that can be worked out beforehand.

Texts are encoded here, once, so that the script does nothing between two requests but send them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict

from perf_matrix.errors import InputError
from perf_matrix.load.lines import MARKER
from perf_matrix.matrix.model import ARMS, Arm, Bounds, Endpoint, Expectation, Request, Scalar

Relation = Literal["equals", "at_least", "at_most"]


class Planned(BaseModel):
    """A part of the plan."""

    model_config = ConfigDict(frozen=True)


class Check(Planned):
    """How the value at a gjson path must relate to another value."""

    relation: Relation
    bound: Scalar


class ValueChecks(Planned):
    """A gjson path that must be in the answer, and the checks on its value."""

    path: str
    checks: list[Check]


class PlannedExpectation(Planned):
    """An Expectation in the script's terms."""

    status: int
    values: list[ValueChecks]
    contains: list[str]
    cookies: list[str]


class PlannedEndpoint(Planned):
    """A request as it goes out, for each arm, what its answer must be, and where its rows are counted."""

    method: str
    urls: dict[Arm, str]
    headers: dict[str, str]
    body: str | None
    expect: PlannedExpectation
    rows: str | None


class Plan(Planned):
    """Everything that the script is started with; it is told through a file that only this user can read."""

    marker: str = MARKER
    commands_url: str
    summary_path: str
    request_timeout_s: float
    endpoints: dict[str, PlannedEndpoint]
    control: PlannedEndpoint | None


def plan_endpoints(endpoints: Sequence[Endpoint], arms: Mapping[Arm, str]) -> dict[str, PlannedEndpoint]:
    """Work out the requests of ``endpoints`` to the origins in ``arms``.

    Raises InputError for a bound that is no number.
    """
    return {each.name: _plan_endpoint(each, arms) for each in endpoints}


def plan_control(url: str) -> PlannedEndpoint:
    """Work out the control request: the same one, to ``url``, whichever arm's request comes after it.

    Only the status of its answer is looked at.
    """
    return PlannedEndpoint(
        method="POST",
        urls=dict.fromkeys(ARMS, url),
        headers={"Content-Type": "application/json"},
        body=json.dumps({"model": "control", "messages": [{"role": "user", "content": "Say ok."}]}),
        expect=PlannedExpectation(status=HTTPStatus.OK, values=[], contains=[], cookies=[]),
        rows=None,
    )


def _plan_endpoint(endpoint: Endpoint, origins: Mapping[Arm, str]) -> PlannedEndpoint:
    target = _target(endpoint.request)
    return PlannedEndpoint(
        method=endpoint.request.method,
        urls={arm: origin.rstrip("/") + target for arm, origin in origins.items()},
        headers=_headers(endpoint.request),
        body=_body(endpoint.request),
        expect=_plan_expectation(endpoint.name, endpoint.expect),
        rows=endpoint.rows.count if endpoint.rows else None,
    )


def _target(request: Request) -> str:
    query = urlencode({key: _as_text(value) for key, value in request.query.items() if value is not None})
    if not query:
        return request.path
    return request.path + ("&" if "?" in request.path else "?") + query


def _as_text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _headers(request: Request) -> dict[str, str]:
    implied = {}
    if request.form is not None:
        implied["Content-Type"] = "application/x-www-form-urlencoded"
    elif request.body is not None:
        implied["Content-Type"] = "application/json"
    if request.bearer is not None:
        implied["Authorization"] = f"Bearer {request.bearer}"
    told = {name.lower() for name in request.headers}
    return {name: value for name, value in implied.items() if name.lower() not in told} | request.headers


def _body(request: Request) -> str | None:
    if request.form is not None:
        return urlencode(request.form)
    if request.body is not None:
        return json.dumps(request.body)
    return None


def _plan_expectation(endpoint: str, expect: Expectation) -> PlannedExpectation:
    return PlannedExpectation(
        status=expect.status,
        values=[
            ValueChecks(path=path, checks=_checks(f"{endpoint}: {path}", value))
            for path, value in expect.values.items()
        ],
        contains=expect.contains,
        cookies=expect.cookies,
    )


def _checks(place: str, value: Scalar | Bounds) -> list[Check]:
    if not isinstance(value, Bounds):
        return [Check(relation="equals", bound=value)]
    exact = [] if value.equals is None else [Check(relation="equals", bound=value.equals)]
    limits: list[tuple[Relation, float | str | None]] = [
        ("at_least", value.at_least),
        ("at_most", value.at_most),
    ]
    return exact + [
        Check(relation=relation, bound=_number(f"{place}: {relation}", limit))
        for relation, limit in limits
        if limit is not None
    ]


def _number(place: str, limit: float | str) -> float:
    try:
        return float(limit)
    except ValueError as error:
        raise InputError(f"{place} must be a number, not {limit!r}") from error

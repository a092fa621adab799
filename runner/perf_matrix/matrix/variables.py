"""``${name}`` in requests and expectations, replaced by the target's variables.

A value that is nothing but ``${name}`` keeps the variable's type, so a count stays a number; inside
longer text, and where only text can stand (paths, headers, forms), it is written out. ``$${`` is a
literal ``${``. Keys stay as they are, except gjson paths, which are looked up with values in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from perf_matrix.errors import InputError
from perf_matrix.matrix.model import Bounds, Endpoint, Expectation, Request, Scalar
from perf_matrix.matrix.nearest import hint

Variables = Mapping[str, Scalar]

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_WHOLE = re.compile(r"\$\{(" + _NAME + r")\}")
_PART = re.compile(r"\$\$\{|\$\{(?P<name>" + _NAME + r")\}|\$\{[^}]{0,40}\}?")


def fill(endpoint: Endpoint, variables: Variables) -> Endpoint:
    """``endpoint`` with every ``${name}`` in its request and expectation replaced.

    Raises InputError, naming the endpoint, for an unknown variable, for ``${`` that starts no name, and
    for a bound that is no number.
    """
    try:
        request = _request(endpoint.request, variables)
        expect = _expectation(endpoint.expect, variables)
    except InputError as error:
        raise InputError(f"endpoint {endpoint.name!r}: {error}") from None
    return endpoint.model_copy(update={"request": request, "expect": expect})


def _request(request: Request, variables: Variables) -> Request:
    form = request.form
    return request.model_copy(
        update={
            "path": fill_text(request.path, variables),
            "query": fill_value(request.query, variables),
            "headers": fill_texts(request.headers, variables),
            "bearer": None if request.bearer is None else fill_text(request.bearer, variables),
            "body": fill_value(request.body, variables),
            "form": None if form is None else fill_texts(form, variables),
        }
    )


def _expectation(expect: Expectation, variables: Variables) -> Expectation:
    values = {
        fill_text(path, variables): _expected(value, variables) for path, value in expect.values.items()
    }
    return expect.model_copy(
        update={
            "values": values,
            "contains": [fill_text(each, variables) for each in expect.contains],
            "cookies": [fill_text(each, variables) for each in expect.cookies],
        }
    )


def _expected(value: Scalar | Bounds, variables: Variables) -> Scalar | Bounds:
    if not isinstance(value, Bounds):
        filled: Scalar = fill_value(value, variables)
        return filled
    return Bounds(
        equals=fill_value(value.equals, variables),
        at_least=_bound(value.at_least, variables),
        at_most=_bound(value.at_most, variables),
    )


def _bound(bound: float | str | None, variables: Variables) -> float | None:
    if not isinstance(bound, str):
        return bound
    number = fill_value(bound, variables)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise InputError(f"{bound} is {number!r}, and a bound has to be a number")
    return number


def fill_value(value: Any, variables: Variables) -> Any:
    """``value`` with every ``${name}`` in any text of it replaced; keys of mappings stay. Raises InputError as fill."""
    if isinstance(value, Mapping):
        return {key: fill_value(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [fill_value(each, variables) for each in value]
    if not isinstance(value, str):
        return value
    whole = _WHOLE.fullmatch(value)
    return fill_text(value, variables) if whole is None else _variable(whole.group(1), variables)


def fill_texts(values: Mapping[str, str], variables: Variables) -> dict[str, str]:
    """Each value as fill_text has it; keys stay."""
    return {key: fill_text(value, variables) for key, value in values.items()}


def fill_text(text: str, variables: Variables) -> str:
    """``text`` with every ``${name}`` in it replaced, always text. Raises InputError as fill, without an endpoint."""
    return _PART.sub(lambda match: _replacement(match, variables), text)


def _replacement(match: re.Match[str], variables: Variables) -> str:
    if match.group() == "$${":
        return "${"
    if match["name"] is None:
        raise InputError(f"{match.group()!r} is not a variable; write ${{name}}, or $${{ for a literal ${{")
    return _written(_variable(match["name"], variables))


def _variable(name: str, variables: Variables) -> Scalar:
    if name not in variables:
        raise InputError(f"there is no variable ${{{name}}}; {hint(name, variables)}")
    return variables[name]


def _written(value: Scalar) -> str:
    """As JSON writes it, without quotes: services read ``true``, not ``True``."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)

"""``${name}`` in requests and expectations."""

from __future__ import annotations

from typing import Any

import pytest

from perf_matrix.errors import InputError
from perf_matrix.matrix.model import Bounds, Endpoint, Expectation, Request, Scalar
from perf_matrix.matrix.variables import fill

VARIABLES: dict[str, Scalar] = {
    "virtual_key": "sk-1",
    "scale.users": 50,
    "ratio": 0.5,
    "debug": True,
    "nothing": None,
    "recursive": "${virtual_key}",
}


def endpoint(expect: dict[str, Any] | None = None, **request: Any) -> Endpoint:
    return Endpoint.model_validate(
        {"name": "one", "request": {"path": "/", **request}, "expect": expect or {}, "weight": 3}
    )


def filled(**request: Any) -> Request:
    return fill(endpoint(**request), VARIABLES).request


def expected(**expect: Any) -> Expectation:
    return fill(endpoint(expect), VARIABLES).expect


def test_a_value_that_is_nothing_else_keeps_its_type() -> None:
    body = filled(json={"a": ["${scale.users}", {"b": "${debug}"}], "c": "${nothing}", "d": "${ratio}"}).body
    assert body == {"a": [50, {"b": True}], "c": None, "d": 0.5}
    assert filled(query={"n": "${scale.users}"}).query == {"n": 50}


def test_inside_text_it_is_written_out_as_json_would() -> None:
    assert filled(json="n=${scale.users} ${debug} ${nothing} ${ratio}").body == "n=50 true null 0.5"


def test_where_only_text_can_stand_it_is_text() -> None:
    request = filled(
        path="/u/${scale.users}",
        headers={"x": "${scale.users}"},
        bearer="${virtual_key}",
        form={"on": "${debug}"},
    )
    assert request.path == "/u/50"
    assert (request.headers, request.bearer, request.form) == ({"x": "50"}, "sk-1", {"on": "true"})


def test_expectations() -> None:
    expect = expected(
        json={
            "total": "${scale.users}",
            "n": {"at_least": "${scale.users}", "at_most": 99},
            "same": {"equals": "${virtual_key}"},
            'keys.#(id=="${virtual_key}").spend': 0,
        },
        contains=["user ${scale.users}"],
        cookies=["c-${virtual_key}"],
    )
    assert expect.values == {
        "total": 50,
        "n": Bounds(at_least=50, at_most=99),
        "same": Bounds(equals="sk-1"),
        'keys.#(id=="sk-1").spend': 0,
    }
    assert (expect.contains, expect.cookies) == (["user 50"], ["c-sk-1"])


def test_the_rest_of_the_endpoint_stays() -> None:
    before = endpoint({"status": 303}, json={"a": 1}, method="POST")
    assert fill(before, VARIABLES) == before


def test_two_dollars_are_a_literal() -> None:
    assert filled(json="$${virtual_key} and ${virtual_key}").body == "${virtual_key} and sk-1"


def test_a_dollar_alone_is_only_a_dollar() -> None:
    assert filled(json="cost: $5, $virtual_key, {x}").body == "cost: $5, $virtual_key, {x}"


def test_what_a_variable_holds_is_not_replaced_again() -> None:
    assert filled(json="${recursive}").body == "${virtual_key}"
    assert filled(json="-${recursive}").body == "-${virtual_key}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${scale.user}", "there is no variable ${scale.user}; did you mean 'scale.users'?"),
        (
            "${qqq}",
            "there is no variable ${qqq}; known: virtual_key, scale.users, ratio, debug, nothing, recursive",
        ),
        ("a ${} b", "'${}' is not a variable; write ${name}, or $${ for a literal ${"),
        ("${virtual key}", "'${virtual key}' is not a variable; write ${name}, or $${ for a literal ${"),
        ("a ${virtual_key", "'${virtual_key' is not a variable; write ${name}, or $${ for a literal ${"),
    ],
)
def test_what_is_no_variable(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        filled(json=[text])
    assert str(caught.value) == f"endpoint 'one': {said}"


@pytest.mark.parametrize("name", ["virtual_key", "debug", "nothing"])
def test_a_bound_has_to_be_a_number(name: str) -> None:
    with pytest.raises(InputError, match="and a bound has to be a number"):
        expected(json={"n": {"at_least": f"${{{name}}}"}})

import json
from typing import Any

import pytest

from perf_matrix.errors import InputError
from perf_matrix.load.plan import PlannedEndpoint, plan_control, plan_endpoints
from perf_matrix.matrix.model import Arm, Bounds, Endpoint, Expectation, Request, Scalar

ARMS: dict[Arm, str] = {"base": "http://127.0.0.1:4000/", "head": "http://127.0.0.1:4001"}


def planned(expect: Expectation | None = None, **request: Any) -> PlannedEndpoint:
    endpoint = Endpoint(
        name="it", request=Request.model_validate({"path": "/v1", **request}), expect=expect or Expectation()
    )
    return plan_endpoints([endpoint], ARMS)["it"]


def test_each_arm_gets_the_same_request_at_its_own_origin() -> None:
    assert planned(path="/a?b=1").urls == {
        "base": "http://127.0.0.1:4000/a?b=1",
        "head": "http://127.0.0.1:4001/a?b=1",
    }


def test_the_control_is_one_chat_request_for_both_arms() -> None:
    control = plan_control("http://127.0.0.1:9000/control/v1/chat/completions")
    assert set(control.urls) == {"base", "head"}
    assert set(control.urls.values()) == {"http://127.0.0.1:9000/control/v1/chat/completions"}
    assert (control.method, control.headers) == ("POST", {"Content-Type": "application/json"})
    message = {"role": "user", "content": "Say ok."}
    assert json.loads(control.body or "") == {"model": "control", "messages": [message]}
    assert control.expect.model_dump() == {"status": 200, "values": [], "contains": [], "cookies": []}


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        ("/v1", {}, "/v1"),
        ("/v1", {"q": "a b&c=ü", "n": 2}, "/v1?q=a+b%26c%3D%C3%BC&n=2"),
        ("/v1?x=1", {"y": 2}, "/v1?x=1&y=2"),
        ("/v1", {"yes": True, "no": False, "left_out": None}, "/v1?yes=true&no=false"),
        ("/v1", {"left_out": None}, "/v1"),
    ],
)
def test_query_parameters_are_encoded(path: str, query: dict[str, Scalar], target: str) -> None:
    assert planned(path=path, query=query).urls["head"] == "http://127.0.0.1:4001" + target


def test_a_json_body_is_encoded_and_says_its_type() -> None:
    body = {"model": "fake", "messages": [{"content": "ü"}], "stream": False}
    request = planned(method="POST", json=body)
    assert request.method == "POST"
    assert json.loads(request.body or "") == body
    assert request.headers == {"Content-Type": "application/json"}


def test_a_form_is_encoded_and_says_its_type() -> None:
    request = planned(method="POST", form={"username": "admin", "password": "a&b c"})
    assert request.body == "username=admin&password=a%26b+c"
    assert request.headers == {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_request_without_a_body_has_no_type() -> None:
    request = planned(bearer="sk-1")
    assert request.body is None
    assert request.headers == {"Authorization": "Bearer sk-1"}


def test_the_users_own_header_wins_however_it_is_written() -> None:
    request = planned(method="POST", json={}, headers={"content-type": "application/x", "X-A": "1"})
    assert request.headers == {"content-type": "application/x", "X-A": "1"}


@pytest.mark.parametrize(
    ("value", "checks"),
    [
        (25, [("equals", 25)]),
        (None, [("equals", None)]),
        (False, [("equals", False)]),
        (Bounds(at_least=1, at_most=5), [("at_least", 1.0), ("at_most", 5.0)]),
        (Bounds(equals="x"), [("equals", "x")]),
        (Bounds(at_least=0), [("at_least", 0.0)]),
    ],
)
def test_every_kind_of_value_becomes_checks(value: Scalar | Bounds, checks: list[tuple[str, Scalar]]) -> None:
    (values,) = planned(Expectation(values={"users.#": value})).expect.values
    assert values.path == "users.#"
    assert [(check.relation, check.bound) for check in values.checks] == checks


def test_a_bound_that_was_not_filled_in_is_named() -> None:
    with pytest.raises(
        InputError, match=r"it: users\.#: at_least must be a number, not '\$\{scale\.users\}'"
    ):
        planned(Expectation(values={"users.#": Bounds(at_least="${scale.users}")}))

"""Cutting GitHub's description down, and filling in what it requires."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.github_api.routes import ROUTES
from tests.github_api.schemas import Schemas
from tests.github_api.spec import PACKAGES, descriptions, prune


def _operation(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"operationId": name, "responses": {"200": {"content": content}}}


WHOLE: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "t"},
    "paths": {
        "/a": {
            "get": _operation("a/get", {"$ref": "#/components/schemas/one"}),
            "post": _operation("a/post", {"$ref": "#/components/schemas/four"}),
        },
        "/b": {"get": _operation("b/get", {"$ref": "#/components/schemas/four"})},
    },
    "components": {
        "schemas": {
            "one": {"properties": {"two": {"$ref": "#/components/schemas/two"}}},
            "two": {"type": "array", "items": {"$ref": "#/components/schemas/one"}},
            "four": {"type": "string"},
        }
    },
}


def test_only_the_operations_in_use_and_what_they_refer_to_are_left() -> None:
    pruned = prune(WHOLE, ["a/get"])

    assert list(pruned["paths"]) == ["/a"]
    assert list(pruned["paths"]["/a"]) == ["get"]
    assert set(pruned["components"]["schemas"]) == {"one", "two"}


def test_an_operation_that_github_does_not_describe() -> None:
    with pytest.raises(LookupError, match="no operation a/put, c/get"):
        prune(WHOLE, ["a/get", "c/get", "a/put"])


def test_the_cached_description_has_every_operation_in_use() -> None:
    rest = json.loads(descriptions(sorted(ROUTES)).rest.read_text())
    described = {operation["operationId"] for path in rest["paths"].values() for operation in path.values()}

    assert described == set(ROUTES)


def test_the_lock_file_pins_by_hash_and_names_no_host() -> None:
    lock = json.loads((PACKAGES / "package-lock.json").read_text())
    packages = [package for path, package in lock["packages"].items() if path]

    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)


def test_what_is_required_is_filled_in_and_what_is_known_is_kept() -> None:
    person = {
        "type": "object",
        "required": ["login", "site", "since", "kind", "age", "boss"],
        "properties": {
            "login": {"type": "string"},
            "nickname": {"type": "string"},
            "site": {"type": "string", "format": "uri"},
            "since": {"type": "string", "format": "date-time"},
            "kind": {"type": "string", "enum": ["user", "bot"]},
            "age": {"type": "integer"},
            "boss": {"type": "object", "nullable": True},
        },
    }
    schemas = Schemas({"schemas": {"person": person}})
    people = {"type": "array", "items": {"$ref": "#/components/schemas/person"}}
    (completed,) = schemas.completed(people, [{"login": "a", "kind": "bot"}])

    assert (completed["login"], completed["kind"], completed["age"], completed["boss"]) == (
        "a",
        "bot",
        0,
        None,
    )
    assert "nickname" not in completed
    assert schemas.problems(people, [completed]) == []


def test_the_kind_that_fits_is_chosen() -> None:
    cat = {"type": "object", "required": ["meow", "name"], "properties": _texts("meow", "name")}
    dog = {"type": "object", "required": ["bark", "name"], "properties": _texts("bark", "name")}
    schemas = Schemas({})

    assert schemas.completed({"anyOf": [cat, dog]}, {"bark": "loud"}) == {"bark": "loud", "name": ""}


def test_a_property_that_is_not_described_is_a_problem_wherever_it_is() -> None:
    inner = {"type": "object", "properties": _texts("known")}
    schema = {"allOf": [{"type": "object", "properties": {"list": {"type": "array", "items": inner}}}]}

    assert Schemas({}).problems(schema, {"list": [{"known": "x"}, {"unknown": "x"}]}) == [
        "/list/1/unknown: no property of this name is described"
    ]


def _texts(*names: str) -> dict[str, Any]:
    return {name: {"type": "string"} for name in names}

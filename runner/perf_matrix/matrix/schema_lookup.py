"""Looks up in a JSON Schema what may stand at a place in a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perf_matrix.matrix.yaml_tree import Path

Schema = Mapping[str, Any]

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a mapping",
}


def schema_at(root: Schema, path: Path) -> Schema:
    """The schema of the value at ``path``; an empty one where the file format says nothing about it."""
    schema = root
    for part in path:
        schema = next((child for child in _children(root, schema, part)), {})
    return schema


def keys_of(root: Schema, schema: Schema) -> list[str]:
    """The keys that a mapping with this schema may have."""
    return [key for member in _members(root, schema) for key in member.get("properties", {})]


def required_keys(root: Schema, schema: Schema) -> list[str]:
    """The keys that a mapping with this schema cannot do without."""
    return [key for member in _members(root, schema) for key in member.get("required", [])]


def expected(root: Schema, schema: Schema) -> str:
    """``a whole number``, ``'warn' or 'fail'``, ``text or a number``: what this schema accepts, in words."""
    words = dict.fromkeys(_words(member) for member in _members(root, schema))
    if _TYPES["number"] in words:
        words.pop(_TYPES["integer"], None)
    if len(words) > 1:
        words.pop(_TYPES["null"], None)
    return _either(list(words))


def _either(words: list[str]) -> str:
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _words(schema: Schema) -> str:
    if "enum" in schema:
        return _either([repr(choice) for choice in schema["enum"]])
    if "const" in schema:
        return repr(schema["const"])
    return _TYPES.get(schema.get("type", ""), "another value")


def _members(root: Schema, schema: Schema) -> Iterator[Schema]:
    """The schema itself, or each of the alternatives that it is a choice of, references followed."""
    if "$ref" in schema:
        yield from _members(root, root["$defs"][schema["$ref"].rsplit("/", 1)[-1]])
    elif "anyOf" in schema:
        for member in schema["anyOf"]:
            yield from _members(root, member)
    else:
        yield schema


def _children(root: Schema, schema: Schema, part: str | int) -> Iterator[Schema]:
    for member in _members(root, schema):
        if isinstance(part, int):
            yield from [member["items"]] if "items" in member else []
        elif part in member.get("properties", {}):
            yield member["properties"][part]
        else:
            yield from _of_any_key(member)


def _of_any_key(schema: Schema) -> Iterator[Schema]:
    """Patterns are not matched: what stands below a badly named key is explained all the same."""
    yield from schema.get("patternProperties", {}).values()
    if isinstance(schema.get("additionalProperties"), dict):
        yield schema["additionalProperties"]

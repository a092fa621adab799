"""Schemas of an OpenAPI 3.0 description: references, the properties they know, and filling in what they require."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openapi_schema_validator import OAS30Validator, oas30_format_checker

Schema = Mapping[str, Any]
_MOMENT = "2026-01-01T00:00:00Z"
_OF_FORMAT = {
    "date-time": _MOMENT,
    "uri": "https://github.invalid/",
    "email": "nobody@github.invalid",
}
_OF_TYPE: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}
_MOST_SHOWN, _ENDS_SHOWN = 300, 140
_NOT_GIVEN: Any = object()


@dataclass(frozen=True)
class Schemas:
    """The components of a description, which its schemas refer to."""

    components: Mapping[str, Any]

    def problems(self, schema: Schema, value: Any) -> list[str]:
        """What is wrong with ``value``: what the schema forbids, and properties that it does not know."""
        validator = OAS30Validator(
            {**schema, "components": self.components}, format_checker=oas30_format_checker
        )
        forbidden = [
            f"{_place(error.absolute_path)}: {_shortened(error.message)}"
            for error in validator.iter_errors(value)
        ]
        unknown = [
            f"{place}: no property of this name is described" for place in self._unknown([schema], value)
        ]
        return [*forbidden, *unknown]

    def completed(self, schema: Schema, known: Any) -> Any:
        """``known`` and, where the schema requires more, the least that it allows: null, 0, an empty text or list."""
        return self._completed(schema, known)

    def resolved(self, part: Schema) -> Schema:
        """What ``part`` refers to; itself where it is no reference."""
        while "$ref" in part:
            section, name = part["$ref"].removeprefix("#/components/").split("/", 1)
            part = self.components[section][name]
        return part

    def _completed(self, reference: Schema, known: Any) -> Any:
        schema = self.resolved(reference)
        if known is None or (known is _NOT_GIVEN and schema.get("nullable")):
            return None
        choice = self._choice(schema, known)
        if choice:
            return self._of_choice(choice, known)
        for part in schema.get("allOf", ()):
            known = self._completed(part, known)
        if "properties" in schema or schema.get("type") == "object":
            return self._object(schema, known)
        if schema.get("type") == "array":
            return self._array(schema, known)
        return _least(schema) if known is _NOT_GIVEN else known

    def _choice(self, schema: Schema, known: Any) -> Sequence[Schema]:
        """The schemas to choose from; only one where the value names it."""
        discriminator = schema.get("discriminator", {})
        name = known.get(discriminator.get("propertyName")) if isinstance(known, dict) else None
        if name in discriminator.get("mapping", {}):
            return [{"$ref": discriminator["mapping"][name]}]
        return schema.get("oneOf") or schema.get("anyOf") or ()

    def _of_choice(self, choice: Sequence[Schema], known: Any) -> Any:
        candidates = (self._completed(part, known) for part in choice)
        fitting = (
            candidate
            for candidate, part in zip(candidates, choice, strict=True)
            if not self.problems(part, candidate)
        )
        return next(fitting, None if known is _NOT_GIVEN else known)

    def _object(self, schema: Schema, known: Any) -> Any:
        given: Any = {} if known is _NOT_GIVEN else known
        if not isinstance(given, dict):
            return given
        properties = schema.get("properties", {})
        names = [*given, *(name for name in schema.get("required", ()) if name not in given)]
        return {
            name: self._completed(properties.get(name, {}), given.get(name, _NOT_GIVEN)) for name in names
        }

    def _array(self, schema: Schema, known: Any) -> Any:
        if known is _NOT_GIVEN:
            return []
        if not isinstance(known, list):
            return known
        return [self._completed(schema["items"], item) for item in known]

    def _unknown(self, schemas: Sequence[Schema], value: Any, place: str = "") -> Iterator[str]:
        shapes = [shape for schema in schemas for shape in self._shapes(schema)]
        if isinstance(value, dict):
            yield from self._unknown_properties(shapes, value, place)
        elif isinstance(value, list):
            items = [shape["items"] for shape in shapes if "items" in shape]
            for index, item in enumerate(value):
                yield from self._unknown(items, item, f"{place}/{index}")

    def _unknown_properties(
        self, shapes: Sequence[Schema], value: Mapping[str, Any], place: str
    ) -> Iterator[str]:
        named = [shape["properties"] for shape in shapes if "properties" in shape]
        if not named or any(isinstance(shape.get("additionalProperties"), dict) for shape in shapes):
            return
        for name, content in value.items():
            described = [properties[name] for properties in named if name in properties]
            if described:
                yield from self._unknown(described, content, f"{place}/{name}")
            else:
                yield f"{place}/{name}"

    def _shapes(self, reference: Schema) -> Iterator[Schema]:
        """The schema and every part of it that it is made of or may choose."""
        schema = self.resolved(reference)
        yield schema
        for keyword in ("allOf", "oneOf", "anyOf"):
            for part in schema.get(keyword, ()):
                yield from self._shapes(part)


def _least(schema: Schema) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("format") in _OF_FORMAT:
        return _OF_FORMAT[schema["format"]]
    return _OF_TYPE.get(schema.get("type", ""), None)


def _place(path: Iterable[str | int]) -> str:
    return "/" + "/".join(map(str, path))


def _shortened(message: str) -> str:
    """What is wrong stands at the end of the validator's messages, after the whole of the value."""
    return message if len(message) <= _MOST_SHOWN else f"{message[:_ENDS_SHOWN]} … {message[-_ENDS_SHOWN:]}"

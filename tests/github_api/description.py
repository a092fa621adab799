"""GitHub's description of its REST interface: which operation a request is, and whether both sides keep to it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .exchange import JSON, Answer, Request
from .schemas import Schema, Schemas

Value = str | int | bool


@dataclass(frozen=True)
class Operation:
    """One operation of the description."""

    id: str
    method: str
    template: str
    pattern: re.Pattern[str]
    described: Mapping[str, Any]


@dataclass(frozen=True)
class Matched:
    """A request and the operation that it is; ``problems``: what the description does not allow in it."""

    operation: Operation
    path: Mapping[str, Value]
    query: Mapping[str, Value]
    body: Any
    problems: tuple[str, ...]


class Description:
    """The operations of a (cut down) OpenAPI description."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self.schemas = Schemas(content["components"])

    @classmethod
    def read(cls, file: Path) -> Description:
        """The description in a JSON file."""
        return cls(json.loads(file.read_text(encoding="utf-8")))

    @cached_property
    def operations(self) -> list[Operation]:
        """Every operation, those with fewer variables in the path first."""
        found = [
            Operation(
                operation["operationId"], method.upper(), path, self._pattern(path, operation), operation
            )
            for path, methods in self._content["paths"].items()
            for method, operation in methods.items()
        ]
        return sorted(found, key=lambda operation: operation.template.count("{"))

    def match(self, request: Request, body: Any) -> Matched | None:
        """The operation that a request is, and what is wrong with it; None where none is described.

        ``body``: the parsed content, None where there was none.
        """
        for operation in self.operations:
            found = operation.pattern.fullmatch(request.path)
            if found and operation.method == request.method:
                return self._matched(operation, found.groupdict(), request, body)
        return None

    def completed(self, operation: Operation, answer: Answer) -> Answer:
        """The answer with everything that the description requires and the handler did not say."""
        schema = self._schema_of(operation, answer)
        if schema is None or answer.body is None:
            return answer
        body = self.schemas.completed(schema, answer.body)
        return Answer(answer.status, body, answer.headers, answer.media)

    def problems_of(self, operation: Operation, answer: Answer) -> list[str]:
        """What the description does not allow in an answer."""
        described = str(answer.status) in operation.described["responses"]
        if answer.status < 400 and not described:
            return [f"status {answer.status} is not described for {operation.id}"]
        if answer.media != JSON:
            return []
        schema = self._schema_of(operation, answer)
        if schema is None:
            return (
                [] if answer.body is None else [f"a body is not described for {operation.id} {answer.status}"]
            )
        return self.schemas.problems(schema, answer.body)

    def _matched(
        self, operation: Operation, in_path: Mapping[str, str], request: Request, body: Any
    ) -> Matched:
        known = self._parameters(operation.described)
        path = {name: unquote(text) for name, text in in_path.items()}
        typed_path, wrong_path = self._typed(known["path"], path)
        typed_query, wrong_query = self._typed(known["query"], dict(request.query))
        wrong_body = self._wrong_body(operation, body)
        return Matched(operation, typed_path, typed_query, body, (*wrong_path, *wrong_query, *wrong_body))

    def _typed(
        self, known: Mapping[str, Schema], given: Mapping[str, str]
    ) -> tuple[dict[str, Value], list[str]]:
        typed: dict[str, Value] = {}
        problems = []
        for name, text in given.items():
            if name not in known:
                problems.append(f"parameter {name} is not described")
                continue
            typed[name] = _value(self.schemas.resolved(known[name]).get("type", "string"), text)
            problems += [
                f"parameter {name}{wrong}" for wrong in self.schemas.problems(known[name], typed[name])
            ]
        return typed, problems

    def _wrong_body(self, operation: Operation, body: Any) -> list[str]:
        described = operation.described.get("requestBody")
        if described is None:
            return [] if body is None else ["body: none is described"]
        if body is None:
            return ["body: missing"] if described.get("required") else []
        schema = described["content"]["application/json"]["schema"]
        return [f"body{wrong}" for wrong in self.schemas.problems(schema, body)]

    def _schema_of(self, operation: Operation, answer: Answer) -> Schema | None:
        response = operation.described["responses"].get(str(answer.status))
        if response is None:
            return {"$ref": "#/components/schemas/basic-error"} if answer.status >= 400 else None
        content = self.schemas.resolved(response).get("content", {})
        media = content.get("application/json")
        return None if media is None else media["schema"]

    def _parameters(self, operation: Mapping[str, Any]) -> dict[str, dict[str, Schema]]:
        places: dict[str, dict[str, Schema]] = {"path": {}, "query": {}, "header": {}}
        for reference in operation.get("parameters", ()):
            parameter = self.schemas.resolved(reference)
            places[parameter["in"]][parameter["name"]] = parameter["schema"]
        return places

    def _pattern(self, path: str, operation: Mapping[str, Any]) -> re.Pattern[str]:
        several = {
            parameter["name"]
            for parameter in map(self.schemas.resolved, operation.get("parameters", ()))
            if parameter.get("x-multi-segment")
        }
        parts = re.split(r"\{(\w+)\}", path)
        return re.compile(
            "".join(
                re.escape(part) if index % 2 == 0 else f"(?P<{part}>{'.+' if part in several else '[^/]+'})"
                for index, part in enumerate(parts)
            )
        )


def _value(kind: str, text: str) -> Value:
    """A parameter's text as what it is described to be; the text itself where it is no such thing."""
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text

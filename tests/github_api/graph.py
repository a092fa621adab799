"""GitHub's GraphQL interface: requests are checked against its published schema and carried out by graphql-core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSyntaxError,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from .state import Comment, State
from .tokens import Needs, Token

_MAY_MINIMISE: Needs = (("issues", "write"), ("pull_requests", "write"))


@dataclass(frozen=True)
class Outcome:
    """What is answered, and what the schema does not allow in the request or in the answer."""

    body: dict[str, Any]
    violations: tuple[str, ...] = ()


class GraphRefusedError(Exception):
    """GitHub says no to one field; ``kind`` is its word for why, such as FORBIDDEN."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Graph:
    """The schema in a file of GraphQL's definition language."""

    file: Path

    @property
    def schema(self) -> GraphQLSchema:
        """Built when it is first asked for, which takes a second or two."""
        return _schema_in(self.file)

    def answer(self, body: Any, state: State, token: Token) -> Outcome:
        """Carry out a request: ``body`` has ``query`` and may have ``variables`` and ``operationName``."""
        wrong = _wrong_shape(body)
        if wrong:
            return Outcome({"errors": [{"message": wrong}]}, (wrong,))
        try:
            document = parse(body["query"])
        except GraphQLSyntaxError as error:
            return _disallowed([error])
        errors = validate(self.schema, document)
        if errors:
            return _disallowed(errors)
        result = execute_sync(
            self.schema,
            document,
            root_value=_Root(state, token).fields(),
            variable_values=body.get("variables") or {},
            operation_name=body.get("operationName"),
            field_resolver=_field,
        )
        return _outcome(result.data, result.errors or [])


@cache
def _schema_in(file: Path) -> GraphQLSchema:
    return build_schema(file.read_text(encoding="utf-8"), assume_valid=True)


@dataclass(frozen=True)
class _Root:
    state: State
    token: Token

    def fields(self) -> dict[str, Any]:
        """What can be asked and done; GitHub has much more of both."""
        return {
            "viewer": {"__typename": "User", "login": self.token.account.login},
            "minimizeComment": self._minimise,
        }

    def _minimise(self, _info: GraphQLResolveInfo[Any], **arguments: Any) -> dict[str, Any]:
        asked = arguments["input"]
        comment = self._comment(asked["subjectId"])
        if not self.token.may(_MAY_MINIMISE):
            raise GraphRefusedError("FORBIDDEN", "Resource not accessible by integration")
        minimised = self.state.replace_comment(replace(comment, minimised=asked["classifier"]))
        return {
            "clientMutationId": asked.get("clientMutationId"),
            "minimizedComment": _minimised(minimised),
        }

    def _comment(self, node_id: str) -> Comment:
        found = next((comment for comment in self.state.comments if comment.node_id == node_id), None)
        if found is None:
            message = f"Could not resolve to a node with the global id of '{node_id}'"
            raise GraphRefusedError("NOT_FOUND", message)
        return found


def _field(source: Mapping[str, Any], info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """What a field is. GitHub has many more: one that is not known here must not pass for null."""
    name = f"{info.parent_type.name}.{info.field_name}"
    if info.field_name not in source:
        raise LookupError(f"{name} is described, and this server does not have it")
    found = source[info.field_name]
    return found(info, **arguments) if callable(found) else found


def _minimised(comment: Comment) -> dict[str, Any]:
    return {
        "__typename": "IssueComment",
        "id": comment.node_id,
        "databaseId": comment.id,
        "isMinimized": comment.minimised is not None,
        "minimizedReason": comment.reason,
        "viewerCanMinimize": True,
    }


def _wrong_shape(body: Any) -> str | None:
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return "A query attribute must be specified and must be a string."
    unknown = sorted(set(body) - {"query", "variables", "operationName"})
    return f"a GraphQL request has no {', '.join(unknown)}" if unknown else None


def _disallowed(errors: list[GraphQLError]) -> Outcome:
    shown = [_shown(error) for error in errors]
    return Outcome({"errors": shown}, tuple(error.message for error in errors))


def _outcome(data: Mapping[str, Any] | None, errors: list[GraphQLError]) -> Outcome:
    """Errors that are no refusal of this server mean wrong variables, or an answer that the schema forbids."""
    violations = [
        error.message for error in errors if not isinstance(error.original_error, GraphRefusedError)
    ]
    body: dict[str, Any] = {"data": data}
    if errors:
        body["errors"] = [_shown(error) for error in errors]
    return Outcome(body, tuple(violations))


def _shown(error: GraphQLError) -> dict[str, Any]:
    refused = error.original_error
    formatted = dict(error.formatted)
    if isinstance(refused, GraphRefusedError):
        formatted |= {"type": refused.kind, "extensions": {"saml_failure": False}}
    return formatted

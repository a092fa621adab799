"""Getting GitHub's descriptions of its interfaces: installed by npm, cut down to what is in use, cached."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perf_matrix.cache import cache_root, make_once
from perf_matrix.stacks.npm import install_locked
from perf_matrix.tools import find_node

PACKAGES = Path(__file__).with_name("packages")
_REST = Path("node_modules/@octokit/openapi/generated/api.github.com.json")
_GRAPHQL = Path("node_modules/@octokit/graphql-schema/schema.graphql")
_METHODS = {"get", "post", "put", "patch", "delete"}
# GitHub answers null for the repository of a fork that was deleted; its description lacks that.
_HEADS_OF_DELETED_FORKS = ("pull-request", "pull-request-simple")
_CHOICES = {"anyOf", "oneOf"}
_NULL = {"type": "string", "nullable": True, "enum": [None]}


@dataclass(frozen=True)
class Descriptions:
    """Two files: the REST interface (OpenAPI 3.0, JSON) and the GraphQL schema."""

    rest: Path
    graphql: Path


def descriptions(operations: Sequence[str], cache: Path | None = None) -> Descriptions:
    """GitHub's descriptions, the one of REST cut down to ``operations``; from ``cache`` once they were made.

    ``cache``: the user's own where it is not given. Raises MissingToolError without Node.js, MeasurementError
    where npm fails, LookupError for an operation that GitHub does not describe.
    """

    def make(target: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="github-descriptions-") as scratch:
            installed = install_locked(PACKAGES, Path(scratch), find_node())
            whole = json.loads((installed / _REST).read_text(encoding="utf-8"))
            (target / "rest.json").write_text(json.dumps(prune(whole, operations)), encoding="utf-8")
            shutil.copyfile(installed / _GRAPHQL, target / "schema.graphql")

    folder = make_once((cache or cache_root()) / "npm" / f"github-descriptions-{_digest(operations)}", make)
    return Descriptions(folder / "rest.json", folder / "schema.graphql")


def prune(whole: dict[str, Any], operations: Sequence[str]) -> dict[str, Any]:
    """The part of an OpenAPI description that ``operations`` (their ids) need, references included.

    Raises LookupError for an operation that it does not describe.
    """
    paths = _paths_of(whole["paths"], set(operations))
    described = {operation["operationId"] for methods in paths.values() for operation in methods.values()}
    missing = sorted(set(operations) - described)
    if missing:
        raise LookupError(f"GitHub's description has no operation {', '.join(missing)}")
    pruned = {"openapi": whole["openapi"], "info": whole["info"], "paths": paths, "components": {}}
    for section, name, component in _components_of(whole, paths):
        pruned["components"].setdefault(section, {})[name] = component
    _amend(pruned["components"].get("schemas", {}))
    amended: dict[str, Any] = with_null(pruned)
    return amended


def _paths_of(paths: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    chosen = {
        path: {
            method: {key: value for key, value in operation.items() if key != "x-octokit"}
            for method, operation in methods.items()
            if method in _METHODS and operation["operationId"] in wanted
        }
        for path, methods in paths.items()
    }
    return {path: methods for path, methods in chosen.items() if methods}


def _components_of(whole: dict[str, Any], paths: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Every component that ``paths`` refers to, and those refer to, once each."""
    seen: set[str] = set()
    todo: list[Any] = [paths]
    while todo:
        for reference in _references(todo.pop()):
            if reference not in seen:
                seen.add(reference)
                section, name = reference.removeprefix("#/components/").split("/", 1)
                component = whole["components"][section][name]
                todo.append(component)
                yield section, name, component


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _amend(schemas: dict[str, Any]) -> None:
    for name in _HEADS_OF_DELETED_FORKS:
        if name in schemas:
            head = schemas[name]["properties"]["head"]["properties"]
            head["repo"] = {"nullable": True, "anyOf": [head["repo"]]}


def with_null(part: Any) -> Any:
    """A copy in which every schema that is nullable does allow null.

    GitHub marks schemas as nullable whose enum lacks null, or which are a choice without a type. By OpenAPI 3.0.3
    such a mark has no effect; GitHub answers null.
    """
    if isinstance(part, list):
        return [with_null(value) for value in part]
    if not isinstance(part, dict):
        return part
    copy = {key: with_null(value) for key, value in part.items()}
    if part.get("nullable") is True:
        if "enum" in part and None not in part["enum"]:
            copy["enum"] = [*part["enum"], None]
        for choice in _CHOICES & part.keys():
            copy[choice] = [*copy[choice], _NULL]
    return copy


def _digest(operations: Sequence[str]) -> str:
    """Of all that decides what is made: the locked packages, the operations, and how they are cut out."""
    digest = hashlib.sha256(json.dumps(sorted(operations)).encode())
    for path in (PACKAGES / "package.json", PACKAGES / "package-lock.json", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]

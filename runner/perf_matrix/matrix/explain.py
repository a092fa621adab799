"""What pydantic found, in words for somebody who is editing YAML.

The JSON Schema of the model says what a place may hold, what it means and what an example looks
like, so the messages need no second description of the file format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from perf_matrix.matrix.model import NAME_PATTERN
from perf_matrix.matrix.nearest import hint, nearest
from perf_matrix.matrix.problems import Problem
from perf_matrix.matrix.schema_lookup import Schema, expected, keys_of, required_keys, schema_at
from perf_matrix.matrix.yaml_tree import Document, Path

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class _Finding:
    """One pydantic error: where it lies in the document, and where in the model."""

    path: Path
    details: Mapping[str, Any]
    document: Document
    root: Schema

    @property
    def kind(self) -> str:
        return str(self.details["type"])

    @property
    def value(self) -> Any:
        return self.document.value(self.path)

    @property
    def schema(self) -> Schema:
        return schema_at(self.root, self.path)


def explain(errors: Iterable[ErrorDetails], document: Document, schema: Schema) -> list[Problem]:
    """One problem for each place that is wrong; a union's several complaints become one."""
    findings = [_Finding(_path_in(document, each["loc"]), each, document, schema) for each in errors]
    explained = _paths_above(finding.path for finding in findings if not _is_wrong_type(finding))
    return [_problem(each) for each in findings if not (_is_wrong_type(each) and each.path in explained)]


def _path_in(document: Document, loc: tuple[str | int, ...]) -> Path:
    """``loc`` without what is not in the document: names of union members, ``[key]``, missing keys."""
    path: Path = ()
    for part in loc:
        if (*path, part) in document.values:
            path = (*path, part)
    return path


def _paths_above(paths: Iterable[Path]) -> set[Path]:
    """Each path and every path above it.

    There a wrong type is only what the other members of a union say: that a mapping is no number.
    """
    return {path[:depth] for path in paths for depth in range(len(path) + 1)}


def _is_wrong_type(finding: _Finding) -> bool:
    return finding.kind.endswith(("_type", "_parsing")) or finding.kind in ("none_required", "int_from_float")


def _problem(finding: _Finding) -> Problem:
    write = _wrong_type if _is_wrong_type(finding) else _MESSAGES.get(finding.kind, _other)
    is_about_key = finding.kind == "extra_forbidden" or finding.details["loc"][-1:] == ("[key]",)
    at_value = not is_about_key and not isinstance(finding.value, dict | list)
    place = finding.document.values[finding.path] if at_value else finding.document.place(finding.path)
    return Problem(place, write(finding))


def _wrong_type(finding: _Finding) -> str:
    message = (
        f"{_where(finding.path)}expected {expected(finding.root, finding.schema)}, found {_found(finding)}"
    )
    return message + _cure(finding)


def _cure(finding: _Finding) -> str:
    written = finding.document.written.get(finding.path)
    wanted = expected(finding.root, finding.schema)
    if (
        written
        and isinstance(finding.value, bool | int | float)
        and "text" in wanted
        and "number" not in wanted
    ):
        return f'; write it in quotes: "{written}"'
    if finding.value is None and wanted == "a mapping" and not required_keys(finding.root, finding.schema):
        return "; write {} for an empty one"
    return _example(finding)


def _example(finding: _Finding) -> str:
    examples = finding.schema.get("examples")
    if not examples:
        return ""
    name = next((part for part in reversed(finding.path) if isinstance(part, str)), None)
    in_list = bool(finding.path) and isinstance(finding.path[-1], int)
    example = examples[0] if name is None or in_list else {name: examples[0]}
    return f"; for example {_flow(example)}"


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    text = text.removesuffix("\n").removesuffix("\n...")
    return text[1:-1] if isinstance(value, dict) else text


def _unknown_key(finding: _Finding) -> str:
    *above, key = finding.path
    known = keys_of(finding.root, schema_at(finding.root, tuple(above)))
    return f"{_where(tuple(above))}unknown key {key!r}; {hint(str(key), known)}"


def _missing(finding: _Finding) -> str:
    key = str(finding.details["loc"][-1])
    schema = schema_at(finding.root, (*finding.path, key))
    examples = schema.get("examples", [])
    example = f"; write for example {_flow({key: examples[0]})}" if examples else ""
    return f"{_where(finding.path)}the key {key!r} is missing{example}"


def _not_allowed(finding: _Finding) -> str:
    choices = expected(finding.root, finding.schema)
    meant = nearest(str(finding.value), [str(choice) for choice in finding.schema.get("enum", [])])
    like = f"; did you mean {meant!r}?" if meant else ""
    return f"{_where(finding.path)}expected {choices}, found {_found(finding)}{like}"


def _too_few(finding: _Finding) -> str:
    return f"{_where(finding.path)}at least one entry is needed, there is none{_example(finding)}"


def _pattern(finding: _Finding) -> str:
    if finding.details["loc"][-1] == "[key]" or _is_name(finding):
        written = finding.path[-1] if finding.details["loc"][-1] == "[key]" else finding.value
        return (
            f"{written!r} is not a name; write lower-case letters, digits, '.', '_' and '-', "
            f"starting with a letter or a digit"
        )
    return f"{_where(finding.path)}{_found(finding)} does not fit: {_description(finding)}{_example(finding)}"


def _is_name(finding: _Finding) -> bool:
    return bool(finding.schema.get("pattern") == NAME_PATTERN)


def _description(finding: _Finding) -> str:
    return str(finding.schema.get("description", "see docs/MATRIX.md")).removesuffix(".")


def _too_long(finding: _Finding) -> str:
    return f"{_where(finding.path)}longer than {finding.details['ctx']['max_length']} characters; shorten it"


def _bound(words: str, name: str) -> Callable[[_Finding], str]:
    def message(finding: _Finding) -> str:
        limit = finding.details["ctx"][name]
        return (
            f"{_where(finding.path)}has to be {words} {limit:g}, found {_found(finding)}{_example(finding)}"
        )

    return message


def _said_by_model(finding: _Finding) -> str:
    return f"{_where(finding.path)}{finding.details['ctx']['error']}"


def _other(finding: _Finding) -> str:
    return f"{_where(finding.path)}{finding.details['msg']}, found {_found(finding)}{_example(finding)}"


_MESSAGES: dict[str, Callable[[_Finding], str]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "literal_error": _not_allowed,
    "too_short": _too_few,
    "string_pattern_mismatch": _pattern,
    "string_too_long": _too_long,
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "value_error": _said_by_model,
}


def _where(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"{text.removeprefix('.')}: " if text else ""


def _found(finding: _Finding) -> str:
    value, written = finding.value, finding.document.written.get(finding.path)
    if value is None:
        return "nothing"
    if isinstance(value, bool) and str(written).lower() not in ("true", "false"):
        return f"{written}, which YAML reads as {str(value).lower()}"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value[:_SHOWN]) if isinstance(value, str) else str(written)

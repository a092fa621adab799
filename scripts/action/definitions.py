"""The inputs and outputs that the actions and the reusable workflow declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILES = (
    "action.yml",
    "plan/action.yml",
    "report/action.yml",
    "publish/action.yml",
    ".github/workflows/perf-matrix.yml",
)
"""Below the root of the repository: what others call, the main action first."""


@dataclass(frozen=True)
class Input:
    """An input; ``default`` is None where there is none, as in an input that must be given."""

    name: str
    description: str
    default: str | None
    required: bool


@dataclass(frozen=True)
class Output:
    """An output; ``value`` is the expression that it comes from."""

    name: str
    description: str
    value: str


@dataclass(frozen=True)
class Definition:
    """What an action or a reusable workflow takes and gives, in the order of its file."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]


def read_definition(file: Path) -> Definition:
    """The definition of an ``action.yml``, or of a workflow that can be called.

    Raises KeyError for a workflow that cannot.
    """
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    # YAML 1.1, which PyYAML reads, takes the key `on` for a truth.
    declared = document[True]["workflow_call"] if True in document else document
    return Definition(
        tuple(_input(name, fields) for name, fields in declared.get("inputs", {}).items()),
        tuple(_output(name, fields) for name, fields in declared.get("outputs", {}).items()),
    )


def _input(name: str, fields: Mapping[str, Any]) -> Input:
    default = fields.get("default")
    return Input(
        name=name,
        description=_one_line(fields["description"]),
        default=None if default is None else str(default),
        required=fields.get("required", False),
    )


def _output(name: str, fields: Mapping[str, Any]) -> Output:
    return Output(name, _one_line(fields["description"]), fields["value"])


def _one_line(text: str) -> str:
    return " ".join(text.split())

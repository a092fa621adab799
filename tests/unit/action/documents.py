"""The actions and workflows of this repository as YAML has them, for the tests that look into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.action.definitions import ROOT

ACTIONS = [ROOT / "action.yml", *sorted(ROOT.glob("*/action.yml"))]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
SCRIPTS = ROOT / "scripts" / "action"
OWN = "perf-matrix/perf-matrix"


@dataclass(frozen=True)
class Step:
    """A step, and where it stands: ``action.yml``, or ``.github/workflows/ci.yml test``."""

    place: str
    number: int
    fields: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.place} {self.number} {self.fields.get('name', self.fields.get('uses'))}"

    @property
    def id(self) -> str:
        return str(self.fields.get("id", ""))

    @property
    def run(self) -> str:
        return str(self.fields.get("run", ""))

    @property
    def uses(self) -> str:
        return str(self.fields.get("uses", ""))

    @property
    def env(self) -> Mapping[str, str]:
        return dict(self.fields.get("env", {}))


def document(file: Path) -> dict[Any, Any]:
    loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def steps_of(file: Path) -> list[Step]:
    """Every step of an action or a workflow."""
    return list(_steps(file))


def steps() -> list[Step]:
    """Every step of every action and workflow."""
    return [step for file in [*ACTIONS, *WORKFLOWS] for step in steps_of(file)]


def strings_in(node: Any) -> Iterator[str]:
    """Every text in a YAML tree, keys too."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from strings_in(key)
            yield from strings_in(value)
    elif isinstance(node, list):
        for each in node:
            yield from strings_in(each)
    elif isinstance(node, str):
        yield node


def _steps(file: Path) -> Iterator[Step]:
    place = str(file.relative_to(ROOT))
    loaded = document(file)
    if "runs" in loaded:
        for number, fields in enumerate(loaded["runs"]["steps"]):
            yield Step(place, number, fields)
    for name, job in loaded.get("jobs", {}).items():
        for number, fields in enumerate(job.get("steps", [])):
            yield Step(f"{place} {name}", number, fields)

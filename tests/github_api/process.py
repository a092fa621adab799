"""The local GitHub as a process of its own: preset from a JSON file, dumped as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from .exchange import Logged, Violation
from .faults import Fault
from .server import FakeGitHub
from .state import State
from .storage import Fetched
from .tokens import Token


@dataclass(frozen=True)
class Preset:
    """What the process starts with: the repository, who may what, and what is to go wrong."""

    state: State
    tokens: Mapping[str, Token]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Dump:
    """What has become of it. Tokens in the log are those of the preset."""

    state: State
    requests: list[Logged] = field(default_factory=list)
    fetched: list[Fetched] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)


def read_preset(file: Path) -> Preset:
    """The preset in a JSON file; bytes of artifacts are base64. Raises pydantic.ValidationError."""
    return TypeAdapter(Preset).validate_json(file.read_bytes())


def write_preset(preset: Preset, file: Path) -> None:
    """The other way round."""
    file.write_bytes(TypeAdapter(Preset).dump_json(preset, indent=1))


def dump_of(api: FakeGitHub) -> Dump:
    """How it stands now."""
    with api.lock:
        return Dump(api.state, list(api.requests), list(api.fetched), api.violations)


def write_dump(dump: Dump, file: Path) -> None:
    """As JSON, at once: a reader never sees half of it."""
    half = file.with_name(f"{file.name}.half")
    half.write_bytes(TypeAdapter(Dump).dump_json(dump, indent=1))
    half.replace(file)


def read_dump(file: Path) -> Dump:
    """The dump in a JSON file."""
    return TypeAdapter(Dump).validate_json(file.read_bytes())


def announcement(api: FakeGitHub) -> str:
    """The line that tells whoever started the process where it listens."""
    told: dict[str, Any] = {**api.environ, "storage_url": api.storage_url}
    return json.dumps(told)
